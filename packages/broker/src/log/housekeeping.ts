import { DiskError } from '@odradek/platform'
import { type Dirt, measureDirt } from '../core/partition/compaction-rules.ts'
import {
  CompactionCancelled,
  type CompactionJob,
  compactSegments,
  type Exchange,
  findNewestOffsets,
} from './compaction.ts'
import { deletedSuffix, swapSuffix } from './file-names.ts'
import type { LogConfig } from './log-config.ts'
import type { LogContext } from './log-context.ts'
import type { OpenLog } from './open-log.ts'
import { deletableSegments } from './retention.ts'
import type { Segment } from './segment.ts'

/** What housekeeping may know of its log, as it is at each moment, and ask of it. */
export interface KeptLog {
  context(): LogContext
  directory(): string
  config(): LogConfig
  open(): OpenLog
  /** Neither offline nor closed, nor being cut back. */
  isUsable(): boolean
  highWatermark(): number
  lastStableOffset(): number
  /** Reads go to the files until new batches come. */
  clearTail(): void
  fail(error: unknown): void
}

/** What becomes of a partition's old segments: they are deleted, or compacted. One of the two at a time. */
export class Housekeeping {
  readonly #log: KeptLog
  #compaction: Promise<number> | null = null
  #isUncleanable = false

  constructor(log: KeptLog) {
    this.#log = log
  }

  /** A pass of compaction notices within milliseconds that its log is closed or offline; then this resolves. */
  async idle(): Promise<void> {
    await this.#compaction
  }

  applyRetention(nowMs: number): number {
    const log = this.#log
    if (!log.isUsable() || this.#compaction !== null) return 0
    try {
      const open = log.open()
      const { segments, snapshots } = open.loaded
      const gone = deletableSegments(segments.all, {
        config: log.config(),
        nowMs,
        logStartOffset: open.logStartOffset,
        highWatermark: log.highWatermark(),
        logEndOffset: open.nextOffset,
      })
      if (gone.length === 0) return 0
      if (gone.length === segments.count) open.roll()
      // What their producers sent is known from the snapshots alone when these are gone.
      snapshots.syncNow()
      segments.remove(gone)
      open.moveLogStart(segments.first.baseOffset)
      for (const segment of gone) this.#delete(segment)
      open.flush.flusher.namesChanged()
      // Before the files go for good: names that come back without their bytes would be a puzzle.
      open.flush.flusher.syncNames().catch(error => {
        // Else the log has moved away from that disk.
        if (open === log.open()) log.fail(error)
      })
      const fields = { log: log.directory(), segments: gone.length, logStartOffset: open.logStartOffset }
      log.context().logger.info('deleted segments', fields)
      return gone.length
    } catch (error) {
      log.fail(error)
      return 0
    }
  }

  measureDirt(cleanedOffset: number): Dirt | null {
    const log = this.#log
    const config = log.config()
    if (!config.cleanupPolicy.compact || !log.isUsable() || this.#compaction !== null || this.#isUncleanable)
      return null
    const nowMs = log.context().clock.now()
    return measureDirt(log.open().loaded.segments.all, config, {
      cleanedOffset,
      lastStableOffset: log.lastStableOffset(),
      nowMs,
    })
  }

  compact(dirt: Dirt): Promise<number> {
    this.#compaction ??= this.#compact(dirt).finally(() => {
      this.#compaction = null
    })
    return this.#compaction
  }

  async #compact({ firstDirtyOffset, firstUncleanableOffset }: Dirt): Promise<number> {
    const log = this.#log
    const { segments, producers } = log.open().loaded
    try {
      const job: CompactionJob = {
        context: log.context(),
        directory: log.directory(),
        config: log.config(),
        segments: segments.all.filter(
          segment => segment !== segments.active && segment.baseOffset < firstUncleanableOffset,
        ),
        producers,
        firstDirtyOffset,
        firstUncleanableOffset,
        nowMs: log.context().clock.now(),
        isCancelled: () => !log.isUsable(),
      }
      const newest = await findNewestOffsets(job)
      for (const exchange of await compactSegments(job, newest)) await this.#exchange(exchange)
      return newest.endOffset
    } catch (error) {
      this.#compactionFailed(error)
      return firstDirtyOffset
    }
  }

  #compactionFailed(error: unknown): void {
    const log = this.#log
    if (!log.isUsable() || error instanceof CompactionCancelled) return
    if (error instanceof DiskError) {
      log.fail(error)
      return
    }
    this.#isUncleanable = true
    const fields = { log: log.directory(), error }
    log.context().logger.error('a partition cannot be compacted and is left as it is', fields)
  }

  /**
   * A compacted segment takes the place of its sources. A crash before the first sync finds the sources, one behind it
   * completes the exchange; the second sync keeps a source from coming back beside what took its place.
   */
  async #exchange({ sources, compacted }: Exchange): Promise<void> {
    const log = this.#log
    const { disk } = log.context()
    if (!log.isUsable()) {
      compacted.discard()
      return
    }
    compacted.rename(swapSuffix)
    await disk.syncDirectory(log.directory())
    if (!log.isUsable()) return
    log.open().loaded.segments.replace(sources, [compacted])
    // It may still hold what has just been compacted away.
    log.clearTail()
    for (const source of sources) {
      // The snapshot at the first one's base is that of its successor.
      if (source.baseOffset === compacted.baseOffset) this.#retire(source.rename(deletedSuffix), source)
      else this.#delete(source)
    }
    await disk.syncDirectory(log.directory())
    if (!log.isUsable()) return
    compacted.rename('')
    const { flusher } = log.open().flush
    flusher.namesChanged()
    await flusher.syncNames()
  }

  /** Gives its files, and its producer snapshot, their deletion names. Throws DiskError. */
  #delete(segment: Segment): void {
    const context = this.#log.context()
    const { loaded } = this.#log.open()
    const renamed = segment.rename(deletedSuffix)
    if (loaded.snapshots.forget(segment.baseOffset)) {
      const path = loaded.snapshots.path(segment.baseOffset)
      context.disk.renameSync(path, path + deletedSuffix)
      renamed.push(path + deletedSuffix)
    }
    this.#retire(renamed, segment)
  }

  /** They go after file.delete.delay.ms; who still reads the segment may finish. */
  #retire(paths: readonly string[], segment: Segment): void {
    segment.release()
    this.#log.context().removal.schedule(paths, this.#log.config().fileDeleteDelayMs)
  }
}
