import { type Clock, type Disk, DiskError, type Random } from '@odradek/platform'
import { errorCodes } from '@odradek/protocol'
import { inParallel } from '../in-parallel.ts'
import type { Logger } from '../logger.ts'
import { OdradekError } from '../odradek-error.ts'
import { formatCleanShutdown } from './clean-shutdown.ts'
import type { DataDirectory } from './data-directory.ts'
import { DeferredRemoval } from './deferred-removal.ts'
import { withDescriptorRelief } from './descriptor-relief.ts'
import { deletedDirectoryName, partitionDirectoryName, strayDirectoryName } from './file-names.ts'
import { FileReader } from './file-reader.ts'
import { DiskPace } from './group-commit.ts'
import { LogCleaner } from './log-cleaner.ts'
import type { LogConfig } from './log-config.ts'
import type { SharedLogContext } from './log-context.ts'
import type { LogDirectory, NewLog } from './log-directory.ts'
import { defaultLogManagerConfig, type LogManagerConfig } from './log-manager-config.ts'
import { LogMoves } from './log-moves.ts'
import { Maintenance } from './maintenance.ts'
import { MoveThrottle } from './move-throttle.ts'
import { NamedTimers } from './named-timers.ts'
import { OfflineLogs } from './offline-logs.ts'
import { openDirectories, type UnreadableDirectory } from './open-directories.ts'
import { OpenSegments } from './open-segments.ts'
import type { PartitionLog } from './partition-log.ts'
import { lostTopicId, writePartitionMetadata, zeroTopicId } from './partition-metadata.ts'
import { TailCache } from './tail-cache.ts'
import { directoryOf } from './text-file.ts'

export interface LogManagerOptions {
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** All that the logs lie in. Of the first one the broker cannot do without. */
  readonly dataDirectories: readonly DataDirectory[]
  /** Those that should be among them, and could not even be opened. */
  readonly unreadable?: readonly UnreadableDirectory[]
  readonly config?: Partial<LogManagerConfig>
  /** Resolved config of a topic; asked for when a log is opened. */
  readonly configOf: (topic: string) => LogConfig
}

/** How often offline logs are looked at. */
const reopenIntervalMs = 1000
/** Every turn looks at all logs: a pause of 0 would leave time for nothing else. */
const shortestCleanerBackoffMs = 100
/** Descriptors that the logs may hold, unless the process has fewer (`withDescriptorRelief`); connections need some, too. */
const openSegmentsMax = 2000
/** How often files that nobody used meanwhile are closed. */
const releaseIntervalMs = 30_000
/** Wishes for partitions that do not exist: anybody may have them. */
const preferredMax = 10_000
/** Logs that are synced at a time at a stop: each waits for one small sync after the other. */
const parallelClosings = 16

/** A log directory, as DescribeLogDirs tells of it. */
export interface LogDirectoryState {
  readonly path: string
  readonly offlineReason: string | null
  /** Of its volume; -1 where they are not known. */
  readonly totalBytes: number
  readonly usableBytes: number
}

/** All logs of a broker: opens and closes them, makes and deletes them, and says when their chores are due. */
export class LogManager {
  readonly #disk: Disk
  readonly #random: Random
  readonly #logger: Logger
  readonly #config: LogManagerConfig
  readonly #shared: SharedLogContext
  /** Those that could be opened at the start. */
  readonly #directories: LogDirectory[] = []
  /** Those that could not. */
  readonly #unreadable: UnreadableDirectory[]
  /** By TOPIC-N, of all directories. */
  readonly #logs = new Map<string, PartitionLog>()
  readonly #timers: NamedTimers
  readonly #cleaner: LogCleaner
  readonly #maintenance: Maintenance
  readonly #moves: LogMoves
  /** Where a partition is to come into being that does not exist yet: path by TOPIC-N. */
  readonly #preferred = new Map<string, string>()
  readonly #offline: OfflineLogs
  /** Partitions that may lie where this start could not read: TOPIC-N. */
  readonly #unfound = new Set<string>()
  /** The partitions that the cluster knew at the start have been asked for. */
  #isSettled = false
  #wasCleanShutdown = false
  #cleanerBackoffMs: number
  #isClosed = false

