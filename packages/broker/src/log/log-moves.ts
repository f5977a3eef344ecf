import { type Clock, type Disk, DiskError } from '@odradek/platform'
import type { Logger } from '../logger.ts'
import { deletedDirectoryName, futureDirectoryName, partitionDirectoryName } from './file-names.ts'
import type { LogDirectory } from './log-directory.ts'
import { LogMove } from './log-move.ts'
import type { MoveThrottle } from './move-throttle.ts'
import type { PartitionLog } from './partition-log.ts'
import { directoryOf } from './text-file.ts'

export interface LogMovesOptions {
  readonly directories: readonly LogDirectory[]
  readonly disk: Disk
  readonly clock: Clock
  readonly logger: Logger
  readonly unique: () => string
  readonly throttle: MoveThrottle
  /** A log lies in another directory than before. */
  readonly moved: () => void
  readonly cleanedOffsets: () => ReadonlyMap<string, number>
}

interface Begun {
  readonly move: LogMove
  readonly from: LogDirectory
}

/** Logs on their way from one directory to another (KIP-113): as many at a time as there are directories. */
export class LogMoves {
  readonly #options: LogMovesOptions
  /** Those that have not taken over yet, by TOPIC-N: under way or waiting for their turn. */
  readonly #begun = new Map<string, Begun>()
  readonly #waiting: string[] = []
  /** What is being done for a partition, to the very end. */
  readonly #running = new Map<string, { readonly move: LogMove; readonly ended: Promise<void> }>()
  #isStopped = false

  constructor(options: LogMovesOptions) {
    this.#options = options
  }

  /** The move of a partition that has not taken over yet. */
  get(name: string): LogMove | undefined {
    return this.#begun.get(name)?.move
  }

  /** Begins, unless the log is on its way there already. Throws DiskError. */
  start(log: PartitionLog, to: LogDirectory): void {
    const { topic, partition, topicId } = log
    const name = partitionDirectoryName(topic, partition)
    if (this.get(name)?.to === to) return
    this.cancel(name)
    const directoryName = futureDirectoryName(topic, partition, this.#options.unique())
    const future = to.create(directoryName, { topic, partition, topicId, config: futureConfig(log) })
    to.futures.set(name, future)
    this.#begin(name, log, to, { future, isNew: true })
  }

  /** A log that serves again after a start: what it was moved to before goes on. */
  resume(log: PartitionLog): void {
    const name = partitionDirectoryName(log.topic, log.partition)
    for (const to of this.#options.directories) {
      const future = to.futures.get(name)
      if (future === undefined || this.#begun.get(name)?.move.future === future) continue
      const isOwn = future.topicId === log.topicId && directoryOf(log.directory) !== to.path && !this.#begun.has(name)
      if (isOwn) this.#begin(name, log, to, { future, isNew: false })
      else this.#discard(name, to)
    }
  }

  /** What belongs to none of the logs that serve. `isKept` says what may find its log at a later start. */
  discardOrphans(isKept: (name: string) => boolean): void {
    for (const to of this.#options.directories) {
      for (const name of [...to.futures.keys()]) if (!this.#begun.has(name) && !isKept(name)) this.#discard(name, to)
    }
  }

  #begin(
    name: string,
    log: PartitionLog,
    to: LogDirectory,
    { future, isNew }: { future: PartitionLog; isNew: boolean },
  ): void {
    const from = this.#options.directories.find(({ path }) => path === directoryOf(log.directory))
    if (from === undefined) throw new Error(`${log.directory} lies in no log directory`)
    future.config = futureConfig(log)
    const { disk, clock, logger, unique, throttle, cleanedOffsets } = this.#options
    const move = new LogMove({
      log,
      future,
      from,
      to,
      isNew,
      disk,
      clock,
      logger,
      unique,
      throttle,
      tookOver: () => this.#tookOver(name, { from, to, log }),
      checkpoint: () => to.checkpoints.write(cleanedOffsets()),
    })
    this.#begun.set(name, { move, from })
    this.#waiting.push(name)
    // Not within the call: who has just served the log may have more to do to it.
    clock.soon(() => this.#runNext())
  }

  #runNext(): void {
    while (!this.#isStopped && this.#running.size < this.#options.directories.length) {
      const index = this.#waiting.findIndex(name => !this.#running.has(name))
      const [name] = index < 0 ? [] : this.#waiting.splice(index, 1)
      if (name === undefined) return
      const begun = this.#begun.get(name)
      if (begun !== undefined) this.#run(name, begun.move)
    }
  }

  #run(name: string, move: LogMove): void {
    const ended = move.run().then(hasMoved => {
      this.#running.delete(name)
      if (hasMoved) this.#options.moved()
      else if (!this.#isStopped && this.get(name) === move) this.cancel(name)
      this.#runNext()
    })
    this.#running.set(name, { move, ended })
  }

  #tookOver(name: string, { from, to, log }: { from: LogDirectory; to: LogDirectory; log: PartitionLog }): void {
    this.#begun.delete(name)
    to.futures.delete(name)
    from.logs.delete(name)
    to.logs.set(name, log)
    this.#options.moved()
  }

  /** The log stays where it is; nothing where it is not being moved. */
  cancel(name: string): void {
    const begun = this.#begun.get(name)
    if (begun === undefined) return
    this.#begun.delete(name)
    const index = this.#waiting.indexOf(name)
    if (index >= 0) this.#waiting.splice(index, 1)
    begun.move.stop()
    this.#discard(name, begun.move.to)
  }

  /** The log is deleted, or set aside: nothing of it is to stay under its name. */
  forget(name: string): void {
    this.cancel(name)
    try {
      this.#running.get(name)?.move.giveUpOldPlace()
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      this.#options.logger.error('what a deleted partition has left in another directory stays', { name, error })
    }
  }

  #discard(name: string, to: LogDirectory): void {
    const future = to.futures.get(name)
    if (future === undefined) return
    to.futures.delete(name)
    future.abandon()
    const deleted = to.file(deletedDirectoryName(future.topic, future.partition, this.#options.unique()))
    try {
      this.#options.disk.renameSync(future.directory, deleted)
      to.context.removal.schedule([deleted], future.config.fileDeleteDelayMs)
    } catch (error) {
      this.#options.logger.error('a copy that nobody needs could not be renamed: it stays until the next start', {
        log: future.directory,
        error,
      })
    }
  }

  /** For a stop: they go on at the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true
    for (const { move } of this.#begun.values()) move.stop()
    await Promise.all([...this.#running.values()].map(({ ended }) => ended))
  }
}

/** It is synced when it is about to take over, and nobody waits for its acknowledgements before. */
function futureConfig({ config }: PartitionLog): PartitionLog['config'] {
  return { ...config, flushMessages: Number.MAX_SAFE_INTEGER, flushMs: Number.MAX_SAFE_INTEGER }
}
