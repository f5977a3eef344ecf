import type { LogConfig } from './log-config.ts'
import type { Segment } from './segment.ts'

export interface RetentionState {
  readonly config: LogConfig
  readonly nowMs: number
  readonly logStartOffset: number
  readonly highWatermark: number
  readonly logEndOffset: number
}

/**
 * The oldest segments that may go: below the log start offset always; by size and by age where cleanup.policy says
 * delete. Never beyond the high watermark, and the active one only by age or size, and only if it holds something (a new
 * one takes its place). Each rule looks at what the rules before it have left, as Kafka's do.
 */
export function deletableSegments(segments: readonly Segment[], state: RetentionState): Segment[] {
  const { config, nowMs, logStartOffset } = state
  let kept = segments
  const drop = (isDeletable: (segment: Segment, end: number | null) => boolean) => {
    kept = kept.slice(countDeletable(kept, state, isDeletable))
  }
  drop((_, end) => end !== null && end <= logStartOffset)
  if (config.cleanupPolicy.delete) {
    if (config.retentionBytes >= 0) {
      let excess = kept.reduce((sum, segment) => sum + segment.sizeBytes, -config.retentionBytes)
      drop(segment => {
        if (excess < segment.sizeBytes) return false
        excess -= segment.sizeBytes
        return true
      })
    }
    if (config.retentionMs >= 0) drop(segment => nowMs - segment.largestTimestamp() > config.retentionMs)
  }
  return segments.slice(0, segments.length - kept.length)
}

/** `end` is the next segment's base offset; null for the active one. */
function countDeletable(
  segments: readonly Segment[],
  { highWatermark, logEndOffset }: RetentionState,
  isDeletable: (segment: Segment, end: number | null) => boolean,
): number {
  let count = 0
  for (const [index, segment] of segments.entries()) {
    const end = segments[index + 1]?.baseOffset ?? null
    const isEmptyActive = end === null && segment.sizeBytes === 0
    if (isEmptyActive || highWatermark < (end ?? logEndOffset) || !isDeletable(segment, end)) break
    count++
  }
  return count
}
