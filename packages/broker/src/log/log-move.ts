import type { Clock, Disk } from '@odradek/platform'
import type { Logger } from '../logger.ts'
import { deletedDirectoryName, movedFromFile, partitionDirectoryName } from './file-names.ts'
import type { LeftFiles } from './left-files.ts'
import { LogCopy } from './log-copy.ts'
import type { LogDirectory } from './log-directory.ts'
import type { MovedFiles } from './log-files.ts'
import type { MoveThrottle } from './move-throttle.ts'
import type { PartitionLog } from './partition-log.ts'
import { replaceTextFile } from './text-file.ts'

export interface LogMoveOptions {
  readonly log: PartitionLog
  readonly future: PartitionLog
  readonly from: LogDirectory
  readonly to: LogDirectory
  /** Nothing was in the future log before. */
  readonly isNew: boolean
  readonly disk: Disk
  readonly clock: Clock
  readonly logger: Logger
  readonly unique: () => string
  readonly throttle: MoveThrottle
  /** The log lies in its new directory from now on. */
  readonly tookOver: () => void
  /** Writes the checkpoints of the directory that the log goes to. False: they could not be written. */
  readonly checkpoint: () => Promise<boolean>
}

/** What is left when the end of a move is prepared, */
const nearBytes = 4 * 1024 * 1024
/** and at most when it comes: appends wait while it is copied and synced. */
const bringOverBytesMax = 8 * 1024 * 1024
const retryMs = 1000

/**
 * A log on its way to another directory of the broker, while it serves.
 *
 *     A/T-N                  B/T-N.UNIQUE-future
 *       | serves                 | copies, until it has nearly all
 *       |                        | is synced, and notes in B that it comes from A
 *       x appends wait ------->  | has all, and is synced
 *                              B/T-N   from here on it serves: appends go on
 *     A/T-N.UNIQUE-delete        | is synced by its new name, then A/T-N goes, then the note
 *
 * A crash before the new name is there finds a future log beside the log, and the copying goes on. After it there may be two
 * of that name: the note says which of them has come in the place of the other.
 */
export class LogMove {
  readonly log: PartitionLog
  readonly future: PartitionLog
  readonly to: LogDirectory
  readonly #options: LogMoveOptions
  readonly #copy: LogCopy
  #left: LeftFiles | null = null
  #isStopped = false
  #wakeUp: () => void = () => {}

  constructor(options: LogMoveOptions) {
    this.log = options.log
    this.future = options.future
    this.to = options.to
    this.#options = options
    const { log: source, future: copy, isNew, throttle } = options
    this.#copy = new LogCopy({ source, copy, isNew, throttle })
  }

  /** How far the future log is behind. */
  get lag(): number {
    return this.#copy.lag
  }

  /** What is to become of the future log is the caller's business. */
  stop(): void {
    this.#isStopped = true
    this.#copy.close()
    this.#wakeUp()
  }

