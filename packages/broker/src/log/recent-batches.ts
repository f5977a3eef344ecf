/**
 * Gives producers that come from a snapshot their last batches back. Kafka's snapshot keeps one batch a producer, but five may
 * be in flight: a producer that lost its answers with the broker sends up to five again, and the older ones must be told for
 * what they are, not refused as out of order.
 */
import {
  batchBaseOffset,
  batchBaseSequence,
  batchIsControl,
  batchLastOffset,
  batchLastOffsetDelta,
  batchLastSequence,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  incrementSequence,
} from '@odradek/protocol'
import { type KeptBatch, keptBatches, type ProducerEntry } from '../core/partition/producer-state.ts'
import { scanHeaders } from './batch-scan.ts'
import type { Segments } from './segments.ts'

interface RecentBatch extends KeptBatch {
  readonly producerEpoch: number
  readonly baseSequence: number
}

/** Looks at headers in the `windowBytes` before `offset`, where the snapshot was taken. Throws DiskError. */
export function addRecentBatches(
  segments: Segments,
  entries: readonly ProducerEntry[],
  { offset, windowBytes }: { offset: number; windowBytes: number },
): void {
  const incomplete = new Map<number, ProducerEntry>()
  for (const entry of entries) if (entry.batches.length === 1) incomplete.set(entry.producerId, entry)
  if (incomplete.size === 0) return
  const recent = new Map<number, RecentBatch[]>()
  for (const header of headersBefore(segments, offset, windowBytes)) {
    const producerId = batchProducerId(header.header, header.at)
    if (!incomplete.has(producerId) || batchIsControl(header.header, header.at)) continue
    const batches = recent.get(producerId)
    const batch = recentBatchOf(header.header, header.at)
    if (batches === undefined) recent.set(producerId, [batch])
    else batches.push(batch)
  }
  for (const [producerId, batches] of recent) {
    const entry = incomplete.get(producerId)
    if (entry !== undefined) entry.batches = withPredecessors(entry, batches)
  }
}

/** Rising by offset. */
function* headersBefore(segments: Segments, offset: number, windowBytes: number) {
  const starts: { index: number; position: number }[] = []
  let leftBytes = windowBytes
  for (let index = segments.floorIndex(offset - 1); index >= 0 && leftBytes > 0; index--) {
    const segment = segments.all[index]
    if (segment === undefined) break
    const end = starts.length === 0 ? segment.offsetIndex.lookup(offset) : segment.sizeBytes
    const position = segment.offsetIndex.positionBefore(end - leftBytes)
    starts.push({ index, position })
    leftBytes -= end - position
  }
  for (const { index, position } of starts.toReversed()) {
    const segment = segments.all[index]
    if (segment === undefined) break
    for (const found of scanHeaders(segment.file(), position, segment.sizeBytes)) {
      if (batchBaseOffset(found.header, found.at) >= offset) return
      yield found
    }
  }
}

function recentBatchOf(header: Buffer, at: number): RecentBatch {
  return {
    producerEpoch: batchProducerEpoch(header, at),
    baseSequence: batchBaseSequence(header, at),
    lastSequence: batchLastSequence(header, at),
    lastOffset: batchLastOffset(header, at),
    offsetDelta: batchLastOffsetDelta(header, at),
    timestamp: batchMaxTimestamp(header, at),
  }
}

/** The snapshot's batch with those before it that lead up to it without a gap in their sequences. */
function withPredecessors(entry: ProducerEntry, recent: readonly RecentBatch[]): KeptBatch[] {
  const [last] = entry.batches
  const batches = [...entry.batches]
  if (last === undefined) return batches
  let nextSequence = incrementSequence(last.lastSequence, -last.offsetDelta)
  for (const batch of recent.toReversed()) {
    if (batch.lastOffset >= last.lastOffset) continue
    if (batches.length === keptBatches || batch.producerEpoch !== entry.producerEpoch) break
    if (incrementSequence(batch.lastSequence, 1) !== nextSequence) break
    const { lastSequence, lastOffset, offsetDelta, timestamp } = batch
    batches.unshift({ lastSequence, lastOffset, offsetDelta, timestamp })
    nextSequence = batch.baseSequence
  }
  return batches
}
