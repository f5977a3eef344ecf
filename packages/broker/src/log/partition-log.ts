import type { LogConfig } from './log-config.ts'

/** Answer of an append. With an error nothing was written (or, for KAFKA_STORAGE_ERROR, nothing that will be kept). */
export interface AppendResult {
  readonly errorCode: number
  /** Only with an error, for the response's error_message. */
  readonly errorMessage: string | null
  /** Of the first record; -1 with an error. A duplicate is answered with the offset it was first given. */
  readonly baseOffset: number
  /** Of the last record; -1 with an error. */
  readonly lastOffset: number
  /** The broker's time where the topic says LogAppendTime, else -1. */
  readonly logAppendTimeMs: number
  readonly logStartOffset: number
  /** Records that were refused one by one; then errorCode is INVALID_RECORD or INVALID_TIMESTAMP. */
  readonly recordErrors: readonly RecordError[]
}

export interface RecordError {
  readonly batchIndex: number
  readonly batchIndexErrorMessage: string
}

export interface AppendOptions {
  /** Goes into the batches and, when new, into the leader epoch cache. */
  readonly leaderEpoch: number
  /** 'client' is checked as a producer's; 'coordinator' is one of our own batches (control batches allowed). */
  readonly origin: 'client' | 'coordinator'
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
}

/** An answer of ListOffsets. Nothing found: offset -1, timestamp -1, leaderEpoch -1. */
export interface FoundOffset {
  readonly errorCode: number
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
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

export interface PartitionLogListener {
  /** The high watermark (on a single broker: the log end that readers see) has moved up. Must not throw. */
  highWatermarkAdvanced(log: PartitionLog): void
  /** The disk failed: everything answers KAFKA_STORAGE_ERROR from now on, until the log is back. */
  offline?(log: PartitionLog): void
  online?(log: PartitionLog): void
}

/**
 * One partition's log: appends assign offsets, reads give back the very bytes.
 *
 * What can be answered at once is returned as a value, what needs the disk's pool as a Promise: check with
 * `instanceof Promise` on the hot path, `await` elsewhere. Promises of this class never reject: errors are codes.
 */
export declare class PartitionLog {
  readonly topic: string
  readonly partition: number
  /** Kafka's base64url form; all zeroes ('AAAAAAAAAAAAAAAAAAAAAA') when the directory has no partition.metadata. */
  readonly topicId: string
  /** Absolute path of the partition's directory. */
  readonly directory: string
  get config(): LogConfig
  set config(config: LogConfig)

  /** First offset that can be read; moves up with retention and DeleteRecords. */
  get logStartOffset(): number
  /** The offset that the next record gets, as far as the disk has confirmed its predecessors. */
  get logEndOffset(): number
  get highWatermark(): number
  /** First offset of the oldest open transaction, else the high watermark: read_committed stops here. */
  get lastStableOffset(): number
  /** Bytes of all segments' .log files. */
  get sizeBytes(): number
  /** Null when all is well; else why appends and reads answer KAFKA_STORAGE_ERROR. */
  get offlineReason(): string | null
  get latestLeaderEpoch(): number

  listen(listener: PartitionLogListener): void

  /**
   * Takes one or more batches as a client or a coordinator built them, in one buffer that is the log's from now on: base
   * offsets, leader epoch (and append time) are patched in place, and the bytes stay in the tail cache.
   */
  append(records: Buffer, options: AppendOptions): AppendResult | Promise<AppendResult>

  read(offset: number, options: ReadOptions): LogRead | Promise<LogRead>

  /** ListOffsets: a timestamp >= 0, or -1 latest, -2 earliest, -3 max timestamp, -4 earliest local, -5 latest tiered. */
  findOffset(timestamp: number, options?: { readCommitted?: boolean }): FoundOffset | Promise<FoundOffset>

  /** OffsetForLeaderEpoch: leaderEpoch -1 and endOffset -1 when the epoch is unknown. */
  endOffsetForEpoch(leaderEpoch: number): { readonly leaderEpoch: number; readonly endOffset: number }

  /** A new leader epoch begins at the log end. Idempotent. */
  assignLeaderEpoch(leaderEpoch: number): void

  /** DeleteRecords: -1 means the high watermark. lowWatermark is the new log start offset, -1 with an error. */
  deleteRecords(beforeOffset: number): { readonly errorCode: number; readonly lowWatermark: number }

  activeProducers(): ActiveProducer[]

  /** All that was appended is on the disk when it resolves; false when the disk failed (the log is then offline). */
  flush(): Promise<boolean>
}
