import { DiskError } from '@odradek/platform'
import { AppendPause } from './append-pause.ts'
import { GroupCommit } from './group-commit.ts'
import type { HighWatermark } from './high-watermark.ts'
import { Housekeeping } from './housekeeping.ts'
import { LeftFiles } from './left-files.ts'
import { type AppendResult, offlineResult } from './log-answers.ts'
import type { LogConfig } from './log-config.ts'
import type { LogContext } from './log-context.ts'
import type { LoadedLog, LoadOptions } from './log-loader.ts'
import { recoverLog } from './log-recovery.ts'
import { type Cut, recoveryPointOf, truncateLog } from './log-truncation.ts'
import { OpenLog, type Run } from './open-log.ts'
import type { PartitionTail } from './tail-cache.ts'

/** A log's files as another directory has them. */
export interface MovedFiles {
  readonly context: LogContext
  readonly directory: string
  readonly loaded: LoadedLog
}

/** What the log hears of its files. None of them may throw. */
export interface LogFilesListener {
  /** The run is in its file, and so are all before it. */
  written(run: Run): void
  offline(): void
  online(): void
  cutBack(cut: Cut): void
}

export interface LogFilesOptions {
  readonly context: LogContext
  /** The partition's, as in the checkpoints. */
  readonly name: string
  readonly directory: string
  readonly loaded: LoadedLog
  readonly config: () => LogConfig
  readonly tail: PartitionTail
  readonly highWatermark: HighWatermark
  readonly listener: LogFilesListener
}

/**
 * The files of a partition's log through all that can become of them: a disk that fails, a cut, a move to another directory,
 * the end. `open` is what is there at the moment; whether it may be used, and when the next one takes its place, is decided
 * here. Whoever goes on after an `await` looks anew.
 *
 *                 fail                      close, abandon
 *     usable ------------> offline   any ------------------> closed: for good
 *       | ^                   |
 *       | +-------------------+ reopen: from the files alone, as after a crash
 *       |
 *       +-- cutting back: reads and syncs wait, nothing is appended; then other files are open
 *       +-- moving: appends wait in a pause; then those of the other directory are open
 */
export class LogFiles {
  readonly #name: string
  readonly #config: () => LogConfig
  readonly #tail: PartitionTail
  readonly #highWatermark: HighWatermark
  readonly #listener: LogFilesListener
  readonly #commit: GroupCommit
  readonly housekeeping: Housekeeping
  #context: LogContext
  #directory: string
  #open: OpenLog
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
  #takesAppends = true

  constructor(options: LogFilesOptions) {
    this.#name = options.name
    this.#config = options.config
    this.#tail = options.tail
    this.#highWatermark = options.highWatermark
    this.#listener = options.listener
    this.#commit = new GroupCommit(options.context.pace)
    this.#context = options.context
    this.#directory = options.directory
    this.housekeeping = this.#newHousekeeping()
    this.#open = this.#opened(options.loaded)
  }

