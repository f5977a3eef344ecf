/** Finds single records in a batch: what ListOffsets and consumers that start in the middle of a batch need. */
import { batchLastOffset, batchMaxTimestamp } from './batch.ts'
import { type DecodedRecord, decodeRecords } from './decode-records.ts'

export interface OffsetAndTimestamp {
  readonly offset: number
  readonly timestamp: number
}

/**
 * The first record of the batch at `at` whose timestamp is `timestamp` or later and whose offset is `startOffset` or
 * higher; null if there is none.
 * @throws RecordsError when the batch cannot be decoded
 */
export function findRecordByTimestamp(
  buffer: Buffer,
  at: number,
  { timestamp, startOffset = 0 }: { timestamp: number; startOffset?: number },
): OffsetAndTimestamp | null {
  if (batchMaxTimestamp(buffer, at) < timestamp || batchLastOffset(buffer, at) < startOffset) return null
  const record = decodeRecords(buffer, at).find(found => found.timestamp >= timestamp && found.offset >= startOffset)
  return record === undefined ? null : { offset: record.offset, timestamp: record.timestamp }
}

/**
 * The record of the batch at `at` that has its maximum timestamp, the first of several: of a batch that the broker stamped,
 * the first of all (KIP-734); null for a batch without timestamps.
 * @throws RecordsError when the batch cannot be decoded
 */
export function findMaxTimestamp(buffer: Buffer, at: number): OffsetAndTimestamp | null {
  const timestamp = batchMaxTimestamp(buffer, at)
  if (timestamp === -1) return null
  const record = decodeRecords(buffer, at).find(found => found.timestamp === timestamp)
  return record === undefined ? null : { offset: record.offset, timestamp }
}

/**
 * The first record of the batch at `at` with `offset` or, where compaction took that one, a higher one; null if all are
 * lower.
 * @throws RecordsError when the batch cannot be decoded
 */
export function findRecordByOffset(buffer: Buffer, at: number, offset: number): DecodedRecord | null {
  if (batchLastOffset(buffer, at) < offset) return null
  return decodeRecords(buffer, at).find(record => record.offset >= offset) ?? null
}
