/** What a follower demands of the batches that its leader sends, before they go into its log as they are. */
import {
  batchBaseOffset,
  batchBytes,
  batchLastOffset,
  batchMaxTimestamp,
  batchPartitionLeaderEpoch,
  checkBatch,
  errorCodes,
} from '@odradek/protocol'

/** A batch within the records of a Fetch answer. */
export interface ReplicatedBatch {
  readonly at: number
  readonly bytes: number
  readonly baseOffset: number
  readonly lastOffset: number
  readonly maxTimestamp: number
  /** Of the leader that appended it. */
  readonly epoch: number
}

export interface ReplicatedBatches {
  /** To be appended, in order. They may leave gaps, where the leader's log is compacted. */
  readonly batches: readonly ReplicatedBatch[]
  /** NONE, CORRUPT_MESSAGE, or OFFSET_OUT_OF_RANGE where a batch overlaps with the log. */
  readonly errorCode: number
}

/**
 * Left out is what the log has already, what is cut off at the end (a Fetch answer is bounded in bytes, not in batches), and
 * what is of a later epoch than the one that was asked in: its leader may have cut it off again since.
 */
export function checkReplicated(
  records: Buffer,
  { logEndOffset, leaderEpoch }: { readonly logEndOffset: number; readonly leaderEpoch: number },
): ReplicatedBatches {
  const batches: ReplicatedBatch[] = []
  let nextOffset = logEndOffset
  for (let at = 0; at < records.length; ) {
    const problem = checkBatch(records, at, records.length)
    if (problem?.kind === 'incomplete') break
    if (problem !== null) return { batches, errorCode: errorCodes.CORRUPT_MESSAGE }
    const batch: ReplicatedBatch = {
      at,
      bytes: batchBytes(records, at),
      baseOffset: batchBaseOffset(records, at),
      lastOffset: batchLastOffset(records, at),
      maxTimestamp: batchMaxTimestamp(records, at),
      epoch: batchPartitionLeaderEpoch(records, at),
    }
    at += batch.bytes
    if (batch.lastOffset < nextOffset) continue
    if (batch.baseOffset < nextOffset) return { batches, errorCode: errorCodes.OFFSET_OUT_OF_RANGE }
    if (batch.epoch > leaderEpoch) break
    batches.push(batch)
    nextOffset = batch.lastOffset + 1
  }
  return { batches, errorCode: errorCodes.NONE }
}