  #newHousekeeping(): Housekeeping {
    return new Housekeeping({
      context: () => this.#context,
      directory: () => this.#directory,
      config: this.#config,
      open: () => this.#open,
      isUsable: () => this.isUsable && !this.#isCuttingBack && this.#pause === null,
      highWatermark: () => this.#highWatermark.offset,
      lastStableOffset: () => this.lastStableOffset,
      clearTail: () => this.#tail.clear(),
      fail: error => this.fail(error),
    })
  }

  #opened(loaded: LoadedLog): OpenLog {
    const { clock } = this.#context
    return new OpenLog({
      context: this.#context,
      directory: this.#directory,
      loaded,
      config: this.#config,
      commit: this.#commit,
      written: run => this.#listener.written(run),
      failed: error => this.fail(error),
      rolled: () => clock.soon(() => void this.flush()),
    })
  }

  get open(): OpenLog {
    return this.#open
  }

  get directory(): string {
    return this.#directory
  }

  get context(): LogContext {
    return this.#context
  }

  get offlineReason(): string | null {
    return this.#offlineReason
  }

  get canReopen(): boolean {
    return this.#canReopen
  }

  get isAbandoned(): boolean {
    return this.#isAbandoned
  }

  /** Neither offline nor closed. */
  get isUsable(): boolean {
    return this.#offlineReason === null && !this.#isClosed
  }

  /** Usable, and not paused: what an append looks at. */
  get takesAppends(): boolean {
    return this.#takesAppends
  }

  /** Resolves when the cut that is under way is done; reads wait for it. */
  get truncation(): Promise<boolean> | null {
    return this.#truncation
  }

  get recoveryPoint(): number {
    return Math.min(this.#open.flush.flusher.recoveryPoint, this.#recoveryPointMax)
  }

  get lastStableOffset(): number {
    const highWatermark = this.#highWatermark.offset
    const unstable = this.#open.loaded.producers.firstUnstableOffset
    return unstable < 0 ? highWatermark : Math.max(Math.min(unstable, highWatermark), this.#open.logStartOffset)
  }

  #stateChanged(): void {
    this.#takesAppends = this.isUsable && this.#pause === null
    if (!this.isUsable) this.#pause?.refuse(offlineResult)
  }

  /** For an append that is not taken now: made once the move is over, or refused. */
  appendLater(append: () => AppendResult | Promise<AppendResult>): AppendResult | Promise<AppendResult> {
    return this.isUsable && this.#pause !== null ? this.#pause.wait(append) : offlineResult
  }

  /** Appends that wait for a move are answered: this broker may not take them any more. */
  refuseWaiting(answer: AppendResult): void {
    this.#pause?.refuse(answer)
  }

  /** flush.messages is set: an acknowledgement may promise that the disk has it. */
  get #waitsForDisk(): boolean {
    return this.#config().flushMessages < Number.MAX_SAFE_INTEGER
  }

  /** With flush.messages what others are told to be here must be here for good. A disk that fails takes the log offline. */
  async flushPromised(): Promise<void> {
    const { writtenEndOffset, flush } = this.#open
    if (this.#waitsForDisk && flush.flusher.syncedOffset < writtenEndOffset) await this.flushWritten()
  }

  async whenWritten(): Promise<void> {
    while (this.#pause !== null) await this.#pause.ended
    await this.#commit.idle()
    await this.flushPromised()
  }

  /** All that was appended is on the disk when it resolves; false when the disk failed (the log is then offline). */
  async flush(): Promise<boolean> {
    if (this.#open.writtenEndOffset < this.#open.nextOffset) await this.#commit.idle()
    return this.flushWritten()
  }

  /** As `flush`, for what is in its files by now. */
  async flushWritten(): Promise<boolean> {
    await this.#truncation
    if (this.#offlineReason !== null) return false
    const open = this.#open
    try {
      await open.flush.flush()
      if (open === this.#open) return this.#offlineReason === null
    } catch (error) {
      if (open === this.#open) {
        this.fail(error)
        return false
      }
    }
    // The log has moved meanwhile: what is on the old disk for good counts no more.
    return this.flushWritten()
  }

  /** The disk failed: nothing is taken or given any more, and who waits hears of it. One line says so. */
  fail(error: unknown): void {
    if (this.#offlineReason !== null) return
    this.#context.logger.error('the disk failed: partition offline', { log: this.#directory, error })
    this.takeOffline(error)
    this.#context.diskFailed(error)
  }

  takeOffline(error: unknown): void {
    if (this.#offlineReason !== null) return
    this.#offlineReason = error instanceof Error ? error.message : String(error)
    this.#canReopen = error instanceof DiskError && (error.kind === 'full' || error.kind === 'descriptors')
    this.#stateChanged()
    this.#tail.clear()
    this.#highWatermark.fail(offlineResult)
    this.#listener.offline()
  }

  /**
   * The files were opened anew. Readers see what is there, up to the old high watermark where that is lower. False: the log was closed
   * meanwhile, and they are given back.
   */
  #use(loaded: LoadedLog, highWatermark: number): boolean {
    if (this.#isClosed) {
      for (const segment of loaded.segments.all) segment.release()
      return false
    }
    this.#open = this.#opened(loaded)
    this.#recoveryPointMax = Number.POSITIVE_INFINITY
    this.#highWatermark.reset({ logEndOffset: loaded.logEndOffset, highWatermark })
    return true
  }

  get #loadOptions(): LoadOptions {
    return { ...this.#open.loadOptions, recoveryPoint: this.recoveryPoint }
  }

  reopen(): Promise<boolean> {
    if (this.#offlineReason === null) return Promise.resolve(true)
    this.#reopening ??= this.#reopen().finally(() => {
      this.#reopening = null
    })
    return this.#reopening
  }

  async #reopen(): Promise<boolean> {
    const { logger } = this.#context
    await this.#truncation
    await this.#commit.idle()
    await this.housekeeping.idle()
    try {
      this.#open.release()
      const loaded = await recoverLog(this.#loadOptions)
      if (!this.#use(loaded, this.#highWatermark.offset)) return false
      if (this.#waitsForDisk) await this.#open.flush.flush()
    } catch (error) {
      logger.debug('the partition stays offline', { log: this.#directory, error })
      return false
    }
    this.#offlineReason = null
    this.#stateChanged()
    const { writtenEndOffset: logEndOffset } = this.#open
    logger.info('the partition is back', { log: this.#directory, logEndOffset })
    // What was half written is gone.
    this.#listener.cutBack({ offset: logEndOffset, isEmptied: false })
    this.#listener.online()
    return true
  }

  /** What lies at and behind the offset goes, or all there is; reads and syncs wait meanwhile, nothing must be appended. */
  truncate(cut: Cut): Promise<boolean> {
    this.#isCuttingBack = true
    return this.#truncate(cut).finally(() => {
      this.#isCuttingBack = false
    })
  }

  async #truncate(cut: Cut): Promise<boolean> {
    if (this.#pause !== null) await this.#pause.ended
    if (!(await this.flush()) || this.#isClosed) return false
    await this.housekeeping.idle()
    const highWatermark = Math.min(this.#highWatermark.offset, cut.offset)
    this.#highWatermark.reset({ logEndOffset: this.#open.writtenEndOffset, highWatermark })
    this.#tail.clear()
    this.#truncation = this.#truncateFiles(cut).finally(() => {
      this.#truncation = null
    })
    return this.#truncation
  }

  async #truncateFiles(cut: Cut): Promise<boolean> {
    const { offset, isEmptied } = cut
    try {
      // First: a crash on the way leaves a log that is read from there on, wherever it ends.
      await this.#lowerRecoveryPoint(recoveryPointOf(cut, this.#open.loaded.segments))
      if (!this.isUsable) return false
      const loaded = await truncateLog(this.#loadOptions, this.#open.loaded, cut)
      if (!this.#use(loaded, isEmptied ? offset : this.#highWatermark.offset)) return false
    } catch (error) {
      this.fail(error)
      return false
    }
    const { writtenEndOffset: logEndOffset } = this.#open
    this.#context.logger.info('cut the log back', { log: this.#directory, offset, logEndOffset })
    this.#listener.cutBack({ offset: logEndOffset, isEmptied })
    return true
  }

  /** What was synced behind it does not vouch for what comes in its place. Rejects with DiskError. */
  async #lowerRecoveryPoint(offset: number): Promise<void> {
    this.#recoveryPointMax = Math.min(this.#recoveryPointMax, offset)
    await this.#context.lowerRecoveryPoint(this.#name, offset)
  }

  async moveTo(bringOver: () => Promise<(() => MovedFiles) | null>): Promise<LeftFiles | null> {
    const mayMove = () => this.isUsable && !this.#isCuttingBack && this.#reopening === null
    if (!mayMove() || this.#pause !== null) return null
    const pause = new AppendPause()
    this.#pause = pause
    this.#stateChanged()
    try {
      await this.#commit.idle()
      await this.housekeeping.idle()
      const moved = mayMove() ? await bringOver() : null
      const isWritten = this.#open.nextOffset === this.#open.writtenEndOffset
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

  handOver(directory: string): LoadedLog {
    const { loaded, logStartOffset, writtenEndOffset: logEndOffset, flush } = this.#open
    this.#isClosed = true
    this.#stateChanged()
    for (const segment of loaded.segments.all) segment.moveTo(directory)
    loaded.snapshots.moveTo(directory)
    return { ...loaded, logStartOffset, logEndOffset, recoveryPoint: flush.flusher.syncedOffset, isClean: false }
  }

  async close(): Promise<boolean> {
    if (this.#pause !== null) await this.#pause.ended
    this.#isClosed = true
    this.#stateChanged()
    await this.#commit.idle()
    await this.housekeeping.idle()
    await this.#reopening
    await this.#truncation
    let isClean = this.#offlineReason === null
    // What the next start misses of an empty log it makes anew: nothing of it has to last.
    if (isClean && this.#open.writtenEndOffset > 0) {
      try {
        await this.#open.flush.saveForCleanStart()
      } catch (error) {
        this.fail(error)
        isClean = false
      }
    }
    this.#open.release()
    this.#tail.clear()
    this.#highWatermark.fail(offlineResult)
    return isClean
  }

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
