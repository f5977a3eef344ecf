/**
 * One pass over a partition with cleanup.policy=compact. First the dirty part is read for the newest offset of each key;
 * then all segments up to there are copied, some together, without the records that have a newer one.
 *
 * Control batches and transactional ones are left alone, and their keys shadow nobody: which of them count is known only
 * to who follows the markers. A producer's last batch stays, empty if need be, for its sequence.
 *
 * The copies are `.cleaned` while they are written (a crash drops them), then `.swap` (a crash completes the exchange).
 */
import {
  batchBaseOffset,
  batchBaseSequence,
  batchBytes,
  batchCompression,
  batchDeleteHorizonMs,
  batchHeaderBytes,
  batchIsControl,
  batchIsTransactional,
  batchLastOffset,
  batchLastOffsetDelta,
  batchMaxTimestamp,
  batchPartitionLeaderEpoch,
  batchProducerEpoch,
  batchProducerId,
  batchTimestampType,
  type DecodedRecord,
  decodeRecords,
  encodeBatch,
  setBatchMaxTimestamp,
} from '@odradek/protocol'
import { compactionKey, isKept } from '../core/partition/compaction-rules.ts'
import type { ProducerState } from '../core/partition/producer-state.ts'
import { cleanedSuffix } from './file-names.ts'
import type { LogConfig } from './log-config.ts'
import type { LogContext } from './log-context.ts'
import { CorruptSegmentError } from './log-reader.ts'
import { Segment } from './segment.ts'

export interface CompactionJob {
  readonly context: LogContext
  readonly directory: string
  readonly config: LogConfig
  /** All closed segments up to the last dirty one, oldest first. */
  readonly segments: readonly Segment[]
  readonly producers: ProducerState
  readonly firstDirtyOffset: number
  readonly firstUncleanableOffset: number
  readonly nowMs: number
  /** The log is closed or offline: nobody wants the result. */
  readonly isCancelled: () => boolean
}

export class CompactionCancelled extends Error {}

/** Segments and the one that takes their place, synced, with its `.cleaned` names. */
export interface Exchange {
  readonly sources: readonly Segment[]
  readonly compacted: Segment
}

/** Keys in memory at a time; a pass over more of them ends early and another one follows. */
const keysMax = 300_000
/** Read and looked at in one go: some milliseconds of the loop. */
const windowBytes = 256 * 1024

interface NewestOffsets {
  readonly byKey: Map<string, number>
  /** All dirty batches below it are in the map. */
  readonly endOffset: number
}

export async function findNewestOffsets(job: CompactionJob): Promise<NewestOffsets> {
  const { firstDirtyOffset, firstUncleanableOffset } = job
  const byKey = new Map<string, number>()
  let reachedOffset = firstDirtyOffset
  for (const segment of job.segments) {
    const hasRoom = await forEachBatch(job, segment, (chunk, at) => {
      const lastOffset = batchLastOffset(chunk, at)
      if (lastOffset < firstDirtyOffset || lastOffset >= firstUncleanableOffset) return true
      if (byKey.size >= keysMax) return false
      if (isComparable(chunk, at)) {
        for (const { key, offset } of decodeRecords(chunk, at)) if (key !== null) byKey.set(compactionKey(key), offset)
      }
      reachedOffset = lastOffset + 1
      return true
    })
    if (!hasRoom) return { byKey, endOffset: reachedOffset }
  }
  return { byKey, endOffset: firstUncleanableOffset }
}

/** Copies of all segments below `endOffset`. Rejects with DiskError, CorruptSegmentError or RecordsError. */
export async function compactSegments(job: CompactionJob, newest: NewestOffsets): Promise<Exchange[]> {
  const exchanges: Exchange[] = []
  const affected = job.segments.filter(segment => segment.baseOffset < newest.endOffset)
  try {
    for (const sources of groupBySize(affected, job.config)) {
      exchanges.push({ sources, compacted: await compactGroup(job, sources, newest) })
    }
    return exchanges
  } catch (error) {
    for (const { compacted } of exchanges) compacted.discard()
    throw error
  }
}

/** Neighbours whose sum still fits into one segment. */
function groupBySize(segments: readonly Segment[], { segmentBytes, segmentIndexBytes }: LogConfig): Segment[][] {
  const groups: Segment[][] = []
  let group: Segment[] = []
  let bytes = 0
  let indexBytes = 0
  for (const [index, segment] of segments.entries()) {
    const end = segments[index + 1]?.baseOffset ?? segment.baseOffset
    const first = group[0] ?? segment
    const entries = Math.max(segment.offsetIndex.count * 8, segment.timeIndex.file.count * 12)
    const fits = bytes + segment.sizeBytes <= segmentBytes && indexBytes + entries <= segmentIndexBytes
    if (group.length > 0 && (!fits || end - first.baseOffset > 0x7fffffff)) {
      groups.push(group)
      group = []
      bytes = 0
      indexBytes = 0
    }
    group.push(segment)
    bytes += segment.sizeBytes
    indexBytes += entries
  }
  if (group.length > 0) groups.push(group)
  return groups
}

