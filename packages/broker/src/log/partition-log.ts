import { DiskError } from '@odradek/platform'
import { errorCodes } from '@odradek/protocol'
import type { Refusal } from '../core/partition/append-rules.ts'
import type { Dirt } from '../core/partition/compaction-rules.ts'
import { checkReplicated } from '../core/partition/replicated-batches.ts'
import { AppendPause } from './append-pause.ts'
import { partitionDirectoryName } from './file-names.ts'
import { GroupCommit } from './group-commit.ts'
import { HighWatermark } from './high-watermark.ts'
import { Housekeeping } from './housekeeping.ts'
import { prepareAppend } from './leader-append.ts'
import { LeftFiles } from './left-files.ts'
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
import { type LoadedLog, type LoadOptions, loadCleanLog, newLog } from './log-loader.ts'
import { recoverLog } from './log-recovery.ts'
import { type Cut, recoveryPointOf, truncateLog } from './log-truncation.ts'
import { OpenLog, type Run } from './open-log.ts'
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

/** A log's files as another directory has them. */
export interface MovedFiles {
  readonly context: LogContext
  readonly directory: string
  readonly loaded: LoadedLog
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
 * appends wait for it. The files themselves are an OpenLog's; this is what is promised of them, and when they may be used.
 */
export class PartitionLog {
  readonly topic: string
  readonly partition: number
  #directory: string
  #context: LogContext
  readonly #tail: PartitionTail
  readonly #commit: GroupCommit
  readonly #highWatermark: HighWatermark
  readonly #housekeeping: Housekeeping
  #listeners: readonly PartitionLogListener[] = []
  readonly #checkpointedHighWatermark: number
  #topicId: string
  #config: LogConfig
  #open: OpenLog
  #isSyncingForAcks = false
  #offlineReason: string | null = null
  #canReopen = false
  #reopening: Promise<boolean> | null = null
  #truncation: Promise<boolean> | null = null
  /** From before a truncation waits for what is under way, so that a compaction is given up. */
  #isCuttingBack = false
  /** What lies behind is to be cut off, was perhaps: until the files have been opened anew. */
  #recoveryPointMax = Number.POSITIVE_INFINITY
  #isClosed = false
  #isAbandoned = false
  #pause: AppendPause | null = null
  /** Neither offline nor closed nor paused: what an append looks at. */
  #takesAppends = true

  private constructor(options: PartitionLogOptions, loaded: LoadedLog) {
    this.topic = options.topic
    this.partition = options.partition
    this.#directory = options.directory
    this.#context = options.context
    this.#checkpointedHighWatermark = options.highWatermark
    this.#topicId = options.topicId
    this.#config = options.config
    this.#tail = options.context.cache.partition()
    this.#commit = new GroupCommit(options.context.pace)
    this.#housekeeping = this.#newHousekeeping()
    this.#open = this.#opened(loaded)
    this.#highWatermark = new HighWatermark(loaded.logEndOffset, () => {
      for (const listener of this.#listeners) listener.highWatermarkAdvanced(this)
    })
  }

