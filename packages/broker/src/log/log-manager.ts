import { type Clock, type Disk, DiskError, type Random, type Timer } from '@odradek/platform'
import type { Dirt } from '../core/partition/compaction-rules.ts'
import type { Logger } from '../logger.ts'
import { OdradekError } from '../odradek-error.ts'
import { formatOffsetCheckpoint, type OffsetCheckpoint, parseOffsetCheckpoint } from './checkpoint-file.ts'
import type { DataDirectory } from './data-directory.ts'
import { DeferredRemoval } from './deferred-removal.ts'
import { DirectoryNames } from './directory-names.ts'
import {
  cleanerCheckpointFile,
  cleanShutdownFile,
  deletedDirectoryName,
  deletedDirectorySuffix,
  highWatermarkCheckpointFile,
  logStartOffsetCheckpointFile,
  parsePartitionDirectoryName,
  partitionDirectoryName,
  partitionMetadataFile,
  recoveryPointCheckpointFile,
  strayDirectoryName,
} from './file-names.ts'
import { FileReader } from './file-reader.ts'
import { DiskPace } from './group-commit.ts'
import type { LogConfig } from './log-config.ts'
import type { LogContext } from './log-context.ts'
import { OpenSegments } from './open-segments.ts'
import { PartitionLog } from './partition-log.ts'
import { formatPartitionMetadata, parsePartitionMetadata, zeroTopicId } from './partition-metadata.ts'
import { TailCache } from './tail-cache.ts'
import { readTextFile, replaceTextFile, replaceTextFileSync, writeTextFile } from './text-file.ts'

/** Broker-wide settings of the logs; Kafka's names with the unit at the end. */
export interface LogManagerConfig {
  /** log.retention.check.interval.ms (300,000). */
  readonly retentionCheckIntervalMs: number
  /** log.flush.scheduler.interval.ms: how often flush.ms is looked at. */
  readonly flushSchedulerIntervalMs: number
  /** log.flush.offset.checkpoint.interval.ms (60,000). */
  readonly recoveryPointCheckpointIntervalMs: number
  /** log.flush.start.offset.checkpoint.interval.ms (60,000). */
  readonly logStartOffsetCheckpointIntervalMs: number
  /** log.initial.task.delay.ms (30,000). */
  readonly initialTaskDelayMs: number
  /** producer.id.expiration.ms (86,400,000). */
  readonly producerIdExpirationMs: number
  /** producer.id.expiration.check.interval.ms (600,000). */
  readonly producerIdExpirationCheckIntervalMs: number
  /** log.cleaner.backoff.ms (15,000): how often compacted topics are looked at. */
  readonly cleanerBackoffMs: number
  /** Bytes of records kept in memory for readers near the end, over all partitions. */
  readonly tailCacheBytesMax: number
}

export const defaultLogManagerConfig: LogManagerConfig = {
  retentionCheckIntervalMs: 300_000,
  flushSchedulerIntervalMs: Number.MAX_SAFE_INTEGER,
  recoveryPointCheckpointIntervalMs: 60_000,
  logStartOffsetCheckpointIntervalMs: 60_000,
  initialTaskDelayMs: 30_000,
  producerIdExpirationMs: 86_400_000,
  producerIdExpirationCheckIntervalMs: 600_000,
  cleanerBackoffMs: 15_000,
  tailCacheBytesMax: 64 * 1024 * 1024,
}

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

/** How often an offline log is looked at, and how much space there must be again before it is opened. */
const reopenIntervalMs = 1000
const reopenUsableBytes = 16 * 1024 * 1024
/** Every turn looks at all logs: a pause of 0 would leave time for nothing else. */
const shortestCleanerBackoffMs = 100
/** Descriptors that the logs may hold; connections need some, too. */
const openSegmentsMax = 2000
/** How often files that nobody used meanwhile are closed. */
const releaseIntervalMs = 30_000
/** Recoveries at a time: enough to keep the disk's pool busy. */
const parallelRecoveries = 4
/** Logs that are synced at a time at a stop: each waits for one small sync after the other. */
const parallelClosings = 16

interface Checkpoints {
  readonly recoveryPoints: OffsetCheckpoint
  readonly logStartOffsets: OffsetCheckpoint
}

