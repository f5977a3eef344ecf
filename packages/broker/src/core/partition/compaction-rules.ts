/**
 * What compaction keeps (cleanup.policy=compact): of each key the newest record, and a tombstone until
 * delete.retention.ms after the pass that found it alone (KIP-534). Pure.
 *
 *     logStartOffset      firstDirtyOffset          firstUncleanableOffset
 *           |   one record a key  |   to be compacted         |   too young, or still written to
 *           v                     v                           v
 *     ------[=====================|---------------------------|~~~~~~~~~~~
 */
import type { DecodedRecord } from '@odradek/protocol'

export interface CompactionConfig {
  readonly deleteRetentionMs: number
  readonly maxCompactionLagMs: number
  readonly minCleanableDirtyRatio: number
  readonly minCompactionLagMs: number
}

/** A segment as these rules see it, oldest first; the active one is the last. */
export interface CompactionSegment {
  readonly baseOffset: number
  readonly sizeBytes: number
  largestTimestamp(): number
  /** Of its first batch; Infinity without one. */
  firstTimestamp(): number
}

export interface Dirt {
  readonly firstDirtyOffset: number
  readonly firstUncleanableOffset: number
  /** Dirty bytes as a part of all that could be compacted. */
  readonly ratio: number
  /** Whether it is worth a pass now. */
  readonly isDue: boolean
}

export function measureDirt(
  segments: readonly CompactionSegment[],
  config: CompactionConfig,
  { cleanedOffset, lastStableOffset, nowMs }: { cleanedOffset: number; lastStableOffset: number; nowMs: number },
): Dirt {
  const closed = segments.slice(0, -1)
  let firstUncleanableOffset = Math.min(segments.at(-1)?.baseOffset ?? 0, lastStableOffset)
  if (config.minCompactionLagMs > 0) {
    const young = closed.find(segment => segment.largestTimestamp() > nowMs - config.minCompactionLagMs)
    if (young !== undefined) firstUncleanableOffset = Math.min(firstUncleanableOffset, young.baseOffset)
  }
  // An offset below the log's start is one that retention has overtaken.
  const firstDirtyOffset = Math.max(cleanedOffset, segments[0]?.baseOffset ?? 0)
  let cleanBytes = 0
  let dirtyBytes = 0
  let oldestDirtMs = Number.POSITIVE_INFINITY
  for (const [index, segment] of closed.entries()) {
    if (segment.baseOffset >= firstUncleanableOffset) break
    const end = segments[index + 1]?.baseOffset ?? segment.baseOffset
    if (end <= firstDirtyOffset) cleanBytes += segment.sizeBytes
    else {
      dirtyBytes += segment.sizeBytes
      oldestDirtMs = Math.min(oldestDirtMs, segment.firstTimestamp())
    }
  }
  const ratio = dirtyBytes === 0 ? 0 : dirtyBytes / (cleanBytes + dirtyBytes)
  const isLate = nowMs - oldestDirtMs > config.maxCompactionLagMs
  const isDue = dirtyBytes > 0 && (isLate || ratio >= config.minCleanableDirtyRatio)
  return { firstDirtyOffset, firstUncleanableOffset, ratio, isDue }
}

/** Keys as they are compared: byte for byte. */
export function compactionKey(key: Buffer): string {
  return key.toString('latin1')
}

/** Whether a record outlives the pass. `horizonMs`: when the tombstones of its batch may go, null if that is not set yet. */
export function isKept(
  record: Pick<DecodedRecord, 'offset' | 'key' | 'value'>,
  newestOffsets: ReadonlyMap<string, number>,
  { horizonMs, nowMs }: { horizonMs: number | null; nowMs: number },
): boolean {
  if (record.key === null) return false
  const newest = newestOffsets.get(compactionKey(record.key))
  if (newest !== undefined && record.offset < newest) return false
  return record.value !== null || horizonMs === null || nowMs < horizonMs
}
