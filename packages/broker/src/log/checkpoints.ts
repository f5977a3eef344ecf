import type { Disk } from '@odradek/platform'
import type { Logger } from '../logger.ts'
import { formatOffsetCheckpoint, type OffsetCheckpoint, parseOffsetCheckpoint } from './checkpoint-file.ts'
import {
  cleanerCheckpointFile,
  highWatermarkCheckpointFile,
  logStartOffsetCheckpointFile,
  partitionDirectoryName,
  recoveryPointCheckpointFile,
  unlistedFile,
} from './file-names.ts'
import type { PartitionLog } from './partition-log.ts'
import { directoryOf, readTextFile, replaceTextFile, replaceTextFileSync } from './text-file.ts'

/** What the files said at the start: by TOPIC-N. */
export interface ReadCheckpoints {
  readonly recoveryPoints: OffsetCheckpoint
  readonly logStartOffsets: OffsetCheckpoint
  readonly highWatermarks: OffsetCheckpoint
  readonly cleanedOffsets: OffsetCheckpoint
}

/** The four checkpoint files of a data directory: an offset for each of its logs. */
export class Checkpoints {
  readonly #disk: Disk
  readonly #logger: Logger
  readonly #path: string
  /** By TOPIC-N. */
  readonly #logs: ReadonlyMap<string, PartitionLog>
  /** Those that come from another directory, by the same names. */
  readonly #futures: ReadonlyMap<string, PartitionLog>
  #writing: Promise<void> = Promise.resolve()
  /** By TOPIC-N: what a start may find in the file; where a writing has failed, the highest that it may have left there. */
  #recoveryPoints: OffsetCheckpoint = new Map()
  /** The same of the other files: of which logs they may say something. */
  #otherNames: ReadonlySet<string> = new Set()
  /** Logs whose directories hold `unlistedFile`. */
  readonly #unlisted = new Set<PartitionLog>()
  /** A writing of the recovery points that has not begun. */
  #lowering: Promise<void> | null = null

  constructor(options: {
    disk: Disk
    logger: Logger
    path: string
    logs: ReadonlyMap<string, PartitionLog>
    futures: ReadonlyMap<string, PartitionLog>
  }) {
    this.#disk = options.disk
    this.#logger = options.logger
    this.#path = options.path
    this.#logs = options.logs
    this.#futures = options.futures
  }

