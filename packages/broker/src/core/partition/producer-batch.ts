import {
  batchBaseOffset,
  batchBaseSequence,
  batchIsControl,
  batchIsTransactional,
  batchLastOffset,
  batchLastSequence,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  decodeControlRecord,
  decodeRecords,
} from '@odradek/protocol'
import type { EndMarker, ProducerBatch } from './producer-state.ts'

/** What the producer state has to know of the batch at `at`, whose offsets are assigned. */
export function producerBatchOf(buffer: Buffer, at: number): ProducerBatch {
  return {
    producerId: batchProducerId(buffer, at),
    producerEpoch: batchProducerEpoch(buffer, at),
    baseSequence: batchBaseSequence(buffer, at),
    lastSequence: batchLastSequence(buffer, at),
    baseOffset: batchBaseOffset(buffer, at),
    lastOffset: batchLastOffset(buffer, at),
    maxTimestamp: batchMaxTimestamp(buffer, at),
    isTransactional: batchIsTransactional(buffer, at),
    marker: batchIsControl(buffer, at) ? endMarkerOf(buffer, at) : null,
  }
}

/** Null when the control batch ends no transaction, or has lost its record to compaction. */
function endMarkerOf(buffer: Buffer, at: number): EndMarker | null {
  const record = decodeRecords(buffer, at)[0]
  if (record === undefined) return null
  const control = decodeControlRecord(record)
  if (control.type !== 'ABORT' && control.type !== 'COMMIT') return null
  return { isAbort: control.type === 'ABORT', coordinatorEpoch: control.coordinatorEpoch }
}
