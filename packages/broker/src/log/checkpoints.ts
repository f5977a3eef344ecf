import type { Disk } from '@odradek/platform'
import type { Logger } from '../logger.ts'
import { formatOffsetCheckpoint, type OffsetCheckpoint, parseOffsetCheckpoint } from './checkpoint-file.ts'
import {
  cleanerCheckpointFile,
  highWatermarkCheckpointFile,
  logStartOffsetCheckpointFile,
  recoveryPointCheckpointFile,
} from './file-names.ts'
import type { PartitionLog } from './partition-log.ts'
import { readTextFile, replaceTextFile, replaceTextFileSync } from './text-file.ts'

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
    return {
      recoveryPoints: this.#readFile(recoveryPointCheckpointFile),
      logStartOffsets: this.#readFile(logStartOffsetCheckpointFile),
      highWatermarks: this.#readFile(highWatermarkCheckpointFile),
      cleanedOffsets: this.#readFile(cleanerCheckpointFile),
    }
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
        for (const [name, text] of this.#texts(cleanedOffsets))
          await replaceTextFile(this.#disk, `${this.#path}/${name}`, text)
        isWritten = true
      } catch (error) {
        this.#logger.warn('the checkpoint files could not be written; a recovery would take longer', { error })
      }
    })
    await this.#writing
    return isWritten
  }

  /** For a stop: no writing is under way then. */
  settled(): Promise<void> {
    return this.#writing
  }

  /** For a stop. Throws DiskError. */
  writeSync(cleanedOffsets: ReadonlyMap<string, number>): void {
    for (const [name, text] of this.#texts(cleanedOffsets))
      replaceTextFileSync(this.#disk, `${this.#path}/${name}`, text)
  }

  /** The offsets as they are now. */
  #texts(cleanedOffsets: ReadonlyMap<string, number>): [name: string, text: string][] {
    const all = [...this.#logs.values(), ...this.#futures.values()]
    const moved = all.filter(log => log.logStartOffset > log.firstSegmentOffset)
    const cleaned: { topic: string; partition: number; offset: number }[] = []
    for (const [name, offset] of cleanedOffsets) {
      const log = this.#logs.get(name)
      if (log !== undefined) cleaned.push({ topic: log.topic, partition: log.partition, offset })
    }
    return [
      [recoveryPointCheckpointFile, textOf(all, log => log.recoveryPoint)],
      [logStartOffsetCheckpointFile, textOf(moved, log => log.logStartOffset)],
      [highWatermarkCheckpointFile, textOf(all, log => log.highWatermark)],
      [cleanerCheckpointFile, formatOffsetCheckpoint(cleaned)],
    ]
  }
}

function textOf(logs: readonly PartitionLog[], offsetOf: (log: PartitionLog) => number): string {
  return formatOffsetCheckpoint(
    logs.map(log => ({ topic: log.topic, partition: log.partition, offset: offsetOf(log) })),
  )
}
