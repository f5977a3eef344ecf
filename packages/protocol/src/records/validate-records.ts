/**
 * What a leader demands of the records in a producer's batch, as Kafka 4.3 demands it: a sound structure, keys on a
 * compacted topic, timestamps within bounds. The batch's own fields are checked before, by whoever appends it.
 *
 * The answers are Kafka's, found by asking a broker, down to UNKNOWN_SERVER_ERROR for what fails in its codecs. One
 * difference is wanted: within a compressed batch Kafka does not look at the records' own lengths and stores batches
 * that no consumer can read; here they are an INVALID_RECORD, as they are without compression.
 */
import { CompressionError } from '../compression/compression-error.ts'
import { errorCodes } from '../errors.ts'
import {
  batchBaseTimestamp,
  batchBytes,
  batchCompression,
  batchHeaderBytes,
  batchMaxTimestamp,
  batchRecordCount,
  batchTimestampType,
  type TimestampType,
} from './batch.ts'
import { batchRecordsBytes, decodeRecords } from './decode-records.ts'
import { RecordScan } from './record-scan.ts'
import { RecordsError } from './records-error.ts'

export interface RecordRules {
  /** Every record needs a key. */
  readonly compact: boolean
  /** The topic's `message.timestamp.type`. */
  readonly timestampType: TimestampType
  /** How far behind `nowMs` a record's time may lie. */
  readonly timestampBeforeMaxMs: number
  /** How far ahead. */
  readonly timestampAfterMaxMs: number
  readonly nowMs: number
  /** The most that compressed records may become. Kafka, which reads them as a stream, has no such limit. */
  readonly decompressedBytesMax: number
}

export interface RecordsVerdict {
  /** 0, or why the batch is refused. */
  readonly errorCode: number
  /** The text that goes with it to the client; null where Kafka sends none. */
  readonly errorMessage: string | null
  /** Which records are at fault, in the form of Produce's response. */
  readonly recordErrors: readonly { readonly batchIndex: number; readonly batchIndexErrorMessage: string }[]
  /** For a log of the broker's: what is wrong with the bytes; null if nothing is. */
  readonly detail: string | null
  /** What the header of an accepted batch has to say, which need not be what it says. */
  readonly maxTimestamp: number
}

const noRecordErrors: RecordsVerdict['recordErrors'] = []
/** Shared by all, since a validation is never interrupted. */
const scan = new RecordScan()

/** Judges the records of the sound batch at `at`; without compression nothing is copied or allocated on the way. */
export function validateRecords(buffer: Buffer, at: number, rules: RecordRules): RecordsVerdict {
  const compression = batchCompression(buffer, at)
  if (compression === null) return refuse(errorCodes.UNKNOWN_SERVER_ERROR, 'an unknown compression')
  const isCompressed = compression !== 'none'
  const count = batchRecordCount(buffer, at)
  if (count < 0) return refuse(errorCodes.INVALID_RECORD, `a count of ${count} records`)
  let bytes = buffer
  if (isCompressed) {
    try {
      bytes = batchRecordsBytes(buffer, at, { limitBytes: rules.decompressedBytesMax, memory: 'shared' })
    } catch (error) {
      return refuseCompressed(error)
    }
  }
  const isSound = scan.scan(bytes, {
    start: isCompressed ? 0 : at + batchHeaderBytes,
    end: isCompressed ? bytes.length : at + batchBytes(buffer, at),
    count,
    baseTimestamp: batchBaseTimestamp(buffer, at),
  })
  if (!isSound) return refuse(errorCodes.INVALID_RECORD, scan.problem)
  // Kafka would number them anew, fails at it, and says so in this way. Without compression it lets them pass.
  if (isCompressed && !scan.isConsecutive) return refuse(errorCodes.UNKNOWN_SERVER_ERROR, 'offsets with gaps')

  const stampedByBroker = batchTimestampType(buffer, at) === 'LogAppendTime'
  const timesAreGood = stampedByBroker
    ? isGoodBatchTime(batchMaxTimestamp(buffer, at), rules)
    : rules.timestampType === 'LogAppendTime' ||
      (!isOutOfBounds(scan.minTimestamp, rules) && !isOutOfBounds(scan.maxTimestamp, rules))
  if (!timesAreGood || (rules.compact && scan.nullKeys > 0)) return refuseRecords(buffer, at, rules)
  if (rules.timestampType === 'LogAppendTime') return accept(rules.nowMs)
  return accept(stampedByBroker ? batchMaxTimestamp(buffer, at) : scan.maxTimestamp)
}

