import { errorCodes } from '@odradek/protocol'
import type { Refusal } from '../core/partition/append-rules.ts'
import type { Dirt } from '../core/partition/compaction-rules.ts'
import { checkReplicated } from '../core/partition/replicated-batches.ts'
import { partitionDirectoryName } from './file-names.ts'
import { HighWatermark } from './high-watermark.ts'
import { prepareAppend } from './leader-append.ts'
import type { LeftFiles } from './left-files.ts'
import {
  type ActiveProducer,
  type AppendOptions,
  type AppendResult,
  emptyRead,
  type FoundOffset,
  type LogRead,
  logRead,
  noRecordErrors,
  nothingFound,
  notLeaderResult,
  offlineRead,
  offlineResult,
  outOfRangeRead,
  type ReadOptions,
} from './log-answers.ts'
import type { LogConfig } from './log-config.ts'
import type { LogContext } from './log-context.ts'
import { LogFiles, type MovedFiles } from './log-files.ts'
import { type LoadedLog, loadCleanLog, newLog } from './log-loader.ts'
import { recoverLog } from './log-recovery.ts'
import type { Cut } from './log-truncation.ts'
import type { Run } from './open-log.ts'
import type { PartitionTail } from './tail-cache.ts'
import type { AbortedTransaction } from './transaction-index.ts'

export type { ActiveProducer, AppendOptions, AppendResult, FoundOffset, LogRead, ReadOptions } from './log-answers.ts'

export interface PartitionLogListener {
  /** So many bytes of batches were written: followers may have them. Must not throw. */
  logEndAdvanced?(log: PartitionLog, bytes: number): void
  /** The high watermark, which is the end of what consumers may read, has moved up. Must not throw. */
  highWatermarkAdvanced(log: PartitionLog): void
  /** The disk failed: everything answers KAFKA_STORAGE_ERROR from now on, until the log is back. */
  offline?(log: PartitionLog): void
  online?(log: PartitionLog): void
  /** What lay at and behind the offset is gone, or all there was: it begins at the offset then. Must not throw. */
  cutBack?(log: PartitionLog, cut: Cut): void
}

export interface PartitionLogOptions {
  readonly context: LogContext
  readonly topic: string
  readonly partition: number
  readonly topicId: string
  readonly directory: string
  readonly config: LogConfig
  /** What the checkpoint files say; 0 where they say nothing. */
  readonly recoveryPoint: number
  readonly logStartOffset: number
  readonly highWatermark: number
}

/**
 * One partition's log: appends assign offsets, reads give back the very bytes.
 *
 * What can be answered at once is returned as a value, what needs the disk's pool as a Promise: check with
 * `instanceof Promise` on the hot path, `await` elsewhere. Promises of this class never reject: errors are codes.
 *
 *     logStartOffset            highWatermark      logEndOffset            nextOffset
 *           |  read by consumers      |  not committed   |  on its way to the file |
 *           v                         v                  v                         v
 *     ------[=========================|==================|- - - - - - - - - - - - -]
 *
 * The three on the right are one and the same unless replicas have to catch up, the disk is busy, or flush.messages makes
 * appends wait for it. Which files there are, and when they may be used, is LogFiles' business; this is what is promised of them.
 */
export class PartitionLog {
  readonly topic: string
  readonly partition: number
  readonly #tail: PartitionTail
  readonly #highWatermark: HighWatermark
  readonly #files: LogFiles
  #listeners: readonly PartitionLogListener[] = []
  readonly #checkpointedHighWatermark: number
  #topicId: string
  #config: LogConfig
  #isSyncingForAcks = false

