import { type Clock, type Disk, DiskError, type Random } from '@odradek/platform'
import type { Logger } from '../logger.ts'
import { OdradekError } from '../odradek-error.ts'
import { Checkpoints, type ReadCheckpoints } from './checkpoints.ts'
import type { DataDirectory } from './data-directory.ts'
import { DeferredRemoval } from './deferred-removal.ts'
import { withDescriptorRelief } from './descriptor-relief.ts'
import { DirectoryNames } from './directory-names.ts'
import {
  cleanShutdownFile,
  deletedDirectoryName,
  deletedDirectorySuffix,
  parsePartitionDirectoryName,
  partitionDirectoryName,
  partitionMetadataFile,
  strayDirectoryName,
} from './file-names.ts'
import { FileReader } from './file-reader.ts'
import { DiskPace } from './group-commit.ts'
import { LogCleaner } from './log-cleaner.ts'
import type { LogConfig } from './log-config.ts'
import type { LogContext } from './log-context.ts'
import { defaultLogManagerConfig, type LogManagerConfig } from './log-manager-config.ts'
import { Maintenance } from './maintenance.ts'
import { NamedTimers } from './named-timers.ts'
import { OfflineLogs } from './offline-logs.ts'
import { OpenSegments } from './open-segments.ts'
import { PartitionLog } from './partition-log.ts'
import { formatPartitionMetadata, parsePartitionMetadata, zeroTopicId } from './partition-metadata.ts'
import { TailCache } from './tail-cache.ts'
import { readTextFile, replaceTextFileSync, writeTextFile } from './text-file.ts'

export interface LogManagerOptions {
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly dataDirectory: DataDirectory
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
/** Recoveries at a time: enough to keep the disk's pool busy. */
const parallelRecoveries = 4
/** Logs that are synced at a time at a stop: each waits for one small sync after the other. */
const parallelClosings = 16

/** All logs of a data directory: opens and closes them, makes and deletes them, and says when their chores are due. */
export class LogManager {
  /** True when the last stop left the clean-shutdown marker. */
  readonly wasCleanShutdown: boolean
  readonly #disk: Disk
  readonly #clock: Clock
  readonly #random: Random
  readonly #logger: Logger
  readonly #path: string
  readonly #config: LogManagerConfig
  readonly #context: LogContext
  readonly #logs = new Map<string, PartitionLog>()
  readonly #timers: NamedTimers
  readonly #checkpoints: Checkpoints
  readonly #cleaner: LogCleaner
  readonly #maintenance: Maintenance
  readonly #offline: OfflineLogs
  #cleanerBackoffMs: number
  #isClosed = false

