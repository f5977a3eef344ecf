/** ListOffsets' questions: the first record at or after a time, the youngest record, the ends of the log. */
import {
  batchBaseOffset,
  batchLastOffset,
  batchMaxTimestamp,
  batchPartitionLeaderEpoch,
  findMaxTimestamp,
  findRecordByTimestamp,
} from '@odradek/protocol'
import type { LeaderEpochs } from '../core/partition/leader-epochs.ts'
import { scanHeaders } from './batch-scan.ts'
import type { Segment } from './segment.ts'
import type { Segments } from './segments.ts'

export interface Found {
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
}

export interface SearchedLog {
  readonly segments: Segments
  readonly epochs: LeaderEpochs
  readonly startOffset: number
  /** Nothing at or above it is found; all below it is in the files. */
  readonly endOffset: number
}

const latest = -1
const earliest = -2
const maxTimestamp = -3
const earliestLocal = -4
const nothing: Found = { offset: -1, timestamp: -1, leaderEpoch: -1 }

/** Throws DiskError. */
export function findOffset(log: SearchedLog, timestamp: number): Found {
  const { epochs, startOffset, endOffset } = log
  if (timestamp >= 0) return findByTimestamp(log, timestamp)
  switch (timestamp) {
    case latest:
      return { offset: endOffset, timestamp: -1, leaderEpoch: epochs.latestEpoch }
    case earliest:
    case earliestLocal: {
      const first = epochs.entries[0]
      const leaderEpoch = first !== undefined && first.startOffset <= startOffset ? first.epoch : -1
      return { offset: startOffset, timestamp: -1, leaderEpoch }
    }
    case maxTimestamp:
      return findYoungest(log)
    default:
      // Latest tiered, and what Kafka may invent: there is no tiered storage here.
      return nothing
  }
}

function findByTimestamp(log: SearchedLog, timestamp: number): Found {
  const { segments, startOffset, endOffset } = log
  for (const segment of segments.all) {
    if (segment.baseOffset >= endOffset) break
    if (segment.maxTimestamp.timestamp < timestamp) continue
    const entry = segment.timeIndex.lookup(timestamp)
    const from = segment.offsetIndex.lookup(Math.max(entry.offset, startOffset))
    for (const batch of visibleBatches(segment, from, log)) {
      if (batch.maxTimestamp < timestamp) continue
      const buffer = readBatch(segment, batch)
      const found = buffer === null ? null : findRecordByTimestamp(buffer, 0, { timestamp, startOffset })
      if (found !== null) return found.offset < endOffset ? { ...found, leaderEpoch: batch.leaderEpoch } : nothing
    }
  }
  return nothing
}

function findYoungest(log: SearchedLog): Found {
  let youngest: { segment: Segment; batch: Batch } | null = null
  for (const segment of log.segments.all) {
    if (segment.baseOffset >= log.endOffset) break
    const max = segment.maxTimestamp
    if (max.timestamp < 0 || (youngest !== null && max.timestamp <= youngest.batch.maxTimestamp)) continue
    const batch = youngestBatch(segment, log)
    if (batch !== null && (youngest === null || batch.maxTimestamp > youngest.batch.maxTimestamp))
      youngest = { segment, batch }
  }
  if (youngest === null) return nothing
  const { segment, batch } = youngest
  const buffer = readBatch(segment, batch)
  const found = buffer === null ? null : findMaxTimestamp(buffer, 0)
  return found === null ? nothing : { ...found, leaderEpoch: batch.leaderEpoch }
}

/**
 * From the entry of the maximum on, there is a batch that has it. The maximum of a segment in use may still be on its way
 * to the file: then the last entry of the time index that readers see, and the few batches behind it, have to do.
 */
function youngestBatch(segment: Segment, log: SearchedLog): Batch | null {
  const max = segment.maxTimestamp
  let from = segment.offsetIndex.lookup(max.offset)
  if (max.offset >= log.endOffset) {
    from = 0
    for (let timestamp = max.timestamp; timestamp >= 0; ) {
      const entry = segment.timeIndex.lookup(timestamp)
      if (entry.offset < log.endOffset) {
        from = segment.offsetIndex.lookup(entry.offset)
        break
      }
      timestamp = entry.timestamp - 1
    }
  }
  let youngest: Batch | null = null
  for (const batch of visibleBatches(segment, from, log)) {
    if (youngest === null || batch.maxTimestamp > youngest.maxTimestamp) youngest = batch
    if (youngest.maxTimestamp === max.timestamp) break
  }
  return youngest
}

interface Batch {
  readonly position: number
  readonly bytes: number
  readonly maxTimestamp: number
  readonly leaderEpoch: number
}

function* visibleBatches(segment: Segment, from: number, { endOffset }: SearchedLog): Generator<Batch> {
  for (const { header, at, position, bytes } of scanHeaders(segment.file(), from, segment.sizeBytes)) {
    if (batchBaseOffset(header, at) >= endOffset) return
    const lastOffset = batchLastOffset(header, at)
    yield {
      position,
      bytes,
      maxTimestamp: batchMaxTimestamp(header, at),
      leaderEpoch: batchPartitionLeaderEpoch(header, at),
    }
    // What lies behind the end may be half written.
    if (lastOffset + 1 >= endOffset) return
  }
}

/** The whole batch; null when the file has become shorter. */
function readBatch(segment: Segment, batch: Batch): Buffer | null {
  const buffer = Buffer.allocUnsafe(batch.bytes)
  return segment.file().readSync(buffer, batch.position) === batch.bytes ? buffer : null
}
