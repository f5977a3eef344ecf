import { type Disk, DiskError } from '@odradek/platform'
import type { Logger } from '../logger.ts'
import { OdradekError } from '../odradek-error.ts'
import { isDataDirectory } from './broker-directories.ts'
import type { OffsetCheckpoint } from './checkpoint-file.ts'
import { Checkpoints, type ReadCheckpoints } from './checkpoints.ts'
import { parseCleanShutdown } from './clean-shutdown.ts'
import { DirectoryNames } from './directory-names.ts'
import {
  cleanShutdownFile,
  deletedDirectorySuffix,
  diskCheckFile,
  parseFutureDirectoryName,
  parsePartitionDirectoryName,
  partitionDirectoryName,
  partitionMetadataFile,
  unlistedFile,
} from './file-names.ts'
import type { LogConfig } from './log-config.ts'
import type { LogContext, SharedLogContext } from './log-context.ts'
import { PartitionLog, type PartitionLogOptions } from './partition-log.ts'
import { lostTopicId, parsePartitionMetadata, writePartitionMetadata, zeroTopicId } from './partition-metadata.ts'
import { readTextFile, replaceTextFileSync, writeTextFile } from './text-file.ts'

/** What a new log is made of. */
export interface NewLog {
  readonly topic: string
  readonly partition: number
  readonly topicId: string
  readonly config: LogConfig
}

/** A log as a start finds it. */
export interface FoundLog {
  /** TOPIC-N. */
  readonly name: string
  /** It was to take the place of the one of that name in another directory. */
  readonly isFuture: boolean
  /** Its directory holds `unlistedFile`. */
  readonly isUnlisted: boolean
  /** Null: it has to be recovered, which may take a while. */
  readonly opened: PartitionLog | null
  readonly recover: () => Promise<PartitionLog>
}

export interface FoundLogs {
  readonly found: readonly FoundLog[]
  /** By TOPIC-N: up to where a log is compacted. */
  readonly cleanedOffsets: OffsetCheckpoint
}

const nothing: OffsetCheckpoint = new Map()
const noCheckpoints: ReadCheckpoints = {
  recoveryPoints: nothing,
  logStartOffsets: nothing,
  highWatermarks: nothing,
  cleanedOffsets: nothing,
}

/** One of the directories that a broker's logs lie in: its logs, its checkpoints, and whether its disk works. */
export class LogDirectory {
  readonly path: string
  readonly directoryId: string
  /** What the logs in it share. */
  readonly context: LogContext
  /** The last stop left the clean-shutdown marker. */
  readonly wasCleanShutdown: boolean
  /** The directories that the broker had at that stop, by their ids; none where it had but one. */
  readonly knownDirectoryIds: readonly string[]
  /** It was made by this start. */
  readonly isNew: boolean
  /** By TOPIC-N. */
  readonly logs = new Map<string, PartitionLog>()
  /** Those that come from another directory, by the same names. */
  readonly futures = new Map<string, PartitionLog>()
  readonly checkpoints: Checkpoints
  readonly #disk: Disk
  readonly #logger: Logger
  #offlineReason: string | null = null
  #checking: Promise<void> | null = null

  /** Throws DiskError. */
  constructor(options: {
    path: string
    directoryId: string
    isNew: boolean
    shared: SharedLogContext
    /** The disk failed a log that lies here. */
    diskFailed: (directory: LogDirectory, error: unknown) => void
  }) {
    const { path, directoryId, isNew, shared, diskFailed } = options
    const { disk, logger } = shared
    this.path = path
    this.directoryId = directoryId
    this.isNew = isNew
    this.#disk = disk
    this.#logger = logger
    this.context = {
      ...shared,
      names: new DirectoryNames(disk, path),
      diskFailed: error => diskFailed(this, error),
      lowerRecoveryPoint: (name, offset) => this.checkpoints.lowerRecoveryPoint(name, offset),
    }
    const marker = readTextFile(disk, this.file(cleanShutdownFile))
    this.wasCleanShutdown = marker !== null
    this.knownDirectoryIds = parseCleanShutdown(marker)
    this.checkpoints = new Checkpoints({ disk, logger, path, logs: this.logs, futures: this.futures })
  }

  /** Null when all is well; else why nothing in it is served. Until the next start. */
  get offlineReason(): string | null {
    return this.#offlineReason
  }

  file(name: string): string {
    return `${this.path}/${name}`
  }