  /** Throws DiskError. */
  read(): ReadCheckpoints {
    const recoveryPoints = this.#readFile(recoveryPointCheckpointFile)
    const logStartOffsets = this.#readFile(logStartOffsetCheckpointFile)
    const highWatermarks = this.#readFile(highWatermarkCheckpointFile)
    const cleanedOffsets = this.#readFile(cleanerCheckpointFile)
    this.#recoveryPoints = recoveryPoints
    this.#otherNames = new Set(
      [logStartOffsets, highWatermarks, cleanedOffsets].flatMap(offsets => [...offsets.keys()]),
    )
    return { recoveryPoints, logStartOffsets, highWatermarks, cleanedOffsets }
  }

  /** Whether a start may find something under that name. */
  mentions(name: string): boolean {
    return this.#recoveryPoints.has(name) || this.#otherNames.has(name)
  }

  /** A log whose directory says that the files speak of another one: it stops saying so when they have been written. */
  addUnlisted(log: PartitionLog): void {
    this.#unlisted.add(log)
  }

  #readFile(name: string): OffsetCheckpoint {
    const path = `${this.#path}/${name}`
    const text = readTextFile(this.#disk, path)
    // Kafka makes its cleaner's file before there is anything to write.
    const checkpoint = text === null || text === '' ? new Map<string, number>() : parseOffsetCheckpoint(text)
    if (checkpoint !== null) return checkpoint
    this.#logger.warn('a checkpoint file cannot be read and is made anew', { path })
    return new Map()
  }

  /** One writing after the other. Failing is no reason to stop: the old files are merely older. False: it did. */
  async write(cleanedOffsets: ReadonlyMap<string, number>): Promise<boolean> {
    let isWritten = false
    this.#writing = this.#writing.then(async () => {
      try {
        const unlisted = [...this.#unlisted]
        const others = this.#otherTexts(cleanedOffsets)
        const names = this.#names
        this.#otherNames = this.#otherNames.union(names)
        await this.#writeRecoveryPoints()
        for (const [name, text] of others) await replaceTextFile(this.#disk, `${this.#path}/${name}`, text)
        this.#otherNames = names
        for (const log of unlisted) await this.#unmark(log)
        isWritten = true
      } catch (error) {
        this.#logger.warn('the checkpoint files could not be written; a recovery would take longer', { error })
      }
    })
    await this.#writing
    return isWritten
  }

  /** The files speak of it now. Rejects with DiskError. */
  async #unmark(log: PartitionLog): Promise<void> {
    try {
      if (this.#isHere(log)) {
        this.#disk.removeSync(`${log.directory}/${unlistedFile}`)
        await this.#disk.syncDirectory(log.directory)
      }
    } catch (error) {
      // It may have been deleted meanwhile.
      if (this.#isHere(log)) throw error
    }
    this.#unlisted.delete(log)
  }

  /** Neither deleted nor moved to another directory. */
  #isHere(log: PartitionLog): boolean {
    return !log.isAbandoned && directoryOf(log.directory) === this.#path
  }

  /**
   * When it resolves, a start will find a recovery point of at most `offset` for the log, which itself has a lower one already:
   * before new records take the place of old ones that were synced. Who comes before the writing begins shares it, and mostly
   * there is nothing to write. Rejects with DiskError.
   */
  lowerRecoveryPoint(name: string, offset: number): Promise<void> {
    return (this.#recoveryPoints.get(name) ?? 0) <= offset ? Promise.resolve() : this.#lower()
  }

  /** The same for a start: of logs that are gone, or have lost of what was synced. Rejects with DiskError. */
  async lowerToEnds(): Promise<void> {
    const isTooHigh = ([name, offset]: [string, number]) =>
      offset > ((this.#futures.get(name) ?? this.#logs.get(name))?.logEndOffset ?? 0)
    if ([...this.#recoveryPoints].some(isTooHigh)) await this.#lower()
  }

  #lower(): Promise<void> {
    if (this.#lowering !== null) return this.#lowering
    const lowering = this.#writing.then(() => {
      this.#lowering = null
      return this.#writeRecoveryPoints()
    })
    this.#lowering = lowering
    this.#writing = lowering.catch(() => {})
    return lowering
  }

  async #writeRecoveryPoints(): Promise<void> {
    const entries = entriesOf(this.#all, log => log.recoveryPoint)
    const next = new Map(
      entries.map(({ topic, partition, offset }) => [partitionDirectoryName(topic, partition), offset]),
    )
    const highest = new Map(this.#recoveryPoints)
    for (const [name, offset] of next) highest.set(name, Math.max(offset, highest.get(name) ?? 0))
    this.#recoveryPoints = highest
    const path = `${this.#path}/${recoveryPointCheckpointFile}`
    await replaceTextFile(this.#disk, path, formatOffsetCheckpoint(entries))
    this.#recoveryPoints = next
  }

  /** For a stop: no writing is under way then. */
  settled(): Promise<void> {
    return this.#writing
  }

  /** For a stop. Throws DiskError. */
  writeSync(cleanedOffsets: ReadonlyMap<string, number>): void {
    const recoveryPoints = textOf(this.#all, log => log.recoveryPoint)
    const others = this.#otherTexts(cleanedOffsets)
    for (const [name, text] of [[recoveryPointCheckpointFile, recoveryPoints] as const, ...others])
      replaceTextFileSync(this.#disk, `${this.#path}/${name}`, text)
    for (const log of this.#unlisted) {
      if (!this.#isHere(log)) continue
      this.#disk.removeSync(`${log.directory}/${unlistedFile}`)
      this.#disk.syncDirectorySync(log.directory)
    }
  }

  get #all(): PartitionLog[] {
    return [...this.#logs.values(), ...this.#futures.values()]
  }

  get #names(): Set<string> {
    return new Set([...this.#logs.keys(), ...this.#futures.keys()])
  }

  /** All but the recovery points, as they are now. */
  #otherTexts(cleanedOffsets: ReadonlyMap<string, number>): [name: string, text: string][] {
    const all = this.#all
    const moved = all.filter(log => log.logStartOffset > log.firstSegmentOffset)
    const cleaned: { topic: string; partition: number; offset: number }[] = []
    for (const [name, offset] of cleanedOffsets) {
      const log = this.#logs.get(name)
      if (log !== undefined) cleaned.push({ topic: log.topic, partition: log.partition, offset })
    }
    return [
      [logStartOffsetCheckpointFile, textOf(moved, log => log.logStartOffset)],
      [highWatermarkCheckpointFile, textOf(all, log => log.highWatermark)],
      [cleanerCheckpointFile, formatOffsetCheckpoint(cleaned)],
    ]
  }
}

function textOf(logs: readonly PartitionLog[], offsetOf: (log: PartitionLog) => number): string {
  return formatOffsetCheckpoint(entriesOf(logs, offsetOf))
}

function entriesOf(logs: readonly PartitionLog[], offsetOf: (log: PartitionLog) => number) {
  return logs.map(log => ({ topic: log.topic, partition: log.partition, offset: offsetOf(log) }))
}
