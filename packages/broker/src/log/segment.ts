import type { Disk, DiskFile } from '@odradek/platform'
import { batchMaxTimestamp } from '@odradek/protocol'
import type { EndedTransaction } from '../core/partition/producer-state.ts'
import { readBatchHeader } from './batch-scan.ts'
import { type SegmentFileKind, segmentFileName } from './file-names.ts'
import type { LogConfig } from './log-config.ts'
import { OffsetIndex } from './offset-index.ts'
import type { OpenSegments } from './open-segments.ts'
import { ReadHints } from './read-hints.ts'
import { TimeIndex } from './time-index.ts'
import { appendAbortedTransaction, copyAbortedTransactions } from './transaction-index.ts'

/** A batch that was given its place. */
export interface PlacedBatch {
  readonly lastOffset: number
  readonly maxTimestamp: number
  readonly bytes: number
}

const maxRelativeOffset = 0x7fffffff
/** The log first: a segment is there when its batches are. Producer snapshots are the log's. */
const segmentKinds = ['log', 'index', 'timeindex', 'txnindex'] as const

export interface SegmentOptions {
  readonly disk: Disk
  readonly open: OpenSegments
  readonly directory: string
  readonly baseOffset: number
  /** Subtracted from segment.ms, so that partitions do not roll all at once. */
  readonly jitterMs: number
  readonly nowMs: number
  /** Behind the names of its files: see `rename`. */
  readonly suffix?: string
}

/**
 * A stretch of a partition's log: a file of batches, and two sparse indexes into it.
 *
 * Sizes and index entries run ahead of the file while writes are on their way; what may be read is decided by the log
 * (offsets below its end), never here.
 */
export class Segment {
  readonly baseOffset: number
  readonly offsetIndex: OffsetIndex
  readonly timeIndex: TimeIndex
  readonly jitterMs: number
  readonly #disk: Disk
  readonly #open: OpenSegments
  #directory: string
  #suffix: string
  #file: DiskFile | null = null
  #pins = 0
  #releaseWhenUnpinned = false
  #sizeBytes: number
  #createdMs: number
  #bytesSinceIndexEntry = 0
  /** Null: not looked up yet. */
  #maxTimestamp: { timestamp: number; offset: number } | null
  /** Maximum timestamp of the first batch; null: not looked up, or no batch. */
  #firstTimestamp: number | null = null
  /** Null: not looked up yet. */
  #hasAborted: boolean | null = null
  /** All of it, with its indexes, is on the disk for good. The next batch makes it untrue. */
  isSynced = false
  readonly readHints = new ReadHints()
  /** For OpenSegments: the file was asked for since it last looked. */
  wasUsed = false

  private constructor(options: SegmentOptions, sizeBytes: number) {
    const { disk, open, directory, baseOffset, jitterMs, nowMs, suffix = '' } = options
    this.#disk = disk
    this.#open = open
    this.#directory = directory
    this.#suffix = suffix
    this.baseOffset = baseOffset
    this.jitterMs = jitterMs
    this.#createdMs = nowMs
    this.#sizeBytes = sizeBytes
    this.offsetIndex = new OffsetIndex(disk, this.path('index'), baseOffset)
    this.timeIndex = new TimeIndex(disk, this.path('timeindex'), baseOffset)
    this.#maxTimestamp = sizeBytes === 0 ? { timestamp: -1, offset: baseOffset } : null
  }

  /** A new, empty one. Files of that name that may be left over are emptied. Throws DiskError. */
  static create(options: SegmentOptions): Segment {
    const segment = new Segment(options, 0)
    const file = options.disk.openSync(segment.path('log'))
    segment.#file = file
    options.open.add(segment)
    if (file.size > 0) file.truncateSync(0)
    segment.offsetIndex.file.create()
    segment.timeIndex.file.create()
    segment.#dropAborted()
    return segment
  }