  /** Its logs answer KAFKA_STORAGE_ERROR from now on. */
  takeOffline(error: unknown): void {
    if (this.#offlineReason !== null) return
    this.#offlineReason = error instanceof Error ? error.message : String(error)
    this.#logger.error('a log directory failed: its partitions are offline until a start finds it in order', {
      directory: this.path,
      error,
    })
    for (const log of [...this.logs.values(), ...this.futures.values()]) log.takeOffline(error)
  }

  /** Where one log failed: whether the disk takes anything at all. */
  check(): Promise<void> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = null
    })
    return this.#checking
  }

  async #check(): Promise<void> {
    const path = this.file(diskCheckFile)
    try {
      const file = this.#disk.openSync(path)
      try {
        await file.write([Buffer.from('ok')], 0)
        await file.sync()
      } finally {
        file.closeSync()
      }
      await this.#disk.remove(path)
    } catch (error) {
      const isPassing = error instanceof DiskError && (error.kind === 'full' || error.kind === 'descriptors')
      if (!isPassing) this.takeOffline(error)
    }
  }

  /** Opens what lies in the directory after a clean stop, and says what has to be recovered. Throws or rejects with DiskError. */
  async open(configOf: (topic: string) => LogConfig): Promise<FoundLogs> {
    const names = this.#disk.listSync(this.path)
    // From here on the marker would lie: a crash must be seen as one.
    this.#disk.removeSync(this.file(cleanShutdownFile))
    // And a power loss must not bring it back: it would vouch for what was half written since.
    if (this.wasCleanShutdown) await this.#disk.syncDirectory(this.path)
    const checkpoints = this.checkpoints.read()
    const found: FoundLog[] = []
    for (const directoryName of names) {
      const path = this.file(directoryName)
      if (directoryName.endsWith(deletedDirectorySuffix)) {
        this.context.removal.schedule([path], 0)
        continue
      }
      const future = parseFutureDirectoryName(directoryName)
      const parsed = future ?? parsePartitionDirectoryName(directoryName)
      if (parsed === null || this.#disk.statSync(path)?.kind !== 'directory') continue
      // Another of the broker's directories may lie here, under whatever name: that is no partition, and no stray.
      if (isDataDirectory(this.#disk, path)) continue
      const isUnlisted = this.#disk.statSync(`${path}/${unlistedFile}`) !== null
      const log = { ...parsed, config: configOf(parsed.topic) }
      const options = this.#logOptions(path, log, isUnlisted ? noCheckpoints : checkpoints)
      found.push({
        name: partitionDirectoryName(parsed.topic, parsed.partition),
        isFuture: future !== null,
        isUnlisted,
        opened: this.wasCleanShutdown ? PartitionLog.openClean(options) : null,
        recover: () => PartitionLog.recover(options),
      })
    }
    const cleanedOffsets = new Map(checkpoints.cleanedOffsets)
    for (const { name, isUnlisted } of found) if (isUnlisted) cleanedOffsets.delete(name)
    return { found, cleanedOffsets }
  }

  /** A log that was found here is open. */
  add({ name, isFuture, isUnlisted }: FoundLog, log: PartitionLog): void {
    if (isUnlisted) this.checkpoints.addUnlisted(log)
    if (isFuture) this.futures.set(name, log)
    else this.logs.set(name, log)
  }

  #logOptions(
    directory: string,
    { topic, partition, config }: { topic: string; partition: number; config: LogConfig },
    { recoveryPoints, logStartOffsets, highWatermarks }: ReadCheckpoints,
  ): PartitionLogOptions {
    const name = partitionDirectoryName(topic, partition)
    return {
      context: this.context,
      topic,
      partition,
      topicId: this.#topicIdIn(directory),
      directory,
      config,
      recoveryPoint: recoveryPoints.get(name) ?? 0,
      logStartOffset: logStartOffsets.get(name) ?? 0,
      highWatermark: highWatermarks.get(name) ?? 0,
    }
  }

  /**
   * Kafka's oldest directories have none. After anything but a clean stop it may have been lost, for it is synced no sooner than records
   * are; those that are there may be of an earlier topic of the same name.
   */
  #topicIdIn(directory: string): string {
    const text = readTextFile(this.#disk, `${directory}/${partitionMetadataFile}`)
    if (text === null) return this.wasCleanShutdown ? zeroTopicId : lostTopicId
    return parsePartitionMetadata(text) ?? lostTopicId
  }

  /** A log in a directory of that name, which is made where it is missing. Throws DiskError, and OdradekError where it is a broker's. */
  create(name: string, log: NewLog): PartitionLog {
    const directory = this.file(name)
    if (isDataDirectory(this.#disk, directory)) {
      throw new OdradekError('log-not-created', `The log ${name} cannot be made: ${directory} is a data directory`)
    }
    const isNew = this.#disk.statSync(directory) === null
    try {
      this.#disk.makeDirectorySync(directory)
      this.context.names.changed()
      const isUnlisted = this.checkpoints.mentions(partitionDirectoryName(log.topic, log.partition))
      if (isUnlisted) writeTextFile(this.#disk, `${directory}/${unlistedFile}`, '')
      writePartitionMetadata(this.#disk, directory, log.topicId)
      const offsets = { recoveryPoint: 0, logStartOffset: 0, highWatermark: 0 }
      const created = PartitionLog.create({ context: this.context, ...log, directory, ...offsets })
      if (isUnlisted) this.checkpoints.addUnlisted(created)
      return created
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

  /** For a stop: none of its checkpoints is being written, and its logs are closed. Throws DiskError. */
  markCleanShutdown(content: string): void {
    replaceTextFileSync(this.#disk, this.file(cleanShutdownFile), content)
  }

  /** For a stop: nothing is being done to the directory any more. */
  async settled(): Promise<void> {
    await this.#checking
    await this.checkpoints.settled()
  }

  /** Bytes of its volume; -1 where the disk does not say. */
  space(): { readonly totalBytes: number; readonly usableBytes: number } {
    try {
      return this.#disk.spaceSync(this.path)
    } catch (error) {
      this.#logger.debug('the space of a log directory is not known', { directory: this.path, error })
      return { totalBytes: -1, usableBytes: -1 }
    }
  }
}