  #opened(loaded: LoadedLog): OpenLog {
    const { clock } = this.#context
    return new OpenLog({
      context: this.#context,
      directory: this.directory,
      loaded,
      config: () => this.#config,
      commit: this.#commit,
      written: run => this.#written(run),
      failed: error => this.#fail(error),
      rolled: () => clock.soon(() => void this.flush()),
    })
  }

  /** The files were opened anew. Readers see what is there, up to the old high watermark where that is lower. */
  #use(loaded: LoadedLog, highWatermark: number): void {
    this.#open = this.#opened(loaded)
    this.#recoveryPointMax = Number.POSITIVE_INFINITY
    this.#highWatermark.reset({ logEndOffset: loaded.logEndOffset, highWatermark })
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
    await log.#flushPromised()
    return log
  }

  /** With flush.messages what others are told to be here must be here for good. A disk that fails takes the log offline. */
  async #flushPromised(): Promise<void> {
    if (this.#waitsForDisk && this.syncedOffset < this.logEndOffset) await this.#flushWritten()
  }

  /** flush.messages is set: an acknowledgement may promise that the disk has it. */
  get #waitsForDisk(): boolean {
    return this.#config.flushMessages < Number.MAX_SAFE_INTEGER
  }

  /** In an empty directory. Throws DiskError. */
  static create(options: PartitionLogOptions): PartitionLog {
    return new PartitionLog(options, newLog(options))
  }

  /** Absolute path of the partition's directory; another one after a move. */
  get directory(): string {
    return this.#directory
  }

  /** Kafka's base64url form; all zeroes when the directory has no partition.metadata. */
  get topicId(): string {
    return this.#topicId
  }

  /** For LogManager: a directory without partition.metadata gets its id. */
  set topicId(topicId: string) {
    this.#topicId = topicId
    this.#open.flush.idChanged()
  }

  get config(): LogConfig {
    return this.#config
  }

  set config(config: LogConfig) {
    this.#config = config
  }

  /** First offset that can be read; moves up with retention and DeleteRecords. */
  get logStartOffset(): number {
    return this.#open.logStartOffset
  }

  /** The offset that the next record gets, as far as the disk has confirmed its predecessors. */
  get logEndOffset(): number {
    return this.#open.writtenEndOffset
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
    const unstable = this.#open.loaded.producers.firstUnstableOffset
    return unstable < 0 ? this.highWatermark : Math.max(Math.min(unstable, this.highWatermark), this.logStartOffset)
  }

  /** Bytes of all segments' .log files. */
  get sizeBytes(): number {
    return this.#open.loaded.segments.sizeBytes
  }

  get segmentCount(): number {
    return this.#open.loaded.segments.count
  }

  /** Where the oldest segment begins; at most the log start offset. */
  get firstSegmentOffset(): number {
    return this.#open.loaded.segments.first.baseOffset
  }

  /** Where a recovery would begin to read: all below it is on the disk for good. */
  get recoveryPoint(): number {
    return Math.min(this.#open.flush.flusher.recoveryPoint, this.#recoveryPointMax)
  }

  /** All batches below it are on the disk for good. */
  get syncedOffset(): number {
    return this.#open.flush.flusher.syncedOffset
  }

  get latestLeaderEpoch(): number {
    return this.#open.loaded.epochs.latestEpoch
  }

  /** Null when all is well; else why appends and reads answer KAFKA_STORAGE_ERROR. */
  get offlineReason(): string | null {
    return this.#offlineReason
  }

  /** Offline because space or descriptors had run out: nothing that was acknowledged can have been lost by it. */
  get canReopen(): boolean {
    return this.#canReopen
  }

  /** About so many bytes of batches lie at and behind the offset. */
  bytesFrom(offset: number): number {
    try {
      return this.#open.bytesFrom(offset)
    } catch (error) {
      this.#fail(error)
      return this.sizeBytes
    }
  }

  /** It is deleted, or set aside. */
  get isAbandoned(): boolean {
    return this.#isAbandoned
  }

  /** NONE once all below `offset` is committed, or why that will not be known here. */
  whenCommitted(offset: number): number | Promise<number> {
    if (this.#offlineReason !== null || this.#isClosed) return errorCodes.KAFKA_STORAGE_ERROR
    const waited = this.#acknowledge(offset, offset - 1, -1)
    return waited instanceof Promise ? waited.then(({ errorCode }) => errorCode) : waited.errorCode
  }

  /** Answers those that wait for other replicas: this broker can no longer tell them that they are committed. */
  failCommits(answer: AppendResult): void {
    this.#highWatermark.failCommits(answer)
    this.#pause?.refuse(answer)
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
    if (!this.#takesAppends) {
      return this.#appendLater(() => {
        // It came in an epoch that is over: behind the batches of the next one it would be out of order.
        return options.leaderEpoch < this.latestLeaderEpoch ? notLeaderResult : this.append(records, options)
      })
    }
    const open = this.#open
    const baseOffset = open.nextOffset
    const append = prepareAppend(records, {
      isClient: options.origin === 'client',
      leaderEpoch: options.leaderEpoch,
      baseOffset,
      rules: this.#config,
      producers: open.loaded.producers,
      nowMs: this.#context.clock.now(),
    })
    if (append.kind === 'refuse') {
      const { refusal, reason } = append
      if (reason !== null) this.#context.logger.debug('refused a batch', { log: this.directory, reason })
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
      this.#fail(error)
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
    if (!this.#takesAppends) return this.#appendLater(() => this.appendAsFollower(records, { leaderEpoch }))
    const open = this.#open
    const first = open.nextOffset
    const { batches, errorCode } = checkReplicated(records, { logEndOffset: first, leaderEpoch })
    try {
      open.appendReplicated(records, batches)
    } catch (error) {
      this.#fail(error)
      return offlineResult
    }
    if (errorCode !== errorCodes.NONE) return { ...offlineResult, errorCode }
    return this.#acknowledge(first, open.nextOffset - 1, -1, 'leader')
  }

  #appendLater(append: () => AppendResult | Promise<AppendResult>): AppendResult | Promise<AppendResult> {
    return this.#isUsable && this.#pause !== null ? this.#pause.wait(append) : offlineResult
  }

  get #isUsable(): boolean {
    return this.#offlineReason === null && !this.#isClosed
  }

  #stateChanged(): void {
    this.#takesAppends = this.#isUsable && this.#pause === null
    if (!this.#isUsable) this.#pause?.refuse(offlineResult)
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
    if (this.#offlineReason !== null) return
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
    while (this.#offlineReason === null && this.logEndOffset > end) {
      end = this.logEndOffset
      if (!(await this.#flushWritten())) break
      this.#highWatermark.localEndMoved(end)
    }
    this.#isSyncingForAcks = false
  }

  read(offset: number, options: ReadOptions): LogRead | Promise<LogRead> {
    if (this.#offlineReason !== null || this.#isClosed) return offlineRead
    if (this.#truncation !== null) return this.#truncation.then(() => this.read(offset, options))
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
    const open = this.#open
    try {
      const found = open.read(offset, options)
      if (!(found instanceof Promise)) return logRead(found)
      return found.then(logRead, error =>
        open === this.#open ? this.#failedRead(error) : this.#readFiles(offset, options),
      )
    } catch (error) {
      return this.#failedRead(error)
    }
  }

  #failedRead(error: unknown): LogRead {
    this.#fail(error)
    return offlineRead
  }

  /**
   * For read_committed: transactions that were aborted and overlap with [from, to). Their first offset tells a consumer
   * from where on to drop the producer's batches, up to the marker. Empty when the disk fails.
   */
  abortedTransactions(from: number, to: number): AbortedTransaction[] {
    try {
      return this.#open.abortedTransactions(from, to)
    } catch (error) {
      this.#fail(error)
      return []
    }
  }

  /** ListOffsets: a timestamp >= 0, or -1 latest, -2 earliest, -3 max timestamp, -4 earliest local, -5 latest tiered. */
  findOffset(
    timestamp: number,
    { readCommitted = false }: { readCommitted?: boolean } = {},
  ): FoundOffset | Promise<FoundOffset> {
    if (this.#offlineReason !== null || this.#isClosed) return nothingFound(errorCodes.KAFKA_STORAGE_ERROR)
    const endOffset = readCommitted ? this.lastStableOffset : this.highWatermark
    try {
      return { errorCode: errorCodes.NONE, ...this.#open.findOffset(timestamp, endOffset) }
    } catch (error) {
      this.#fail(error)
      return nothingFound(errorCodes.KAFKA_STORAGE_ERROR)
    }
  }

  /** The log's end, as an answer to a follower. */
  endOffset(): FoundOffset {
    const leaderEpoch = this.#open.loaded.epochs.latestEpoch
    return { errorCode: errorCodes.NONE, offset: this.logEndOffset, timestamp: -1, leaderEpoch }
  }

  /** OffsetForLeaderEpoch: leaderEpoch -1 and endOffset -1 when the epoch is unknown. */
  endOffsetForEpoch(leaderEpoch: number): { readonly leaderEpoch: number; readonly endOffset: number } {
    return this.#open.loaded.epochs.endOffsetFor(leaderEpoch, this.logEndOffset)
  }

  /** A new leader epoch begins at the log end. Idempotent. */
  assignLeaderEpoch(leaderEpoch: number): void {
    this.#open.assignLeaderEpoch(leaderEpoch)
  }

  /** Moves the log start up, not beyond the high watermark. NONE, OFFSET_OUT_OF_RANGE or KAFKA_STORAGE_ERROR. */
  deleteRecords(beforeOffset: number): number {
    if (this.#offlineReason !== null || this.#isClosed) return errorCodes.KAFKA_STORAGE_ERROR
    if (beforeOffset < 0 || beforeOffset > this.highWatermark) return errorCodes.OFFSET_OUT_OF_RANGE
    this.#open.moveLogStart(beforeOffset)
    return errorCodes.NONE
  }

  /** As a follower: what the leader no longer has, goes here, too. */
  followLogStart(leaderLogStartOffset: number): void {
    this.#open.moveLogStart(Math.min(leaderLogStartOffset, this.highWatermark))
  }

  activeProducers(): ActiveProducer[] {
    return this.#open.activeProducers()
  }

  /** Whether the idempotent producer has written here, as far as that is remembered. */
  knowsProducer(producerId: number): boolean {
    return this.#open.loaded.producers.knows(producerId)
  }

  /** -1 without producers. */
  get highestProducerId(): number {
    return this.#open.highestProducerId
  }

  expireProducers(nowMs: number): void {
    this.#open.loaded.producers.expire(nowMs, this.#context.producerIdExpirationMs)
  }

  /** All that was appended until now is in its files, with flush.messages for good, or the log is offline. */
  async whenWritten(): Promise<void> {
    while (this.#pause !== null) await this.#pause.ended
    await this.#commit.idle()
    await this.#flushPromised()
  }

  /** All that was appended is on the disk when it resolves; false when the disk failed (the log is then offline). */
  async flush(): Promise<boolean> {
    if (this.#open.writtenEndOffset < this.#open.nextOffset) await this.#commit.idle()
    return this.#flushWritten()
  }

  /** For the timer of flush.ms. */
  flushIfDue(nowMs: number): void {
    if (this.#offlineReason === null && this.#open.flush.isDue(nowMs, this.#config.flushMs)) void this.#flushWritten()
  }

  async #flushWritten(): Promise<boolean> {
    await this.#truncation
    if (this.#offlineReason !== null) return false
    const open = this.#open
    try {
      await open.flush.flush()
      if (open === this.#open) return this.#offlineReason === null
    } catch (error) {
      if (open === this.#open) {
        this.#fail(error)
        return false
      }
    }
    // The log has moved meanwhile: what is on the old disk for good counts no more.
    return this.#flushWritten()
  }

  /** Removes what retention and DeleteRecords have made superfluous. Returns how many segments went. */
  applyRetention(nowMs: number): number {
    return this.#housekeeping.applyRetention(nowMs)
  }

  /** How much there is for `compact` to do; null where the topic is not compacted, or the log not to be touched. */
  measureDirt(cleanedOffset: number): Dirt | null {
    return this.#housekeeping.measureDirt(cleanedOffset)
  }

  /** One pass of compaction over what `measureDirt` found. Returns up to where the log is clean now. */
  compact(dirt: Dirt): Promise<number> {
    return this.#housekeeping.compact(dirt)
  }

  #newHousekeeping(): Housekeeping {
    return new Housekeeping({
      context: () => this.#context,
      directory: () => this.#directory,
      config: () => this.#config,
      open: () => this.#open,
      isUsable: () => this.#isUsable && !this.#isCuttingBack && this.#pause === null,
      highWatermark: () => this.highWatermark,
      lastStableOffset: () => this.lastStableOffset,
      clearTail: () => this.#tail.clear(),
      fail: error => this.#fail(error),
    })
  }

  /** The disk failed: nothing is taken or given any more, and who waits hears of it. One line says so. */
  #fail(error: unknown): void {
    if (this.#offlineReason !== null) return
    this.#context.logger.error('the disk failed: partition offline', { log: this.directory, error })
    this.takeOffline(error)
    this.#context.diskFailed(error)
  }

  /** All of its disk failed, or what is there is of no use: as if a call of this log had. */
  takeOffline(error: unknown): void {
    if (this.#offlineReason !== null) return
    this.#offlineReason = error instanceof Error ? error.message : String(error)
    this.#canReopen = error instanceof DiskError && (error.kind === 'full' || error.kind === 'descriptors')
    this.#stateChanged()
    this.#tail.clear()
    this.#highWatermark.fail(offlineResult)
    for (const listener of this.#listeners) listener.offline?.(this)
  }

  /**
   * Opens an offline log again, from its files alone, as after a crash: what was half written is cut off before anything
   * new is appended. True when it is back. Who asks meanwhile waits for the same: a second recovery would end behind the
   * first appends, and lose them.
   */
  reopen(): Promise<boolean> {
    if (this.#offlineReason === null) return Promise.resolve(true)
    this.#reopening ??= this.#reopen().finally(() => {
      this.#reopening = null
    })
    return this.#reopening
  }

  async #reopen(): Promise<boolean> {
    await this.#truncation
    await this.#commit.idle()
    await this.#housekeeping.idle()
    try {
      this.#open.release()
      const loaded = await recoverLog(this.#loadOptions)
      if (this.#isClosed) {
        for (const segment of loaded.segments.all) segment.release()
        return false
      }
      this.#use(loaded, this.highWatermark)
      if (this.#waitsForDisk) await this.#open.flush.flush()
    } catch (error) {
      this.#context.logger.debug('the partition stays offline', { log: this.directory, error })
      return false
    }
    this.#offlineReason = null
    this.#stateChanged()
    this.#context.logger.info('the partition is back', { log: this.directory, logEndOffset: this.logEndOffset })
    // What was half written is gone.
    this.#tellCut({ offset: this.logEndOffset, isEmptied: false })
    for (const listener of this.#listeners) listener.online?.(this)
    this.#highWatermark.localEndMoved(this.logEndOffset)
    for (const listener of this.#listeners) listener.highWatermarkAdvanced(this)
    return true
  }

  /**
   * Cuts off what this log has at and behind `offset`, with the rest of a batch that it lies in: a follower whose leader has
   * another history. It is on the disk for good when it resolves. False: the disk failed. Reads and syncs wait meanwhile;
   * nothing must be appended.
   */
  truncateTo(offset: number): Promise<boolean> {
    if (offset < this.#open.nextOffset) return this.#truncate(offset)
    this.#open.forgetEmptyEpochs()
    return Promise.resolve(true)
  }

  /** Drops everything and begins at `offset`: a follower whose leader no longer has what would come next. As `truncateTo`. */
  startAnewAt(offset: number): Promise<boolean> {
    return this.#truncate(offset, { isEmptied: true })
  }

  #truncate(offset: number, { isEmptied = false } = {}): Promise<boolean> {
    this.#isCuttingBack = true
    return this.#truncateNow(offset, isEmptied).finally(() => {
      this.#isCuttingBack = false
    })
  }

  async #truncateNow(offset: number, isEmptied: boolean): Promise<boolean> {
    if (this.#pause !== null) await this.#pause.ended
    if (!(await this.flush()) || this.#isClosed) return false
    await this.#housekeeping.idle()
    const highWatermark = Math.min(this.highWatermark, offset)
    this.#highWatermark.reset({ logEndOffset: this.logEndOffset, highWatermark })
    this.#tail.clear()
    this.#truncation = this.#truncateFiles({ offset, isEmptied }).finally(() => {
      this.#truncation = null
    })
    return this.#truncation
  }

  async #truncateFiles(cut: Cut): Promise<boolean> {
    const { offset, isEmptied } = cut
    try {
      // First: a crash on the way leaves a log that is read from there on, wherever it ends.
      await this.#lowerRecoveryPoint(recoveryPointOf(cut, this.#open.loaded.segments))
      if (!this.#isUsable) return false
      const loaded = await truncateLog(this.#loadOptions, this.#open.loaded, cut)
      if (this.#isClosed) {
        for (const segment of loaded.segments.all) segment.release()
        return false
      }
      this.#use(loaded, isEmptied ? offset : this.highWatermark)
    } catch (error) {
      this.#fail(error)
      return false
    }
    const { directory: log } = this
    this.#context.logger.info('cut the log back', { log, offset, logEndOffset: this.logEndOffset })
    this.#tellCut({ offset: this.logEndOffset, isEmptied })
    return true
  }

  /** What was synced behind it does not vouch for what comes in its place. Rejects with DiskError. */
  async #lowerRecoveryPoint(offset: number): Promise<void> {
    this.#recoveryPointMax = Math.min(this.#recoveryPointMax, offset)
    await this.#context.lowerRecoveryPoint(partitionDirectoryName(this.topic, this.partition), offset)
  }

  get #loadOptions(): LoadOptions {
    return { ...this.#open.loadOptions, recoveryPoint: this.recoveryPoint }
  }

  #tellCut(cut: Cut): void {
    for (const listener of this.#listeners) listener.cutBack?.(this, cut)
  }

  /**
   * Goes over to files in another directory that have all that is here. Appends wait while `bringOver` brings the rest there;
   * what it returns gives those files their place, and cannot be taken back. Null: it stays as it was. Rejects with DiskError
   * of the new place.
   */
  async moveTo(bringOver: () => Promise<(() => MovedFiles) | null>): Promise<LeftFiles | null> {
    const mayMove = () => this.#isUsable && !this.#isCuttingBack && this.#reopening === null
    if (!mayMove() || this.#pause !== null) return null
    const pause = new AppendPause()
    this.#pause = pause
    this.#stateChanged()
    try {
      await this.#commit.idle()
      await this.#housekeeping.idle()
      const moved = mayMove() ? await bringOver() : null
      const isWritten = this.#open.nextOffset === this.logEndOffset
      return moved !== null && isWritten && mayMove() ? this.#useMoved(moved()) : null
    } finally {
      this.#pause = null
      this.#stateChanged()
      pause.end()
    }
  }

  /** Producers and epochs are those that were: the files need not tell of all of them. */
  #useMoved({ context, directory, loaded }: MovedFiles): LeftFiles {
    const old = this.#open
    const left = new LeftFiles(this.#directory, old)
    const { producers, epochs } = old.loaded
    this.#context = context
    this.#directory = directory
    const logStartOffset = Math.max(loaded.logStartOffset, old.logStartOffset)
    this.#open = this.#opened({ ...loaded, producers, epochs, logStartOffset, epochsChanged: true })
    old.release()
    return left
  }

  /** For the files in the other directory: they are another log's from now on, which finds them in `directory`. */
  handOver(directory: string): LoadedLog {
    const { loaded, logStartOffset, writtenEndOffset: logEndOffset } = this.#open
    this.#isClosed = true
    this.#stateChanged()
    for (const segment of loaded.segments.all) segment.moveTo(directory)
    loaded.snapshots.moveTo(directory)
    return { ...loaded, logStartOffset, logEndOffset, recoveryPoint: this.syncedOffset, isClean: false }
  }

  /** For a stop: flushes, and leaves the files as a clean start wants them. False when that failed. */
  async close(): Promise<boolean> {
    if (this.#pause !== null) await this.#pause.ended
    this.#isClosed = true
    this.#stateChanged()
    await this.#commit.idle()
    await this.#housekeeping.idle()
    await this.#reopening
    await this.#truncation
    let isClean = this.#offlineReason === null
    // What the next start misses of an empty log it makes anew: nothing of it has to last.
    if (isClean && this.logEndOffset > 0) {
      try {
        await this.#open.flush.saveForCleanStart()
      } catch (error) {
        this.#fail(error)
        isClean = false
      }
    }
    this.#open.release()
    this.#tail.clear()
    this.#highWatermark.fail(offlineResult)
    return isClean
  }

  /** For a deletion: stops at once, without flushing. */
  abandon(): void {
    this.#isClosed = true
    this.#isAbandoned = true
    this.#offlineReason ??= 'deleted'
    this.#stateChanged()
    this.#tail.clear()
    this.#highWatermark.fail(offlineResult)
    const open = this.#open
    void this.#commit.idle().then(() => open.release())
  }
}
