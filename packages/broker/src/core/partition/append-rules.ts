/**
 * What a leader demands of a batch before it gives it an offset, as Kafka 4.3 demands it, in its order: framing, size,
 * checksum, header, then the records one by one.
 *
 * Compressed records are decompressed to be looked at, as Kafka does: a batch that no consumer can read must not get in.
 * They are stored as they came unless compression.type says otherwise.
 */
import {
  batchBaseOffset,
  batchBaseSequence,
  batchBytes,
  batchCompression,
  batchHeaderBytes,
  batchIsControl,
  batchLastOffsetDelta,
  batchMagic,
  batchMagicV2,
  batchMaxTimestamp,
  batchProducerId,
  batchRecordCount,
  type CompressionType,
  checkBatch,
  errorCodes,
  recompressBatch,
  validateRecords,
} from '@odradek/protocol'

/** The topic configs that count here. */
export interface AppendRules {
  readonly cleanupPolicy: { readonly compact: boolean }
  readonly compressionType: 'producer' | 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  readonly compressionGzipLevel: number
  readonly compressionLz4Level: number
  readonly compressionZstdLevel: number
  readonly maxMessageBytes: number
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime'
  readonly messageTimestampBeforeMaxMs: number
  readonly messageTimestampAfterMaxMs: number
  readonly segmentBytes: number
}

export interface RecordError {
  readonly batchIndex: number
  readonly batchIndexErrorMessage: string
}

export interface Refusal {
  readonly errorCode: number
  /** For the response; null where Kafka sends none. */
  readonly errorMessage: string | null
  readonly recordErrors: readonly RecordError[]
}

/** The one batch to append, exactly, and the maximum timestamp that its header has to say. */
export interface AcceptedBatch {
  readonly batch: Buffer
  readonly maxTimestamp: number
}

const noRecordErrors: readonly RecordError[] = []
/** Kafka takes anything shorter for a broken length. */
const leastLength = 14
const lengthEnd = 12
/**
 * What a batch may grow to when it is decompressed: a bound against bombs, far above what a producer builds. Whoever allows
 * larger batches has them in proportion.
 */
function decompressedBytesMax({ maxMessageBytes }: AppendRules): number {
  const mebibyte = 1024 * 1024
  return Math.min(1024 * mebibyte, Math.max(64 * mebibyte, 32 * maxMessageBytes))
}

export function checkProduced(records: Buffer, rules: AppendRules, nowMs: number): AcceptedBatch | Refusal {
  const framing = checkFraming(records)
  if (framing !== null) return framing
  const bytes = batchBytes(records, 0)
  const batch = bytes === records.length ? records : records.subarray(0, bytes)
  if (batchBaseOffset(batch, 0) !== 0) return refuse(errorCodes.INVALID_RECORD)
  if (bytes > rules.maxMessageBytes) return refuse(errorCodes.MESSAGE_TOO_LARGE)
  if (checkBatch(batch) !== null) return refuse(errorCodes.CORRUPT_MESSAGE)
  const header = checkHeader(batch)
  if (header !== null) return header
  const verdict = validateRecords(batch, 0, {
    compact: rules.cleanupPolicy.compact,
    timestampType: rules.messageTimestampType,
    timestampBeforeMaxMs: rules.messageTimestampBeforeMaxMs,
    timestampAfterMaxMs: rules.messageTimestampAfterMaxMs,
    nowMs,
    decompressedBytesMax: decompressedBytesMax(rules),
  })
  if (verdict.errorCode !== errorCodes.NONE) return verdict
  return accept(batch, rules, verdict.maxTimestamp)
}

/** A coordinator's batch is ours: only its size can be wrong. */
export function checkOwn(batch: Buffer, rules: AppendRules, nowMs: number): AcceptedBatch | Refusal {
  if (batch.length > rules.maxMessageBytes) return refuse(errorCodes.MESSAGE_TOO_LARGE)
  return accept(batch, rules, rules.messageTimestampType === 'LogAppendTime' ? nowMs : batchMaxTimestamp(batch, 0))
}

/** In the topic's compression, if it has its own; that may make a batch too large. */
function accept(batch: Buffer, rules: AppendRules, maxTimestamp: number): AcceptedBatch | Refusal {
  let accepted = batch
  const compression = targetCompression(batch, rules)
  if (compression !== null) {
    accepted = recompressBatch(batch, 0, {
      compression,
      ...levelOf(compression, rules),
      limitBytes: decompressedBytesMax(rules),
    })
    if (accepted.length > rules.maxMessageBytes) return refuse(errorCodes.MESSAGE_TOO_LARGE)
  }
  if (accepted.length > rules.segmentBytes) return refuse(errorCodes.RECORD_LIST_TOO_LARGE)
  return { batch: accepted, maxTimestamp }
}

/** Null when the batch stays as it is. Control batches are never compressed. */
function targetCompression(batch: Buffer, { compressionType }: AppendRules): CompressionType | null {
  if (compressionType === 'producer') return null
  const wanted = compressionType === 'uncompressed' ? 'none' : compressionType
  return batchCompression(batch, 0) === wanted || batchIsControl(batch, 0) ? null : wanted
}

function levelOf(compression: CompressionType, rules: AppendRules): { level?: number } {
  switch (compression) {
    case 'gzip':
      return { level: rules.compressionGzipLevel }
    case 'lz4':
      return { level: rules.compressionLz4Level }
    case 'zstd':
      return { level: rules.compressionZstdLevel }
    default:
      return {}
  }
}

/** One whole batch of magic 2; a piece of a second one behind it is cut off quietly. */
function checkFraming(records: Buffer): Refusal | null {
  let batches = 0
  let at = 0
  while (records.length - at >= lengthEnd) {
    const bytes = batchBytes(records, at)
    if (bytes < lengthEnd + leastLength) return refuse(errorCodes.CORRUPT_MESSAGE)
    if (records.length - at < lengthEnd + 5) break
    const magic = batchMagic(records, at)
    if (magic < 0 || magic > batchMagicV2) return refuse(errorCodes.CORRUPT_MESSAGE)
    if (records.length - at < bytes) break
    if (magic !== batchMagicV2) return refuse(errorCodes.INVALID_RECORD)
    if (bytes < batchHeaderBytes) return refuse(errorCodes.CORRUPT_MESSAGE)
    if (++batches === 2) break
    at += bytes
  }
  return batches === 1 ? null : refuse(errorCodes.INVALID_RECORD)
}

function checkHeader(batch: Buffer): Refusal | null {
  if (batchCompression(batch, 0) === null) return refuse(errorCodes.UNKNOWN_SERVER_ERROR)
  const count = batchRecordCount(batch, 0)
  const isConsistent = count > 0 && batchLastOffsetDelta(batch, 0) + 1 === count
  const lacksSequence = batchProducerId(batch, 0) >= 0 && batchBaseSequence(batch, 0) < 0
  if (!isConsistent || lacksSequence || batchIsControl(batch, 0)) return refuse(errorCodes.INVALID_RECORD)
  return null
}

function refuse(errorCode: number): Refusal {
  return { errorCode, errorMessage: null, recordErrors: noRecordErrors }
}