  private constructor(options: LogManagerOptions) {
    const { clock, random, logger } = options
    const open = new OpenSegments(openSegmentsMax)
    const disk = withDescriptorRelief(options.disk, () => this.#relieveDescriptors(open))
    this.#disk = disk
    this.#clock = clock
    this.#random = random
    this.#logger = logger
    this.#path = options.dataDirectory.path
    this.#config = { ...defaultLogManagerConfig, ...options.config }
    this.#cleanerBackoffMs = this.#config.cleanerBackoffMs
    this.#context = {
      disk,
      clock,
      random,
      logger,
      open,
      cache: new TailCache(this.#config.tailCacheBytesMax),
      pace: new DiskPace(clock),
      reader: new FileReader(clock),
      removal: new DeferredRemoval({ disk, clock, logger }),
      names: new DirectoryNames(disk, this.#path),
      producerIdExpirationMs: this.#config.producerIdExpirationMs,
    }
    this.wasCleanShutdown = disk.statSync(this.#file(cleanShutdownFile)) !== null
    this.#timers = new NamedTimers(clock)
    const logs = this.#logs
    this.#checkpoints = new Checkpoints({ disk, logger, path: this.#path, logs })
    this.#cleaner = new LogCleaner({ logs, cleaned: () => this.checkpoint() })
    this.#maintenance = new Maintenance({ clock, logs, deleted: () => this.#checkpointSoon() })
    this.#offline = new OfflineLogs({ disk, clock, path: this.#path, logs })
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

  /** Opens every partition in the data directory; after an unclean stop it recovers them first. Rejects with OdradekError. */
  static async open(options: LogManagerOptions): Promise<LogManager> {
    const manager = new LogManager(options)
    try {
      await manager.#openAll(options.configOf)
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      const message = `The logs in ${options.dataDirectory.path} cannot be opened: ${error.message}`
      throw new OdradekError('logs-unusable', message, { cause: error })
    }
    manager.#startTimers()
    return manager
  }

  async #openAll(configOf: (topic: string) => LogConfig): Promise<void> {
    const names = this.#disk.listSync(this.#path)
    // From here on the marker would lie: a crash must be seen as one.
    this.#disk.removeSync(this.#file(cleanShutdownFile))
    // And a power loss must not bring it back: it would vouch for what was half written since.
    if (this.wasCleanShutdown) await this.#disk.syncDirectory(this.#path)
    const checkpoints = this.#checkpoints.read()
    this.#cleaner.remember(checkpoints.cleanedOffsets)
    const toRecover: (() => Promise<void>)[] = []
    for (const name of names) {
      const path = this.#file(name)
      if (name.endsWith(deletedDirectorySuffix)) {
        this.#context.removal.schedule([path], 0)
        continue
      }
      const parsed = parsePartitionDirectoryName(name)
      if (parsed === null || this.#disk.statSync(path)?.kind !== 'directory') continue
      const options = this.#logOptions(name, parsed, configOf(parsed.topic), checkpoints)
      const log = this.wasCleanShutdown ? PartitionLog.openClean(options) : null
      if (log !== null) this.#logs.set(name, log)
      else toRecover.push(async () => void this.#logs.set(name, await PartitionLog.recover(options)))
    }
    if (toRecover.length === 0) return
    const begun = this.#clock.monotonic()
    await inParallel(toRecover, parallelRecoveries)
    const tookMs = Math.round(this.#clock.monotonic() - begun)
    this.#logger.info('recovered the logs after an unclean stop', { partitions: toRecover.length, tookMs })
  }

  #logOptions(
    name: string,
    { topic, partition }: { topic: string; partition: number },
    config: LogConfig,
    { recoveryPoints, logStartOffsets, highWatermarks }: ReadCheckpoints,
  ) {
    const directory = this.#file(name)
    const text = readTextFile(this.#disk, `${directory}/${partitionMetadataFile}`)
    return {
      context: this.#context,
      topic,
      partition,
      topicId: (text === null ? null : parsePartitionMetadata(text)) ?? zeroTopicId,
      directory,
      config,
      recoveryPoint: recoveryPoints.get(name) ?? 0,
      logStartOffset: logStartOffsets.get(name) ?? 0,
      highWatermark: highWatermarks.get(name) ?? 0,
    }
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
   * A new partition's directory and log, or the existing one with that topic id. An existing one with another id is set
   * aside first, see `setAsideStrays`. Throws OdradekError when the disk fails: then `createLater`, if it is still wanted.
   */
  create({
    topic,
    partition,
    topicId,
    config,
  }: {
    topic: string
    partition: number
    topicId: string
    config: LogConfig
  }): PartitionLog {
    const name = partitionDirectoryName(topic, partition)
    const directory = this.#file(name)
    try {
      const existing = this.#logs.get(name)
      if (existing !== undefined) {
        if (existing.topicId === zeroTopicId) {
          writeTextFile(this.#disk, `${directory}/${partitionMetadataFile}`, formatPartitionMetadata(topicId))
          existing.topicId = topicId
        }
        if (existing.topicId === topicId) {
          existing.config = config
          return existing
        }
        this.#setAside(existing)
      }
      const log = this.#createIn(directory, { topic, partition, topicId, config })
      this.#logs.set(name, log)
      return log
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      const message = `The log ${directory} cannot be made (${error.message}): ${adviceOn(error)}`
      throw new OdradekError('log-not-created', message, { cause: error })
    }
  }

  #createIn(directory: string, log: { topic: string; partition: number; topicId: string; config: LogConfig }) {
    const isNew = this.#disk.statSync(directory) === null
    try {
      this.#disk.makeDirectorySync(directory)
      this.#context.names.changed()
      writeTextFile(this.#disk, `${directory}/${partitionMetadataFile}`, formatPartitionMetadata(log.topicId))
      const offsets = { recoveryPoint: 0, logStartOffset: 0, highWatermark: 0 }
      return PartitionLog.create({ context: this.#context, ...log, directory, ...offsets })
    } catch (error) {
      if (isNew) this.#removeHalfMade(directory)
      throw error
    }
  }

  /** Its topic may be deleted before the log comes into being: then nobody would know the directory any more. */
  #removeHalfMade(directory: string): void {
    try {
      this.#disk.removeSync(directory)
    } catch (error) {
      this.#logger.warn('a directory could not be removed', { directory, error })
    }
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
    this.#offline.forgetMissing(partitionDirectoryName(topic, partition))
    const log = this.get(topic, partition)
    if (log === undefined) return
    this.#forget(log)
    const renamed = this.#file(deletedDirectoryName(topic, partition, this.#unique()))
    try {
      this.#disk.renameSync(log.directory, renamed)
      this.#context.removal.schedule([renamed], log.config.fileDeleteDelayMs)
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
    for (const log of [...this.#logs.values()]) if (!isKnown(log)) this.#setAside(log)
  }

  #setAside(log: PartitionLog): void {
    this.#forget(log)
    const renamed = this.#file(strayDirectoryName(log.topic, log.partition, this.#unique()))
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
    this.#logs.delete(name)
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
  checkpoint(): Promise<void> {
    return this.#checkpoints.write(this.#cleaner.cleanedOffsets)
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
    timers.repeat('release', always(releaseIntervalMs), () => this.#context.open.releaseIdle())
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
    this.#context.removal.close()
    const outcomes: boolean[] = []
    const closing = [...this.#logs.values()].map(log => async () => void outcomes.push(await log.close()))
    await inParallel(closing, parallelClosings)
    await this.#checkpoints.settled()
    try {
      this.#checkpoints.writeSync(this.#cleaner.cleanedOffsets)
      if (outcomes.every(isClean => isClean)) {
        replaceTextFileSync(this.#disk, this.#file(cleanShutdownFile), '{"version":0,"brokerEpoch":-1}')
      }
    } catch (error) {
      this.#logger.error('the stop could not be marked as clean: the next start recovers', { error })
    }
  }

  #file(name: string): string {
    return `${this.#path}/${name}`
  }
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

async function inParallel(tasks: readonly (() => Promise<void>)[], limit: number): Promise<void> {
  const queue = tasks.values()
  const worker = async () => {
    for (const task of queue) await task()
  }
  await Promise.all(Array.from({ length: limit }, worker))
}