  /** An existing one; its files are opened when they are needed. */
  static existing(options: SegmentOptions, sizeBytes: number): Segment {
    return new Segment(options, sizeBytes)
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  path(kind: SegmentFileKind): string {
    return `${this.#directory}/${segmentFileName(this.baseOffset, kind)}${this.#suffix}`
  }

  /** Whether a transaction that ended here was aborted: whether there is a transaction index. Throws DiskError. */
  get hasAborted(): boolean {
    this.#hasAborted ??= this.#disk.statSync(this.path('txnindex')) !== null
    return this.#hasAborted
  }

  /** Throws DiskError. */
  addAborted(ended: EndedTransaction): void {
    appendAbortedTransaction(this.#disk, this.path('txnindex'), ended)
    this.#hasAborted = true
  }

  /** For a segment that takes the place of others; synced. Throws DiskError. */
  takeAbortedOf(source: Segment): void {
    copyAbortedTransactions(this.#disk, source.path('txnindex'), this.path('txnindex'))
    this.#hasAborted = true
  }

  #dropAborted(): void {
    if (this.hasAborted) this.#disk.removeSync(this.path('txnindex'))
    this.#hasAborted = false
  }

  /** Gives its files names with another suffix; '' for a segment in use. Throws DiskError. Returns the new paths. */
  rename(suffix: string): string[] {
    const before = segmentKinds.map(kind => ({ kind, path: this.path(kind) }))
    this.#suffix = suffix
    const renamed: string[] = []
    for (const { kind, path } of before) {
      if (this.#disk.statSync(path) === null) continue
      this.#disk.renameSync(path, this.path(kind))
      renamed.push(this.path(kind))
    }
    this.offsetIndex.file.path = this.path('index')
    this.timeIndex.file.path = this.path('timeindex')
    return renamed
  }

  /** Its directory has been renamed: an open file stays open, the next one is found there. */
  moveTo(directory: string): void {
    this.#directory = directory
    this.offsetIndex.file.path = this.path('index')
    this.timeIndex.file.path = this.path('timeindex')
  }

  /** Removes its files, for one that never came into use. Throws DiskError. */
  discard(): void {
    this.release()
    for (const kind of segmentKinds) this.#disk.removeSync(this.path(kind))
  }

  /** The open .log file. Throws DiskError. */
  file(): DiskFile {
    this.wasUsed = true
    if (this.#file === null) {
      this.#file = this.#disk.openSync(this.path('log'), { create: false })
      this.#open.add(this)
    }
    this.#open.latest = this
    return this.#file
  }

  /** A call through the pool is in flight on the file: it must stay open until `unpin`. */
  pin(): void {
    this.#pins++
  }

  unpin(): void {
    this.#pins--
    if (this.#pins === 0 && this.#releaseWhenUnpinned) this.release()
  }

  /** Gives the file handle and the indexes' memory back; the next use opens them again. */
  release(): void {
    this.offsetIndex.file.release()
    this.timeIndex.file.release()
    this.#releaseWhenUnpinned = this.#pins > 0
    if (this.#pins > 0) return
    if (this.#file === null) return
    this.#open.delete(this)
    this.#file.closeSync()
    this.#file = null
  }

  /** Takes the place behind the last batch; the write itself is the caller's. Returns its position. Throws DiskError. */
  place(batch: PlacedBatch, indexIntervalBytes: number): number {
    const position = this.#sizeBytes
    if (position === 0) {
      this.#firstTimestamp = batch.maxTimestamp
      // Tools that look at a running broker's files want to find them beside the batches.
      this.offsetIndex.file.persist()
      this.timeIndex.file.persist()
    }
    const max = this.#loadMaxTimestamp()
    if (batch.maxTimestamp > max.timestamp) {
      max.timestamp = batch.maxTimestamp
      max.offset = batch.lastOffset
    }
    if (this.#bytesSinceIndexEntry > indexIntervalBytes) {
      this.offsetIndex.append(batch.lastOffset, position)
      this.timeIndex.maybeAppend(max.timestamp, max.offset)
      this.#bytesSinceIndexEntry = 0
    }
    this.#bytesSinceIndexEntry += batch.bytes
    this.#sizeBytes = position + batch.bytes
    this.isSynced = false
    return position
  }

  /** Whether `batch` must go into a new segment. */
  mustRollFor(batch: PlacedBatch, config: LogConfig, nowMs: number): boolean {
    const { segmentBytes, segmentMs, segmentIndexBytes } = config
    if (this.#sizeBytes > segmentBytes - batch.bytes) return true
    if (batch.lastOffset - this.baseOffset > maxRelativeOffset) return true
    if (this.#sizeBytes === 0) return false
    return (
      this.offsetIndex.isFull(segmentIndexBytes) ||
      this.timeIndex.isFull(segmentIndexBytes) ||
      this.#waitedMs(nowMs, batch.maxTimestamp) > segmentMs - this.jitterMs
    )
  }

  /** By the records' time where they have one, else by the clock. */
  #waitedMs(nowMs: number, timestamp: number): number {
    this.#firstTimestamp ??= this.#readFirstTimestamp()
    return this.#firstTimestamp >= 0 ? timestamp - this.#firstTimestamp : nowMs - this.#createdMs
  }

  #readFirstTimestamp(): number {
    const header = readBatchHeader(this.file(), 0)
    return header === null ? -1 : batchMaxTimestamp(header, 0)
  }

  /** The maximum timestamp and the last offset of the batch that holds it; -1 without records that have one. */
  get maxTimestamp(): { readonly timestamp: number; readonly offset: number } {
    return this.#loadMaxTimestamp()
  }

  #loadMaxTimestamp(): { timestamp: number; offset: number } {
    this.#maxTimestamp ??= { ...this.timeIndex.lastEntry }
    return this.#maxTimestamp
  }

  /** The first batch's maximum; Infinity without one. */
  firstTimestamp(): number {
    if (this.#sizeBytes === 0) return Number.POSITIVE_INFINITY
    this.#firstTimestamp ??= this.#readFirstTimestamp()
    return this.#firstTimestamp >= 0 ? this.#firstTimestamp : Number.POSITIVE_INFINITY
  }

  /** What retention.ms looks at: a segment without timestamps is as old as its file. */
  largestTimestamp(): number {
    const { timestamp } = this.#loadMaxTimestamp()
    if (timestamp >= 0) return timestamp
    return this.#disk.statSync(this.path('log'))?.modifiedMs ?? 0
  }

  /** Ends the time index with the maximum, and writes both indexes. Throws DiskError. */
  persistIndexes(): void {
    if (this.#maxTimestamp !== null) {
      this.timeIndex.maybeAppend(this.#maxTimestamp.timestamp, this.#maxTimestamp.offset)
    }
    this.offsetIndex.file.persist()
    this.timeIndex.file.persist()
  }

  /** What `persistIndexes` wrote is on the disk for good then. Rejects with DiskError. */
  async syncIndexes(): Promise<void> {
    await this.offsetIndex.file.sync()
    await this.timeIndex.file.sync()
  }

  /** Forgets indexes and all that is known of the batches, before a scan places them again one by one. */
  reset(): void {
    this.offsetIndex.file.clear()
    this.timeIndex.file.clear()
    this.#sizeBytes = 0
    this.#bytesSinceIndexEntry = 0
    this.#firstTimestamp = null
    this.#maxTimestamp = { timestamp: -1, offset: this.baseOffset }
    this.#dropAborted()
    this.isSynced = false
  }
}
