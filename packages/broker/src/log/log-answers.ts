/** What a partition's log is asked and answers: values, with Kafka's error codes; never exceptions. */
import { errorCodes } from '@odradek/protocol'
import type { RecordError } from '../core/partition/append-rules.ts'
import type { ReadBatches } from './log-reader.ts'

/** Answer of an append. With an error nothing was written (or, for KAFKA_STORAGE_ERROR, nothing that will be kept). */
export interface AppendResult {
  readonly errorCode: number
  /** Only with an error, for the response's error_message; null where Kafka sends none. */
  readonly errorMessage: string | null
  /** Of the first record; -1 with an error. A duplicate is answered with the offset it was first given. */
  readonly baseOffset: number
  /** Of the last record; -1 with an error. */
  readonly lastOffset: number
  /** The broker's time where the topic says LogAppendTime (a duplicate's: its timestamp in any case), else -1. */
  readonly logAppendTimeMs: number
  /** -1 with errors that Kafka answers without it. */
  readonly logStartOffset: number
  /** Records that were refused one by one; then errorCode is INVALID_RECORD or INVALID_TIMESTAMP. */
  readonly recordErrors: readonly RecordError[]
}

export interface AppendOptions {
  /** Goes into the batch and, when new, into the leader epochs. */
  readonly leaderEpoch: number
  /** 'client' is checked as a producer's; 'coordinator' is one of our own batches (control batches allowed). */
  readonly origin: 'client' | 'coordinator'
  /** Done when the high watermark has passed it; with 'leader' when this broker has it. */
  readonly acks?: 'leader' | 'all'
}

export interface ReadOptions {
  /** Whole batches of at most so many bytes. */
  readonly maxBytes: number
  /** The first batch comes even where it is larger than maxBytes. */
  readonly minOneBatch: boolean
  /** Nothing at or above this offset; the high watermark unless given. */
  readonly endOffset?: number
}

export interface LogRead {
  /** NONE, OFFSET_OUT_OF_RANGE or KAFKA_STORAGE_ERROR. */
  readonly errorCode: number
  /** Whole batches, one behind the other; never changed afterwards. The first may start below the offset asked for. */
  readonly chunks: readonly Buffer[]
  readonly byteLength: number
  /**
   * Where it is there, the chunks' memory is used again once this is called: once, when nobody looks at them any more.
   * Never calling it is safe.
   */
  readonly release?: () => void
}

/** An answer of ListOffsets. Nothing found: offset -1, timestamp -1, leaderEpoch -1. */
export interface FoundOffset {
  readonly errorCode: number
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
}

export function nothingFound(errorCode: number): FoundOffset {
  return { errorCode, offset: -1, timestamp: -1, leaderEpoch: -1 }
}

/** A producer as DescribeProducers shows it. */
export interface ActiveProducer {
  readonly producerId: number
  readonly producerEpoch: number
  readonly lastSequence: number
  readonly lastTimestamp: number
  readonly coordinatorEpoch: number
  /** First offset of the open transaction; -1 without one. */
  readonly currentTxnStartOffset: number
}

export const noRecordErrors: readonly RecordError[] = []
const noChunks: readonly Buffer[] = []
export const emptyRead: LogRead = { errorCode: errorCodes.NONE, chunks: noChunks, byteLength: 0 }

/** What was read from a file. */
export function logRead(found: ReadBatches | null): LogRead {
  if (found === null) return emptyRead
  const { batches, memory } = found
  return { errorCode: errorCodes.NONE, chunks: [batches], byteLength: batches.length, release: () => memory.release() }
}

export const outOfRangeRead: LogRead = { errorCode: errorCodes.OFFSET_OUT_OF_RANGE, chunks: noChunks, byteLength: 0 }
export const offlineRead: LogRead = { errorCode: errorCodes.KAFKA_STORAGE_ERROR, chunks: noChunks, byteLength: 0 }
export const offlineResult: AppendResult = {
  errorCode: errorCodes.KAFKA_STORAGE_ERROR,
  errorMessage: null,
  baseOffset: -1,
  lastOffset: -1,
  logAppendTimeMs: -1,
  logStartOffset: -1,
  recordErrors: noRecordErrors,
}
export const notLeaderResult: AppendResult = { ...offlineResult, errorCode: errorCodes.NOT_LEADER_OR_FOLLOWER }