  private constructor(options: PartitionLogOptions, loaded: LoadedLog) {
    this.topic = options.topic
    this.partition = options.partition
    this.#checkpointedHighWatermark = options.highWatermark
    this.#topicId = options.topicId
    this.#config = options.config
    this.#tail = options.context.cache.partition()
    this.#highWatermark = new HighWatermark(loaded.logEndOffset, () => {
      for (const listener of this.#listeners) listener.highWatermarkAdvanced(this)
    })
    this.#files = new LogFiles({
      context: options.context,
      name: partitionDirectoryName(options.topic, options.partition),
      directory: options.directory,
      loaded,
      config: () => this.#config,
      tail: this.#tail,
      highWatermark: this.#highWatermark,
      listener: {
        written: run => this.#written(run),
        offline: () => {
          for (const listener of this.#listeners) listener.offline?.(this)
        },
        online: () => this.#online(),
        cutBack: cut => {
          for (const listener of this.#listeners) listener.cutBack?.(this, cut)
        },
      },
    })
  }

  #online(): void {
    for (const listener of this.#listeners) listener.online?.(this)
    this.#highWatermark.localEndMoved(this.logEndOffset)
    for (const listener of this.#listeners) listener.highWatermarkAdvanced(this)
  }

  /** After a clean stop; null when the directory does not look like it, then `recover`. Throws DiskError. */
  static openClean(options: PartitionLogOptions): PartitionLog | null {
    const loaded = loadCleanLog(options)
    return loaded === null ? null : new PartitionLog(options, loaded)
  }

  /** After any other stop, and for a new, empty directory. Rejects with DiskError. */
  static async recover(options: PartitionLogOptions): Promise<PartitionLog> {
    const log = new PartitionLog(options, await recoverLog(options))
    // What a killed process wrote is in the page cache only: a producer that sends it again is told that it is there.
    await log.#files.flushPromised()
    return log
  }

  /** In an empty directory. Throws DiskError. */
  static create(options: PartitionLogOptions): PartitionLog {
    return new PartitionLog(options, newLog(options))
  }

  /** Absolute path of the partition's directory; another one after a move. */
  get directory(): string {
    return this.#files.directory
  }

  /** Kafka's base64url form; all zeroes when the directory has no partition.metadata. */
  get topicId(): string {
    return this.#topicId
  }

  /** For LogManager: a directory without partition.metadata gets its id. */
  set topicId(topicId: string) {
    this.#topicId = topicId
    this.#files.open.flush.idChanged()
  }

  get config(): LogConfig {
    return this.#config
  }

  set config(config: LogConfig) {
    this.#config = config
  }

  /** First offset that can be read; moves up with retention and DeleteRecords. */
  get logStartOffset(): number {
    return this.#files.open.logStartOffset
  }

  /** The offset that the next record gets, as far as the disk has confirmed its predecessors. */
  get logEndOffset(): number {
    return this.#files.open.writtenEndOffset
  }

  get highWatermark(): number {
    return this.#highWatermark.offset
  }

  /**
   * Up to where replication lets the high watermark go: as a leader, what all in-sync replicas have; as a follower, the
   * leader's high watermark. Without a limit, as at the start, it is where the log ends.
   */
  set highWatermarkLimit(limit: number) {
    this.#highWatermark.limit = limit
  }

  /**
   * For a log that has other replicas, once, before it serves: what lies behind the checkpointed high watermark is here, but
   * whether the others have it is not known.
   */
  lowerHighWatermark(): void {
    this.#highWatermark.restrict(Math.max(this.#checkpointedHighWatermark, this.logStartOffset))
  }

  /** First offset of the oldest open transaction, else the high watermark: read_committed stops here. */
  get lastStableOffset(): number {
    return this.#files.lastStableOffset
  }

  /** Bytes of all segments' .log files. */
  get sizeBytes(): number {
    return this.#files.open.loaded.segments.sizeBytes
  }

  get segmentCount(): number {
    return this.#files.open.loaded.segments.count
  }

  /** Where the oldest segment begins; at most the log start offset. */
  get firstSegmentOffset(): number {
    return this.#files.open.loaded.segments.first.baseOffset
  }

  /** Where a recovery would begin to read: all below it is on the disk for good. */
  get recoveryPoint(): number {
    return this.#files.recoveryPoint
  }

  /** All batches below it are on the disk for good. */
  get syncedOffset(): number {
    return this.#files.open.flush.flusher.syncedOffset
  }

  get latestLeaderEpoch(): number {
    return this.#files.open.loaded.epochs.latestEpoch
  }

  /** Null when all is well; else why appends and reads answer KAFKA_STORAGE_ERROR. */
  get offlineReason(): string | null {
    return this.#files.offlineReason
  }

  /** Offline because space or descriptors had run out: nothing that was acknowledged can have been lost by it. */
  get canReopen(): boolean {
    return this.#files.canReopen
  }

  /** About so many bytes of batches lie at and behind the offset. */
  bytesFrom(offset: number): number {
    try {
      return this.#files.open.bytesFrom(offset)
    } catch (error) {
      this.#files.fail(error)
      return this.sizeBytes
    }
  }

  /** It is deleted, or set aside. */
  get isAbandoned(): boolean {
    return this.#files.isAbandoned
  }

  /** NONE once all below `offset` is committed, or why that will not be known here. */
  whenCommitted(offset: number): number | Promise<number> {
    if (!this.#files.isUsable) return errorCodes.KAFKA_STORAGE_ERROR
    const waited = this.#acknowledge(offset, offset - 1, -1)
    return waited instanceof Promise ? waited.then(({ errorCode }) => errorCode) : waited.errorCode
  }

  /** Answers those that wait for other replicas: this broker can no longer tell them that they are committed. */
  failCommits(answer: AppendResult): void {
    this.#highWatermark.failCommits(answer)
    this.#files.refuseWaiting(answer)
  }

  listen(listener: PartitionLogListener): void {
    this.#listeners = [...this.#listeners, listener]
  }

  unlisten(listener: PartitionLogListener): void {
    this.#listeners = this.#listeners.filter(other => other !== listener)
  }

  /**
   * Takes one batch as a client or a coordinator built it; the buffer is the log's from now on: base offset, leader epoch
   * (and append time) are patched in place, and the bytes may stay in the tail cache. Memory that the batch shares with much
   * else (twice its size) is free again with the answer, but for KAFKA_STORAGE_ERROR: then a write may still be under way.
   */
  append(records: Buffer, options: AppendOptions): AppendResult | Promise<AppendResult> {
    if (!this.#files.takesAppends) {
      return this.#files.appendLater(() => {
        // It came in an epoch that is over: behind the batches of the next one it would be out of order.
        return options.leaderEpoch < this.latestLeaderEpoch ? notLeaderResult : this.append(records, options)
      })
    }
    const open = this.#files.open
    const baseOffset = open.nextOffset
    const append = prepareAppend(records, {
      isClient: options.origin === 'client',
      leaderEpoch: options.leaderEpoch,
      baseOffset,
      rules: this.#config,
      producers: open.loaded.producers,
      nowMs: this.#files.context.clock.now(),
    })
    if (append.kind === 'refuse') {
      const { refusal, reason } = append
      if (reason !== null) this.#files.context.logger.debug('refused a batch', { log: this.directory, reason })
      return this.#refused(refusal)
    }
    if (append.kind === 'duplicate') {
      const { lastOffset, offsetDelta, timestamp } = append.batch
      return this.#acknowledge(lastOffset - offsetDelta, lastOffset, timestamp, options.acks)
    }
    const { batch, placed, producerBatch, logAppendTimeMs } = append
    try {
      const place = open.place(placed, producerBatch, options.leaderEpoch)
      open.write({ chunk: batch, baseOffset, endOffset: placed.lastOffset + 1, place })
    } catch (error) {
      this.#files.fail(error)
      return offlineResult
    }
    return this.#acknowledge(baseOffset, placed.lastOffset, logAppendTimeMs, options.acks)
  }

  /**
   * Takes batches as the leader has them, with its offsets and epochs; what is here already, and what is cut off at the end,
   * is left out. Done when this broker's disk has them as acks demand it: the follower's next fetch may then say so.
   * NONE, KAFKA_STORAGE_ERROR, CORRUPT_MESSAGE (what comes before the corrupt batch is kept), or OFFSET_OUT_OF_RANGE where
   * they do not join the log's end.
   */
  appendAsFollower(records: Buffer, { leaderEpoch }: { leaderEpoch: number }): AppendResult | Promise<AppendResult> {
    if (!this.#files.takesAppends) {
      return this.#files.appendLater(() => this.appendAsFollower(records, { leaderEpoch }))
    }
    const open = this.#files.open
    const first = open.nextOffset
    const { batches, errorCode } = checkReplicated(records, { logEndOffset: first, leaderEpoch })
    try {
      open.appendReplicated(records, batches)
    } catch (error) {
      this.#files.fail(error)
      return offlineResult
    }
    if (errorCode !== errorCodes.NONE) return { ...offlineResult, errorCode }
    return this.#acknowledge(first, open.nextOffset - 1, -1, 'leader')
  }

  /** The answer, now or when the disk, or the high watermark, has passed it. */
  #acknowledge(
    baseOffset: number,
    lastOffset: number,
    logAppendTimeMs: number,
    acks: AppendOptions['acks'] = 'all',
  ): AppendResult | Promise<AppendResult> {
    const result: AppendResult = {
      errorCode: errorCodes.NONE,
      errorMessage: null,
      baseOffset,
      lastOffset,
      logAppendTimeMs,
      logStartOffset: this.logStartOffset,
      recordErrors: noRecordErrors,
    }
    return this.#highWatermark.acknowledge(result, acks)
  }

  #refused({ errorCode, errorMessage, recordErrors }: Refusal): AppendResult {
    // These Kafka answers without looking at the log.
    const isPlain =
      errorCode === errorCodes.CORRUPT_MESSAGE ||
      errorCode === errorCodes.MESSAGE_TOO_LARGE ||
      errorCode === errorCodes.RECORD_LIST_TOO_LARGE
    return {
      ...offlineResult,
      errorCode,
      errorMessage,
      recordErrors,
      logStartOffset: isPlain ? -1 : this.logStartOffset,
    }
  }

  /** Readers may have it, as far as it is committed. */
  #written({ chunk, baseOffset, endOffset }: Run): void {
    if (this.offlineReason !== null) return
    this.#tail.append(chunk, baseOffset, endOffset)
    for (const listener of this.#listeners) listener.logEndAdvanced?.(this, chunk.length)
    if (this.#isSyncingForAcks) return
    if (endOffset - this.syncedOffset >= this.#config.flushMessages) void this.#syncForAcks()
    else this.#highWatermark.localEndMoved(endOffset)
  }

  /** flush.messages: nothing is acknowledged until the disk has it all; who comes meanwhile shares the next sync. */
  async #syncForAcks(): Promise<void> {
    this.#isSyncingForAcks = true
    let end = this.#highWatermark.localEndOffset
    while (this.offlineReason === null && this.logEndOffset > end) {
      end = this.logEndOffset
      if (!(await this.#files.flushWritten())) break
      this.#highWatermark.localEndMoved(end)
    }
    this.#isSyncingForAcks = false
  }

  read(offset: number, options: ReadOptions): LogRead | Promise<LogRead> {
    if (!this.#files.isUsable) return offlineRead
    if (this.#files.truncation !== null) return this.#files.truncation.then(() => this.read(offset, options))
    if (offset < this.logStartOffset || offset > this.logEndOffset) return outOfRangeRead
    const endOffset =
      options.endOffset === undefined ? this.highWatermark : Math.min(options.endOffset, this.logEndOffset)
    if (offset >= endOffset) {
      this.#tail.readerIsHere()
      return emptyRead
    }
    const { maxBytes, minOneBatch } = options
    const cached = this.#tail.read(offset, { endOffset, maxBytes, minOneBatch })
    if (cached !== null) return { errorCode: errorCodes.NONE, ...cached }
    return this.#readFiles(offset, { endOffset, maxBytes, minOneBatch })
  }

  #readFiles(
    offset: number,
    options: { endOffset: number; maxBytes: number; minOneBatch: boolean },
  ): LogRead | Promise<LogRead> {
    const open = this.#files.open
    try {
      const found = open.read(offset, options)
      if (!(found instanceof Promise)) return logRead(found)
      return found.then(logRead, error =>
        open === this.#files.open ? this.#failedRead(error) : this.#readFiles(offset, options),
      )
    } catch (error) {
      return this.#failedRead(error)
    }
  }

  #failedRead(error: unknown): LogRead {
    this.#files.fail(error)
    return offlineRead
  }

  /**
   * For read_committed: transactions that were aborted and overlap with [from, to). Their first offset tells a consumer
   * from where on to drop the producer's batches, up to the marker. Empty when the disk fails.
   */
  abortedTransactions(from: number, to: number): AbortedTransaction[] {
    try {
      return this.#files.open.abortedTransactions(from, to)
    } catch (error) {
      this.#files.fail(error)
      return []
    }
  }

  /** ListOffsets: a timestamp >= 0, or -1 latest, -2 earliest, -3 max timestamp, -4 earliest local, -5 latest tiered. */
  findOffset(
    timestamp: number,
    { readCommitted = false }: { readCommitted?: boolean } = {},
  ): FoundOffset | Promise<FoundOffset> {
    if (!this.#files.isUsable) return nothingFound(errorCodes.KAFKA_STORAGE_ERROR)
    const endOffset = readCommitted ? this.lastStableOffset : this.highWatermark
    try {
      return { errorCode: errorCodes.NONE, ...this.#files.open.findOffset(timestamp, endOffset) }
    } catch (error) {
      this.#files.fail(error)
      return nothingFound(errorCodes.KAFKA_STORAGE_ERROR)
    }
  }

  /** The log's end, as an answer to a follower. */
  endOffset(): FoundOffset {
    const leaderEpoch = this.#files.open.loaded.epochs.latestEpoch
    return { errorCode: errorCodes.NONE, offset: this.logEndOffset, timestamp: -1, leaderEpoch }
  }

  /** OffsetForLeaderEpoch: leaderEpoch -1 and endOffset -1 when the epoch is unknown. */
  endOffsetForEpoch(leaderEpoch: number): { readonly leaderEpoch: number; readonly endOffset: number } {
    return this.#files.open.loaded.epochs.endOffsetFor(leaderEpoch, this.logEndOffset)
  }

  /** A new leader epoch begins at the log end. Idempotent. */
  assignLeaderEpoch(leaderEpoch: number): void {
    this.#files.open.assignLeaderEpoch(leaderEpoch)
  }

  /** Moves the log start up, not beyond the high watermark. NONE, OFFSET_OUT_OF_RANGE or KAFKA_STORAGE_ERROR. */
  deleteRecords(beforeOffset: number): number {
    if (!this.#files.isUsable) return errorCodes.KAFKA_STORAGE_ERROR
    if (beforeOffset < 0 || beforeOffset > this.highWatermark) return errorCodes.OFFSET_OUT_OF_RANGE
    this.#files.open.moveLogStart(beforeOffset)
    return errorCodes.NONE
  }

  /** As a follower: what the leader no longer has, goes here, too. */
  followLogStart(leaderLogStartOffset: number): void {
    this.#files.open.moveLogStart(Math.min(leaderLogStartOffset, this.highWatermark))
  }

  activeProducers(): ActiveProducer[] {
    return this.#files.open.activeProducers()
  }

  /** Whether the idempotent producer has written here, as far as that is remembered. */
  knowsProducer(producerId: number): boolean {
    return this.#files.open.loaded.producers.knows(producerId)
  }

  /** -1 without producers. */
  get highestProducerId(): number {
    return this.#files.open.highestProducerId
  }

  expireProducers(nowMs: number): void {
    this.#files.open.loaded.producers.expire(nowMs, this.#files.context.producerIdExpirationMs)
  }

  /** All that was appended until now is in its files, with flush.messages for good, or the log is offline. */
  whenWritten(): Promise<void> {
    return this.#files.whenWritten()
  }

  /** All that was appended is on the disk when it resolves; false when the disk failed (the log is then offline). */
  flush(): Promise<boolean> {
    return this.#files.flush()
  }

  /** For the timer of flush.ms. */
  flushIfDue(nowMs: number): void {
    if (this.offlineReason === null && this.#files.open.flush.isDue(nowMs, this.#config.flushMs)) {
      void this.#files.flushWritten()
    }
  }

  /** Removes what retention and DeleteRecords have made superfluous. Returns how many segments went. */
  applyRetention(nowMs: number): number {
    return this.#files.housekeeping.applyRetention(nowMs)
  }

  /** How much there is for `compact` to do; null where the topic is not compacted, or the log not to be touched. */
  measureDirt(cleanedOffset: number): Dirt | null {
    return this.#files.housekeeping.measureDirt(cleanedOffset)
  }

  /** One pass of compaction over what `measureDirt` found. Returns up to where the log is clean now. */
  compact(dirt: Dirt): Promise<number> {
    return this.#files.housekeeping.compact(dirt)
  }

  /** All of its disk failed, or what is there is of no use: as if a call of this log had. */
  takeOffline(error: unknown): void {
    this.#files.takeOffline(error)
  }

  /**
   * Opens an offline log again, from its files alone, as after a crash: what was half written is cut off before anything
   * new is appended. True when it is back. Who asks meanwhile waits for the same: a second recovery would end behind the
   * first appends, and lose them.
   */
  reopen(): Promise<boolean> {
    return this.#files.reopen()
  }

  /**
   * Cuts off what this log has at and behind `offset`, with the rest of a batch that it lies in: a follower whose leader has
   * another history. It is on the disk for good when it resolves. False: the disk failed. Reads and syncs wait meanwhile;
   * nothing must be appended.
   */
  truncateTo(offset: number): Promise<boolean> {
    if (offset < this.#files.open.nextOffset) return this.#files.truncate({ offset, isEmptied: false })
    this.#files.open.forgetEmptyEpochs()
    return Promise.resolve(true)
  }

  /** Drops everything and begins at `offset`: a follower whose leader no longer has what would come next. As `truncateTo`. */
  startAnewAt(offset: number): Promise<boolean> {
    return this.#files.truncate({ offset, isEmptied: true })
  }

  /**
   * Goes over to files in another directory that have all that is here. Appends wait while `bringOver` brings the rest there;
   * what it returns gives those files their place, and cannot be taken back. Null: it stays as it was. Rejects with DiskError
   * of the new place.
   */
  moveTo(bringOver: () => Promise<(() => MovedFiles) | null>): Promise<LeftFiles | null> {
    return this.#files.moveTo(bringOver)
  }

  /** For the files in the other directory: they are another log's from now on, which finds them in `directory`. */
  handOver(directory: string): LoadedLog {
    return this.#files.handOver(directory)
  }

  /** For a stop: flushes, and leaves the files as a clean start wants them. False when that failed. */
  close(): Promise<boolean> {
    return this.#files.close()
  }

  /** For a deletion: stops at once, without flushing. */
  abandon(): void {
    this.#files.abandon()
  }
}