/** All logs of a data directory: opens and closes them, makes and deletes them, and does their chores by the clock. */
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
  readonly #timers = new Map<string, Timer>()
  #cleanerBackoffMs: number
  /** Up to where each compacted log has been. */
  #cleanedOffsets = new Map<string, number>()
  #compacting: Promise<void> | null = null
  #isClosed = false
  #checkpointing: Promise<void> = Promise.resolve()

  private constructor(options: LogManagerOptions) {
    const { disk, clock, random, logger } = options
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
      open: new OpenSegments(openSegmentsMax),
      cache: new TailCache(this.#config.tailCacheBytesMax),
      pace: new DiskPace(clock),
      reader: new FileReader(clock),
      removal: new DeferredRemoval({ disk, clock, logger }),
      names: new DirectoryNames(disk, this.#path),
      producerIdExpirationMs: this.#config.producerIdExpirationMs,
    }
    this.wasCleanShutdown = disk.statSync(this.#file(cleanShutdownFile)) !== null
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
    const checkpoints = {
      recoveryPoints: this.#readCheckpoint(recoveryPointCheckpointFile),
      logStartOffsets: this.#readCheckpoint(logStartOffsetCheckpointFile),
    }
    this.#cleanedOffsets = new Map(this.#readCheckpoint(cleanerCheckpointFile))
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
    { recoveryPoints, logStartOffsets }: Checkpoints,
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
    }
  }

  #readCheckpoint(name: string): OffsetCheckpoint {
    const path = this.#file(name)
    const text = readTextFile(this.#disk, path)
    // Kafka makes its cleaner's file before there is anything to write.
    const checkpoint = text === null || text === '' ? new Map<string, number>() : parseOffsetCheckpoint(text)
    if (checkpoint !== null) return checkpoint
    this.#logger.warn('a checkpoint file cannot be read and is made anew', { path })
    return new Map()
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
   * aside first, see `setAsideStrays`. Throws OdradekError when the disk fails.
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
      this.#disk.makeDirectorySync(directory)
      this.#context.names.changed()
      writeTextFile(this.#disk, `${directory}/${partitionMetadataFile}`, formatPartitionMetadata(topicId))
      const context = this.#context
      const log = PartitionLog.create({
        context,
        topic,
        partition,
        topicId,
        directory,
        config,
        recoveryPoint: 0,
        logStartOffset: 0,
      })
      this.#logs.set(name, log)
      return log
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      throw new OdradekError('log-not-created', `The log ${directory} cannot be made: ${error.message}`, {
        cause: error,
      })
    }
  }

  /** The directory is renamed to TOPIC-N.UNIQUE-delete at once and removed after file.delete.delay.ms. */
  delete(topic: string, partition: number): void {
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
    this.#scheduleCheckpoint()
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
    this.#cleanedOffsets.delete(name)
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
    this.#timers.get('cleaner')?.cancel()
    this.#timers.delete('cleaner')
    this.#startCleaner()
  }

  /** Runs retention, flush.ms and producer expiry now, as the timers do. */
  runMaintenance(): void {
    this.#applyRetention()
    this.#flushDue()
    this.#expireProducers()
  }

  #applyRetention(): void {
    for (const log of this.#logs.values()) this.#applyRetentionTo(log)
  }

  /** Syncs and renames keep the loop for milliseconds a log: with thousands of them clients have to be served in between. */
  async #applyRetentionInTurns(): Promise<void> {
    for (const log of [...this.#logs.values()]) {
      if (this.#isClosed) return
      if (this.#applyRetentionTo(log) > 0) await new Promise<void>(resolve => this.#clock.soon(resolve))
    }
  }

  #applyRetentionTo(log: PartitionLog): number {
    const deleted = log.applyRetention(this.#clock.now())
    if (deleted > 0) this.#scheduleCheckpoint()
    return deleted
  }

  #flushDue(): void {
    const nowMs = this.#clock.now()
    for (const log of this.#logs.values()) log.flushIfDue(nowMs)
  }

  #expireProducers(): void {
    const nowMs = this.#clock.now()
    for (const log of this.#logs.values()) log.expireProducers(nowMs)
  }

  /** Compacts what has become dirty enough, the dirtiest first; one log at a time. For the timer, and for tests. */
  compactDirty(): Promise<void> {
    this.#compacting ??= this.#compactAll().finally(() => {
      this.#compacting = null
    })
    return this.#compacting
  }

  async #compactAll(): Promise<void> {
    const seen = new Set<PartitionLog>()
    while (!this.#isClosed) {
      const next = this.#dirtiest(seen)
      if (next === null) return
      const { name, log, dirt } = next
      const cleanedOffset = await log.compact(dirt)
      // No step forward: it failed, or a key map was full at once. It comes again with the next turn of the timer.
      if (cleanedOffset <= dirt.firstDirtyOffset) seen.add(log)
      if (this.#logs.get(name) !== log) continue
      this.#cleanedOffsets.set(name, cleanedOffset)
      await this.checkpoint()
    }
  }

  #dirtiest(except: ReadonlySet<PartitionLog>): { name: string; log: PartitionLog; dirt: Dirt } | null {
    let dirtiest: { name: string; log: PartitionLog; dirt: Dirt } | null = null
    for (const [name, log] of this.#logs) {
      if (except.has(log)) continue
      const dirt = log.measureDirt(this.#cleanedOffsets.get(name) ?? 0)
      if (dirt?.isDue && (dirtiest === null || dirt.ratio > dirtiest.dirt.ratio)) dirtiest = { name, log, dirt }
    }
    return dirtiest
  }

  /** Writes the checkpoint files; one after the other. Failing is no reason to stop: the old ones are merely older. */
  checkpoint(): Promise<void> {
    this.#checkpointing = this.#checkpointing.then(async () => {
      try {
        for (const [name, text] of this.#checkpointTexts()) await replaceTextFile(this.#disk, this.#file(name), text)
      } catch (error) {
        this.#logger.warn('the checkpoint files could not be written; a recovery would take longer', { error })
      }
    })
    return this.#checkpointing
  }

  #checkpointTexts(): [name: string, text: string][] {
    const logs = [...this.#logs.values()]
    const text = (offsetOf: (log: PartitionLog) => number) =>
      formatOffsetCheckpoint(logs.map(log => ({ topic: log.topic, partition: log.partition, offset: offsetOf(log) })))
    const moved = logs.filter(log => log.logStartOffset > log.firstSegmentOffset)
    return [
      [recoveryPointCheckpointFile, text(log => log.recoveryPoint)],
      [
        logStartOffsetCheckpointFile,
        formatOffsetCheckpoint(
          moved.map(log => ({ topic: log.topic, partition: log.partition, offset: log.logStartOffset })),
        ),
      ],
      [highWatermarkCheckpointFile, text(log => log.highWatermark)],
      [cleanerCheckpointFile, formatOffsetCheckpoint(this.#cleanedPartitions())],
    ]
  }

  *#cleanedPartitions(): Generator<{ topic: string; partition: number; offset: number }> {
    for (const [name, offset] of this.#cleanedOffsets) {
      const log = this.#logs.get(name)
      if (log !== undefined) yield { topic: log.topic, partition: log.partition, offset }
    }
  }

  /** For what should not wait for the next turn of the timer, but need not be written for each of many calls. */
  #scheduleCheckpoint(): void {
    this.#once('checkpoint soon', 1000, () => void this.checkpoint())
  }

  #startTimers(): void {
    const config = this.#config
    const initialMs = config.initialTaskDelayMs
    this.#repeat('retention', initialMs, config.retentionCheckIntervalMs, () => void this.#applyRetentionInTurns())
    this.#repeat('flush', initialMs, config.flushSchedulerIntervalMs, () => this.#flushDue())
    const checkpointMs = Math.min(config.recoveryPointCheckpointIntervalMs, config.logStartOffsetCheckpointIntervalMs)
    this.#repeat('checkpoint', initialMs, checkpointMs, () => void this.checkpoint())
    const expiryMs = config.producerIdExpirationCheckIntervalMs
    this.#repeat('producers', expiryMs, expiryMs, () => this.#expireProducers())
    this.#startCleaner()
    this.#repeat('release', releaseIntervalMs, releaseIntervalMs, () => this.#context.open.releaseIdle())
    this.#repeat('reopen', reopenIntervalMs, reopenIntervalMs, () => void this.#reopenOffline())
  }

  #startCleaner(): void {
    const everyMs = Math.max(this.#cleanerBackoffMs, shortestCleanerBackoffMs)
    this.#repeat('cleaner', everyMs, everyMs, () => void this.compactDirty())
  }

  #repeat(name: string, firstMs: number, everyMs: number, task: () => void): void {
    this.#once(name, firstMs, () => {
      this.#repeat(name, everyMs, everyMs, task)
      task()
    })
  }

  #once(name: string, delayMs: number, task: () => void): void {
    if (this.#isClosed || delayMs > 0x7fffffff || this.#timers.has(name)) return
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(name)
      task()
    })
    this.#timers.set(name, timer)
  }

  /** What space or descriptors lacked for serves again by itself; a disk that failed otherwise needs a person. */
  async #reopenOffline(): Promise<void> {
    for (const log of this.#logs.values()) {
      if (log.offlineReason === null || !log.canReopen) continue
      try {
        if (this.#disk.spaceSync(this.#path).usableBytes < reopenUsableBytes) return
      } catch {
        return
      }
      await log.reopen()
    }
  }

  /** Stops timers, flushes, writes snapshots, checkpoints and the clean-shutdown marker. The data directory stays locked. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
    this.#context.removal.close()
    const texts = () => this.#checkpointTexts()
    const outcomes: boolean[] = []
    const closing = [...this.#logs.values()].map(log => async () => void outcomes.push(await log.close()))
    await inParallel(closing, parallelClosings)
    await this.#checkpointing
    try {
      for (const [name, text] of texts()) replaceTextFileSync(this.#disk, this.#file(name), text)
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

async function inParallel(tasks: readonly (() => Promise<void>)[], limit: number): Promise<void> {
  const queue = tasks.values()
  const worker = async () => {
    for (const task of queue) await task()
  }
  await Promise.all(Array.from({ length: limit }, worker))
}