async function compactGroup(job: CompactionJob, sources: readonly Segment[], newest: NewestOffsets): Promise<Segment> {
  const { context, directory, nowMs, producers } = job
  const { disk, open } = context
  const baseOffset = sources[0]?.baseOffset ?? 0
  const compacted = Segment.create({ disk, open, directory, baseOffset, jitterMs: 0, nowMs, suffix: cleanedSuffix })
  compacted.pin()
  try {
    const lastOffsets = new Set(
      Array.from(producers.producers(), producer => producer.batches.at(-1)?.lastOffset ?? -1),
    )
    for (const source of sources) {
      await copySegment(job, source, compacted, { newest, lastOffsets, job })
      if (source.hasAborted) compacted.takeAbortedOf(source)
    }
    compacted.persistIndexes()
    await compacted.file().sync()
    await compacted.syncIndexes()
    compacted.isSynced = true
    return compacted
  } catch (error) {
    compacted.discard()
    throw error
  } finally {
    compacted.unpin()
  }
}

async function copySegment(job: CompactionJob, source: Segment, compacted: Segment, pass: BatchPass): Promise<void> {
  let kept: Buffer[] = []
  let keptBytes = 0
  const write = async () => {
    if (kept.length === 0) return
    await compacted.file().write(kept, compacted.sizeBytes - keptBytes)
    kept = []
    keptBytes = 0
  }
  await forEachBatch(job, source, (chunk, at) => {
    let batch = compactBatch(chunk, at, pass)
    if (batch === null) return true
    // Few small ones that stay would keep all the windows that they were read in.
    if (batch.length * 2 < batch.buffer.byteLength) batch = Buffer.from(batch)
    const maxTimestamp = batchMaxTimestamp(batch, 0)
    compacted.place(
      { lastOffset: batchLastOffset(batch, 0), maxTimestamp, bytes: batch.length },
      job.config.indexIntervalBytes,
    )
    kept.push(batch)
    keptBytes += batch.length
    return keptBytes < windowBytes ? true : write().then(() => true)
  })
  await write()
}

interface BatchPass {
  readonly newest: NewestOffsets
  /** Of the producers' last batches. */
  readonly lastOffsets: ReadonlySet<number>
  readonly job: CompactionJob
}

/** The batch as it stays: whole (a view of the chunk), with some of its records, or null. */
function compactBatch(chunk: Buffer, at: number, { newest, lastOffsets, job }: BatchPass): Buffer | null {
  const whole = chunk.subarray(at, at + batchBytes(chunk, at))
  if (!isComparable(chunk, at)) return whole
  const { nowMs, config } = job
  const horizonMs = batchDeleteHorizonMs(chunk, at)
  const records = decodeRecords(chunk, at)
  const kept = records.filter(record => isKept(record, newest.byKey, { horizonMs, nowMs }))
  const needsHorizon = horizonMs === null && kept.some(record => record.value === null)
  if (kept.length === records.length && kept.length > 0 && !needsHorizon) return whole
  if (kept.length === 0 && !lastOffsets.has(batchLastOffset(chunk, at))) return null
  return rebuild(chunk, at, kept, horizonMs ?? (needsHorizon ? nowMs + config.deleteRetentionMs : null))
}

function rebuild(chunk: Buffer, at: number, kept: readonly DecodedRecord[], deleteHorizonMs: number | null): Buffer {
  const baseOffset = batchBaseOffset(chunk, at)
  const timestampType = batchTimestampType(chunk, at)
  const batch = encodeBatch({
    baseOffset,
    lastOffsetDelta: batchLastOffsetDelta(chunk, at),
    partitionLeaderEpoch: batchPartitionLeaderEpoch(chunk, at),
    compression: (kept.length === 0 ? null : batchCompression(chunk, at)) ?? 'none',
    timestampType,
    producerId: batchProducerId(chunk, at),
    producerEpoch: batchProducerEpoch(chunk, at),
    baseSequence: batchBaseSequence(chunk, at),
    records: kept.map(record => ({ ...record, offsetDelta: record.offset - baseOffset })),
    ...(deleteHorizonMs === null ? {} : { deleteHorizonMs }),
  })
  // An empty batch says when its producer last wrote.
  if (kept.length === 0) setBatchMaxTimestamp(batch, 0, { timestampType, maxTimestamp: batchMaxTimestamp(chunk, at) })
  return batch
}

function isComparable(chunk: Buffer, at: number): boolean {
  return !batchIsControl(chunk, at) && !batchIsTransactional(chunk, at)
}

/** Whole batches, one after the other, with pauses for the loop; until `handle` says false. False if it did. */
async function forEachBatch(
  { context, isCancelled }: CompactionJob,
  segment: Segment,
  handle: (chunk: Buffer, at: number) => boolean | Promise<boolean>,
): Promise<boolean> {
  const { sizeBytes } = segment
  let position = 0
  let wanted = windowBytes
  segment.pin()
  try {
    while (position < sizeBytes) {
      const window = Buffer.allocUnsafeSlow(Math.min(wanted, sizeBytes - position))
      const chunk = window.subarray(0, await segment.file().read(window, position))
      let at = 0
      while (at + batchHeaderBytes <= chunk.length && at + batchBytes(chunk, at) <= chunk.length) {
        const bytes = batchBytes(chunk, at)
        if (bytes < batchHeaderBytes) throw new CorruptSegmentError(segment, position + at)
        const goesOn = handle(chunk, at)
        if (!(goesOn instanceof Promise ? await goesOn : goesOn)) return false
        at += bytes
      }
      wanted = windowBytes
      if (at === 0) {
        wanted = chunk.length < batchHeaderBytes ? 0 : batchBytes(chunk, 0)
        if (wanted <= window.length || wanted > sizeBytes - position) throw new CorruptSegmentError(segment, position)
      }
      position += at
      await new Promise<void>(resolve => context.clock.soon(resolve))
      if (isCancelled()) throw new CompactionCancelled()
    }
    return true
  } finally {
    segment.unpin()
  }
}
