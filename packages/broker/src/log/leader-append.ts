import {
  batchLastOffsetDelta,
  batchMaxTimestamp,
  batchProducerId,
  batchTimestampType,
  setBatchBaseOffset,
  setBatchMaxTimestamp,
  setBatchPartitionLeaderEpoch,
} from '@odradek/protocol'
import { type AppendRules, checkOwn, checkProduced, type Refusal } from '../core/partition/append-rules.ts'
import { producerBatchOf } from '../core/partition/producer-batch.ts'
import type { KeptBatch, ProducerBatch, ProducerState } from '../core/partition/producer-state.ts'
import { noRecordErrors } from './log-answers.ts'
import type { PlacedBatch } from './segment.ts'

export type LeaderAppend =
  | { readonly kind: 'refuse'; readonly refusal: Refusal; readonly reason: string | null }
  /** The batch is in the log already, here. */
  | { readonly kind: 'duplicate'; readonly batch: KeptBatch }
  | {
      readonly kind: 'accept'
      readonly batch: Buffer
      readonly placed: PlacedBatch
      readonly producerBatch: ProducerBatch | null
      /** -1 where the topic leaves the time to producers. */
      readonly logAppendTimeMs: number
    }

const checksSequence = { checksSequence: true }
const ignoresSequence = { checksSequence: false }

/**
 * What a leader makes of a batch that is to be appended at `baseOffset`: checked, and base offset, leader epoch (and append
 * time) patched in place.
 */
export function prepareAppend(
  records: Buffer,
  {
    isClient,
    leaderEpoch,
    baseOffset,
    rules,
    producers,
    nowMs,
  }: {
    /** Checked as a producer's, or one of our own. */
    readonly isClient: boolean
    readonly leaderEpoch: number
    readonly baseOffset: number
    readonly rules: AppendRules
    readonly producers: ProducerState
    readonly nowMs: number
  },
): LeaderAppend {
  const checked = isClient ? checkProduced(records, rules, nowMs) : checkOwn(records, rules, nowMs)
  if ('errorCode' in checked) return { kind: 'refuse', refusal: checked, reason: null }

  const { batch, maxTimestamp } = checked
  const timestampType = rules.messageTimestampType
  setBatchBaseOffset(batch, 0, baseOffset)
  setBatchPartitionLeaderEpoch(batch, 0, leaderEpoch)
  if (batchMaxTimestamp(batch, 0) !== maxTimestamp || batchTimestampType(batch, 0) !== timestampType) {
    setBatchMaxTimestamp(batch, 0, { timestampType, maxTimestamp })
  }

  let producerBatch: ProducerBatch | null = null
  if (batchProducerId(batch, 0) >= 0) {
    producerBatch = producerBatchOf(batch, 0)
    const decision = producers.decide(producerBatch, isClient ? checksSequence : ignoresSequence)
    if (decision.kind === 'refuse') {
      const { errorCode, message: reason } = decision
      return { kind: 'refuse', refusal: { errorCode, errorMessage: null, recordErrors: noRecordErrors }, reason }
    }
    if (decision.kind === 'duplicate') return decision
  }
  return {
    kind: 'accept',
    batch,
    placed: { lastOffset: baseOffset + batchLastOffsetDelta(batch, 0), maxTimestamp, bytes: batch.length },
    producerBatch,
    logAppendTimeMs: timestampType === 'LogAppendTime' ? maxTimestamp : -1,
  }
}