/**
 * Producers leave LogAppendTime to the broker. Kafka minds only on topics that have it, too; on others it takes the
 * batch's time for the time of each record, and minds if there is none.
 */
function isGoodBatchTime(batchTime: number, rules: RecordRules): boolean {
  return rules.timestampType === 'CreateTime' && batchTime !== -1 && !isOutOfBounds(batchTime, rules)
}

/** -1 is no time, Infinity the oldest of no times. */
function isOutOfBounds(timestamp: number, rules: RecordRules): boolean {
  if (timestamp === -1 || timestamp === Number.POSITIVE_INFINITY) return false
  return rules.nowMs - timestamp > rules.timestampBeforeMaxMs || timestamp - rules.nowMs > rules.timestampAfterMaxMs
}

function accept(maxTimestamp: number): RecordsVerdict {
  return { errorCode: errorCodes.NONE, errorMessage: null, recordErrors: noRecordErrors, detail: null, maxTimestamp }
}

function refuse(errorCode: number, detail: string | null): RecordsVerdict {
  return { errorCode, errorMessage: null, recordErrors: noRecordErrors, detail, maxTimestamp: -1 }
}

function refuseCompressed(error: unknown): RecordsVerdict {
  if (!(error instanceof RecordsError)) throw error
  const isTooLarge = error.cause instanceof CompressionError && error.cause.kind === 'too-large'
  return refuse(isTooLarge ? errorCodes.MESSAGE_TOO_LARGE : errorCodes.UNKNOWN_SERVER_ERROR, error.message)
}

/** The slow way, for a batch that is refused: finds each record at fault. */
function refuseRecords(buffer: Buffer, at: number, rules: RecordRules): RecordsVerdict {
  const stampedByBroker = batchTimestampType(buffer, at) === 'LogAppendTime'
  const recordErrors: { batchIndex: number; batchIndexErrorMessage: string }[] = []
  let hasTimeError = false
  const records = decodeRecords(buffer, at, { limitBytes: rules.decompressedBytesMax })
  for (const [batchIndex, { key, timestamp }] of records.entries()) {
    if (rules.compact && key === null) {
      recordErrors.push({ batchIndex, batchIndexErrorMessage: 'a record of a compacted topic needs a key' })
      continue
    }
    const problem = timeProblem(timestamp, stampedByBroker, rules)
    if (problem === null) continue
    hasTimeError = true
    recordErrors.push({ batchIndex, batchIndexErrorMessage: problem })
  }
  const count = `${recordErrors.length} of ${records.length} records`
  const errorMessage = hasTimeError
    ? `the timestamps of the batch are not acceptable: ${count} were refused`
    : `${count} were refused: ${recordErrors[0]?.batchIndexErrorMessage}`
  return {
    errorCode: hasTimeError ? errorCodes.INVALID_TIMESTAMP : errorCodes.INVALID_RECORD,
    errorMessage,
    recordErrors,
    detail: errorMessage,
    maxTimestamp: -1,
  }
}

function timeProblem(timestamp: number, stampedByBroker: boolean, rules: RecordRules): string | null {
  if (rules.timestampType === 'CreateTime' && timestamp !== -1) {
    if (!isOutOfBounds(timestamp, rules)) return null
    const from = rules.nowMs - rules.timestampBeforeMaxMs
    return `timestamp ${timestamp} lies outside ${from} to ${rules.nowMs + rules.timestampAfterMaxMs}`
  }
  return stampedByBroker ? 'a producer may not set the timestamp type LogAppendTime' : null
}