  private constructor(options: LogManagerOptions) {
    const { clock, random, logger } = options
    const open = new OpenSegments(openSegmentsMax)
    const disk = withDescriptorRelief(options.disk, () => this.#relieveDescriptors(open))
    this.#disk = disk
    this.#random = random
    this.#logger = logger
    this.#config = { ...defaultLogManagerConfig, ...options.config }
    this.#cleanerBackoffMs = this.#config.cleanerBackoffMs
    this.#unreadable = [...(options.unreadable ?? [])]
    this.#shared = {
      disk,
      clock,
      random,
      logger,
      open,
      cache: new TailCache(this.#config.tailCacheBytesMax),
      pace: new DiskPace(clock),
      reader: new FileReader(clock),
      removal: new DeferredRemoval({ disk, clock, logger }),
      producerIdExpirationMs: this.#config.producerIdExpirationMs,
    }
    this.#timers = new NamedTimers(clock)
    const logs = this.#logs
    this.#cleaner = new LogCleaner({
      logs,
      // What is compacted while it is copied may be compacted there, or not.
      isLeftAlone: name => this.#moves.get(name) !== undefined,
      cleaned: () => this.checkpoint(),
    })
    this.#maintenance = new Maintenance({ clock, logs, deleted: () => this.#checkpointSoon() })
    this.#moves = new LogMoves({
      directories: this.#directories,
      disk,
      clock,
      logger,
      unique: () => this.#unique(),
      throttle: new MoveThrottle(clock, this.#config.moveQuota),
      moved: () => this.#checkpointSoon(),
      cleanedOffsets: () => this.#cleaner.cleanedOffsets,
    })
    this.#offline = new OfflineLogs({ disk, clock, directories: this.#directories, logs })
  }

  #relieveDescriptors(open: OpenSegments): boolean {
    const maxBefore = open.max
    const isRelieved = open.lowerMax()
    if (open.max < maxBefore) {
      this.#logger.warn(
        'the process may open no more files: fewer of the logs stay open from now on. A higher limit (ulimit -n) makes it quicker',
        { openLogsMax: open.max },
      )
    }
    return isRelieved
  }

  /** Opens every partition in the data directories; after an unclean stop it recovers them first. Rejects with OdradekError. */
  static async open(options: LogManagerOptions): Promise<LogManager> {
    const manager = new LogManager(options)
    await manager.#openAll(options)
    manager.#startTimers()
    return manager
  }

  async #openAll({ dataDirectories, configOf }: LogManagerOptions): Promise<void> {
    const opened = await openDirectories(dataDirectories, {
      shared: this.#shared,
      diskFailed: (directory, error) => this.#diskFailed(directory, error),
      unique: () => this.#unique(),
      configOf,
    })
    this.#directories.push(...opened.directories)
    this.#unreadable.push(...opened.unreadable)
    for (const directory of opened.directories) {
      for (const [name, log] of directory.logs) this.#logs.set(name, log)
    }
    this.#cleaner.remember(opened.cleanedOffsets)
    this.#wasCleanShutdown = opened.wasCleanShutdown && this.#unreadable.length === 0
  }

  /** True when the last stop left the clean-shutdown marker, and nothing is missing since. */
  get wasCleanShutdown(): boolean {
    return this.#wasCleanShutdown
  }

  /** Where one log's disk fails, the others' may have: then no new log should go there, nor be waited for until it fails itself. */
  #diskFailed(directory: LogDirectory, error: unknown): void {
    if (this.#directories.length === 1 || this.#isClosed) return
    const isPassing = error instanceof DiskError && (error.kind === 'full' || error.kind === 'descriptors')
    if (!isPassing) void directory.check()
  }

  /** All that the broker was told to use, the first one first. */
  get directoryStates(): readonly LogDirectoryState[] {
    const states = this.#directories.map(directory => ({
      path: directory.path,
      offlineReason: directory.offlineReason,
      ...directory.space(),
    }))
    const unreadable = this.#unreadable.map(({ path, reason }) => ({
      path,
      offlineReason: reason,
      totalBytes: -1,
      usableBytes: -1,
    }))
    return [...states, ...unreadable]
  }

  /** Nothing may be made or deleted any more. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  get(topic: string, partition: number): PartitionLog | undefined {
    return this.#logs.get(partitionDirectoryName(topic, partition))
  }

  /** All open logs, among them those of topics that the metadata may no longer know (strays). */
  logs(): IterableIterator<PartitionLog> {
    return this.#logs.values()
  }

  /**
   * A new partition's directory and log, or the existing one with that topic id. An existing one with another id, or with records and
   * a lost id, is set aside first, see `setAsideStrays`. Throws OdradekError when the disk fails: then `createLater`, if it is still wanted.
   */
  create(wanted: NewLog): PartitionLog {
    const { topic, partition, topicId, config } = wanted
    const name = partitionDirectoryName(topic, partition)
    const existing = this.#logs.get(name)
    try {
      if (existing !== undefined) {
        const isEmpty = existing.logEndOffset === 0
        if (existing.topicId === zeroTopicId || (existing.topicId === lostTopicId && isEmpty)) {
          writePartitionMetadata(this.#disk, existing.directory, topicId)
          existing.topicId = topicId
        }
        if (existing.topicId === topicId) {
          existing.config = config
          this.#moves.resume(existing)
          return existing
        }
        this.#setAside(existing)
      }
    } catch (error) {
      throw notCreated(existing?.directory ?? name, error)
    }
    this.#refuseUnfound(name)
    return this.#createNew(name, wanted)
  }

  /** What the cluster has had before this start may lie where it could not read: an empty log would pass for all there is. */
  #refuseUnfound(name: string): void {
    if (this.#unreadable.length === 0) return
    if (!this.#isSettled) this.#unfound.add(name)
    if (!this.#unfound.has(name)) return
    const paths = this.#unreadable.map(({ path }) => path).join(', ')
    throw new OdradekError(
      'log-not-created',
      `The log ${name} may lie in ${paths}, which could not be read at the start`,
    )
  }

  /** In the directory that has the fewest; where that fails, in the next. Throws OdradekError. */
  #createNew(name: string, wanted: NewLog): PartitionLog {
    let first: unknown = null
    for (const directory of this.#directoriesForNew(name)) {
      try {
        const log = directory.create(name, wanted)
        directory.logs.set(name, log)
        this.#logs.set(name, log)
        this.#preferred.delete(name)
        return log
      } catch (error) {
        if (!(error instanceof DiskError)) throw error
        first ??= notCreated(directory.file(name), error)
      }
    }
    throw (
      first ?? new OdradekError('log-not-created', `The log ${name} cannot be made: all log directories are offline`)
    )
  }

  #directoriesForNew(name: string): LogDirectory[] {
    const preferred = this.#online.find(({ path }) => path === this.#preferred.get(name))
    if (preferred !== undefined) return [preferred]
    const held = ({ logs, futures }: LogDirectory) => logs.size + futures.size
    return this.#online.sort((a, b) => held(a) - held(b))
  }

  /** NONE, LOG_DIR_NOT_FOUND or KAFKA_STORAGE_ERROR: whether a log could be moved there. */
  checkDirectory(path: string): number {
    const known = this.directoryStates.find(directory => directory.path === path)
    if (known === undefined) return errorCodes.LOG_DIR_NOT_FOUND
    return known.offlineReason === null ? errorCodes.NONE : errorCodes.KAFKA_STORAGE_ERROR
  }

  /** A partition that does not exist yet is to come into being there. */
  prefer(topic: string, partition: number, path: string): void {
    const name = partitionDirectoryName(topic, partition)
    this.#preferred.delete(name)
    this.#preferred.set(name, path)
    const [oldest] = this.#preferred.size > preferredMax ? this.#preferred.keys() : []
    if (oldest !== undefined) this.#preferred.delete(oldest)
  }

  /**
   * Begins to move a log to another of the broker's directories, in the place of a move that is under way; where it is there
   * already, it stays. NONE, or KAFKA_STORAGE_ERROR.
   */
  move(log: PartitionLog, path: string): number {
    const to = this.#online.find(directory => directory.path === path)
    if (to === undefined || log.offlineReason !== null) return errorCodes.KAFKA_STORAGE_ERROR
    try {
      if (directoryOf(log.directory) === path) this.#moves.cancel(partitionDirectoryName(log.topic, log.partition))
      else this.#moves.start(log, to)
      return errorCodes.NONE
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      this.#logger.error('a partition cannot be moved', { log: log.directory, to: path, error })
      return errorCodes.KAFKA_STORAGE_ERROR
    }
  }

  /** Of a log that is being moved: where to, how far it is behind there, and what is there. */
  moveOf(log: PartitionLog): { readonly future: PartitionLog; readonly lag: number } | undefined {
    return this.#moves.get(partitionDirectoryName(log.topic, log.partition))
  }

  /**
   * For a log that `create` could not make: `create` is called again, with the turns that bring offline logs back, until it
   * says that it is done, or the partition is deleted.
   */
  createLater(topic: string, partition: number, create: () => boolean): void {
    this.#offline.addMissing(partitionDirectoryName(topic, partition), create)
  }

  /** The directory is renamed to TOPIC-N.UNIQUE-delete at once and removed after file.delete.delay.ms; fine without one. */
  delete(topic: string, partition: number): void {
    const name = partitionDirectoryName(topic, partition)
    this.#offline.forgetMissing(name)
    this.#unfound.delete(name)
    const log = this.#logs.get(name)
    if (log === undefined) return
    this.#forget(log)
    const renamed = beside(log.directory, deletedDirectoryName(topic, partition, this.#unique()))
    try {
      this.#disk.renameSync(log.directory, renamed)
      this.#shared.removal.schedule([renamed], log.config.fileDeleteDelayMs)
    } catch (error) {
      this.#logger.error('a deleted partition could not be renamed: its directory stays', { log: log.directory, error })
    }
    this.#checkpointSoon()
  }

  /**
   * Logs that are no part of the cluster: of a topic whose deletion a crash cut short, or moved here from another cluster.
   * Their directories get another name (TOPIC-N.UNIQUE-stray), as Kafka's do, and are left to whoever knows what they are.
   */
  setAsideStrays(isKnown: (log: PartitionLog) => boolean): void {
    this.#isSettled = true
    for (const log of [...this.#logs.values()]) if (!isKnown(log)) this.#setAside(log)
    this.#moves.discardOrphans(name => this.#unfound.has(name))
  }

  #setAside(log: PartitionLog): void {
    this.#forget(log)
    const renamed = beside(log.directory, strayDirectoryName(log.topic, log.partition, this.#unique()))
    try {
      this.#disk.renameSync(log.directory, renamed)
      this.#logger.warn('set a directory aside that belongs to no partition of this cluster', {
        from: log.directory,
        to: renamed,
        topicId: log.topicId,
      })
    } catch (error) {
      this.#logger.error('a stray directory could not be renamed', { log: log.directory, error })
    }
  }

  #forget(log: PartitionLog): void {
    const name = partitionDirectoryName(log.topic, log.partition)
    this.#moves.forget(name)
    this.#logs.delete(name)
    for (const { logs } of this.#directories) logs.delete(name)
    this.#cleaner.forget(name)
    log.abandon()
  }

  #unique(): string {
    return this.#random.bytes(16).toString('hex')
  }

  /** Of all producers that a log remembers; -1 without one. */
  get highestProducerId(): number {
    let highest = -1
    for (const log of this.#logs.values()) highest = Math.max(highest, log.highestProducerId)
    return highest
  }

  /** Applies a topic's changed config to its partitions. */
  updateConfig(topic: string, config: LogConfig): void {
    for (const log of this.#logs.values()) if (log.topic === topic) log.config = config
  }

  /** The pause begins anew. */
  updateCleanerBackoff(backoffMs: number): void {
    if (backoffMs === this.#cleanerBackoffMs) return
    this.#cleanerBackoffMs = backoffMs
    this.#timers.cancel('cleaner')
    this.#startCleaner()
  }

  /** Runs retention, flush.ms and producer expiry now, as the timers do. */
  runMaintenance(): void {
    this.#maintenance.applyRetention()
    this.#maintenance.flushDue()
    this.#maintenance.expireProducers()
  }

  /** Compacts what has become dirty enough, as the timer does. */
  compactDirty(): Promise<void> {
    return this.#cleaner.compactDirty()
  }

  /** Writes the checkpoint files, as the timer does. */
  async checkpoint(): Promise<void> {
    const { cleanedOffsets } = this.#cleaner
    await Promise.all(this.#online.map(({ checkpoints }) => checkpoints.write(cleanedOffsets)))
  }

  get #online(): LogDirectory[] {
    return this.#directories.filter(({ offlineReason }) => offlineReason === null)
  }

  /** For what should not wait for the next turn of the timer, but need not be written for each of many calls. */
  #checkpointSoon(): void {
    this.#timers.once('checkpoint soon', 1000, () => void this.checkpoint())
  }

  #startTimers(): void {
    const timers = this.#timers
    const maintenance = this.#maintenance
    const config = this.#config
    const firstMs = config.initialTaskDelayMs
    const retention = { firstMs, everyMs: config.retentionCheckIntervalMs }
    timers.repeat('retention', retention, () => void maintenance.applyRetentionInTurns())
    timers.repeat('flush', { firstMs, everyMs: config.flushSchedulerIntervalMs }, () => maintenance.flushDue())
    const checkpointMs = Math.min(config.recoveryPointCheckpointIntervalMs, config.logStartOffsetCheckpointIntervalMs)
    timers.repeat('checkpoint', { firstMs, everyMs: checkpointMs }, () => void this.checkpoint())
    timers.repeat('producers', always(config.producerIdExpirationCheckIntervalMs), () => maintenance.expireProducers())
    this.#startCleaner()
    timers.repeat('release', always(releaseIntervalMs), () => this.#shared.open.releaseIdle())
    timers.repeat('reopen', always(reopenIntervalMs), () => void this.#offline.bringBack())
  }

  #startCleaner(): void {
    const backoffMs = Math.max(this.#cleanerBackoffMs, shortestCleanerBackoffMs)
    this.#timers.repeat('cleaner', always(backoffMs), () => void this.compactDirty())
  }

  /** Stops timers, flushes, writes snapshots, checkpoints and the clean-shutdown marker. The data directory stays locked. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#timers.close()
    this.#cleaner.stop()
    this.#maintenance.stop()
    this.#offline.stop()
    this.#shared.removal.close()
    await this.#moves.stop()
    const unclean = new Set<string>()
    const futures = this.#directories.flatMap(directory => [...directory.futures.values()])
    const closing = [...this.#logs.values(), ...futures].map(log => async () => {
      if (!(await log.close())) unclean.add(directoryOf(log.directory))
    })
    await inParallel(closing, parallelClosings)
    const marker = formatCleanShutdown(this.#directories.map(({ directoryId }) => directoryId))
    for (const directory of this.#directories) {
      await directory.settled()
      if (directory.offlineReason === null) this.#markStop(directory, unclean.has(directory.path) ? null : marker)
    }
  }

  #markStop(directory: LogDirectory, marker: string | null): void {
    try {
      directory.checkpoints.writeSync(this.#cleaner.cleanedOffsets)
      if (marker !== null) directory.markCleanShutdown(marker)
    } catch (error) {
      this.#logger.error('the stop could not be marked as clean: the next start recovers', { error })
    }
  }
}

/** Another name in the same directory. */
function beside(path: string, name: string): string {
  return `${directoryOf(path)}/${name}`
}

/** In words that say what to do; bugs as they are. */
function notCreated(directory: string, error: unknown): unknown {
  if (!(error instanceof DiskError)) return error
  const message = `The log ${directory} cannot be made (${error.message}): ${adviceOn(error)}`
  return new OdradekError('log-not-created', message, { cause: error })
}

function adviceOn({ kind }: DiskError): string {
  if (kind === 'full') return 'free some space'
  if (kind === 'descriptors') return 'raise the limit of open files (ulimit -n), or have fewer connections'
  return 'see to the disk, and to owner and permissions of the data directory'
}

/** From the start on at one pace. */
function always(everyMs: number): { firstMs: number; everyMs: number } {
  return { firstMs: everyMs, everyMs }
}