  /** True when the log has moved; false when the move was stopped, or cannot go on: then it says why. Never rejects. */
  async run(): Promise<boolean> {
    try {
      // Of an earlier move: here only the next one is to be told of.
      await removeNote(this.#options.disk, this.#options.log.directory)
      this.#left = await this.#move()
      if (this.#left === null) return false
      await this.#retire(this.#left)
      return true
    } catch (error) {
      this.#options.logger.error('a partition could not be moved to another directory', { ...this.#fields, error })
      return false
    } finally {
      this.#copy.close()
    }
  }

  get #fields() {
    const { log, to } = this.#options
    return { log: log.directory, to: to.path }
  }

  async #move(): Promise<LeftFiles | null> {
    const { clock, logger, to, checkpoint, throttle } = this.#options
    let isCheckpointed = false
    while (!this.#isStopped) {
      // From then on they speak of this log: until they do, its directory says that they do not, under a name that it is about to lose.
      isCheckpointed ||= await checkpoint()
      if (!isCheckpointed) {
        await to.check()
        if (!(await this.#comeBack())) return null
        continue
      }
      const { waitMs } = throttle
      if (waitMs > 0) {
        await this.#pause(waitMs)
        continue
      }
      const step = await this.#copy.step()
      if (this.#isStopped) break
      if (step === 'corrupt') {
        logger.error('a partition has a batch that is broken: it cannot be moved', this.#fields)
        return null
      }
      if (step === 'offline') {
        if (!(await this.#comeBack())) return null
      } else if (step === 'level' || this.#copy.lagBytes < Math.min(nearBytes, throttle.bytesAtOnce)) {
        const left = await this.#finish()
        if (left !== null) return left
      }
      await new Promise<void>(resolve => clock.soon(resolve))
    }
    return null
  }

  get #target(): string {
    const { log, to } = this.#options
    return to.file(partitionDirectoryName(log.topic, log.partition))
  }

  /** Waits for the log's disk, or for space on the other one. False: the future log is lost. */
  async #comeBack(): Promise<boolean> {
    const { future, logger } = this.#options
    if (future.offlineReason !== null && !future.canReopen) {
      logger.error('a partition stays where it is: the disk that it was to be moved to has failed', this.#fields)
      return false
    }
    await this.#pause(retryMs)
    if (!this.#isStopped) await future.reopen()
    return true
  }

  #pause(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = this.#options.clock.after(delayMs, resolve)
    this.#wakeUp = () => {
      timer.cancel()
      resolve()
    }
    return promise
  }

  /** Null: there is more to do before. Rejects with DiskError. */
  async #finish(): Promise<LeftFiles | null> {
    const { log, future, from, to, disk, checkpoint, logger } = this.#options
    if (!(await future.flush())) return null
    await replaceTextFile(disk, `${future.directory}/${movedFromFile}`, from.directoryId)
    // As far as a crash may set them back: not to nothing.
    if (!(await checkpoint())) await this.#pause(retryMs)
    if (this.#isStopped || this.#copy.lagBytes > bringOverBytesMax) return null
    if (disk.statSync(this.#target) !== null) throw new Error(`${this.#target} is there already`)
    const left = await log.moveTo(() => this.#bringOver())
    if (left !== null) logger.info('moved a partition to another directory', { from: left.directory, to: to.path })
    return left
  }

  /** While appends wait: the rest, for good. The throttle counts it, and holds nothing back. */
  async #bringOver(): Promise<(() => MovedFiles) | null> {
    const { log, future, to, disk, tookOver } = this.#options
    for (let step = await this.#copy.step(); step !== 'level'; step = await this.#copy.step()) {
      if (step !== 'copied') return null
    }
    // All of it: nobody knows how much the old place has for good, since what an earlier life synced may not be noted.
    if (!(await future.flush())) return null
    if (this.#isStopped || future.logEndOffset !== log.logEndOffset) return null
    return () => {
      const directory = this.#target
      disk.renameSync(future.directory, directory)
      to.context.names.changed()
      tookOver()
      return { context: to.context, directory, loaded: future.handOver(directory) }
    }
  }

  /**
   * The old place is given up when the new one is there for good, under its name; and the note there when the old name is gone
   * for good. Rejects with DiskError.
   */
  async #retire(left: LeftFiles): Promise<void> {
    const { log, from, disk } = this.#options
    await left.idle()
    // A log that is deleted has no use for the old place either.
    if (!(await log.flush()) && !log.isAbandoned) return
    this.giveUpOldPlace()
    await disk.syncDirectory(from.path)
    if (!log.isAbandoned) await removeNote(disk, log.directory)
  }

  /** Also for a log that is deleted meanwhile. Throws DiskError. */
  giveUpOldPlace(): void {
    const left = this.#left
    if (left === null) return
    this.#left = null
    const { log, from, disk, unique } = this.#options
    const deleted = from.file(deletedDirectoryName(log.topic, log.partition, unique()))
    disk.renameSync(left.directory, deleted)
    left.moveTo(deleted)
    from.context.removal.schedule([deleted], log.config.fileDeleteDelayMs)
  }
}

/** Says that nothing is left where the partition was before. Rejects with DiskError. */
export async function removeNote(disk: Disk, directory: string): Promise<void> {
  const note = `${directory}/${movedFromFile}`
  if (disk.statSync(note) === null) return
  disk.removeSync(note)
  await disk.syncDirectory(directory)
}
