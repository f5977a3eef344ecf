import { formatLeaderEpochs } from './checkpoint-file.ts'
import { leaderEpochCheckpointFile, partitionMetadataFile } from './file-names.ts'
import { Flusher } from './flusher.ts'
import type { LogContext } from './log-context.ts'
import type { LoadedLog } from './log-loader.ts'
import { replaceTextFile } from './text-file.ts'

/** Brings a log to the disk for good, and its leader epochs with it. Opened anew with the log's files. */
export class LogFlush {
  readonly #context: LogContext
  readonly #directory: string
  readonly #loaded: LoadedLog
  readonly #writtenEnd: () => number
  readonly #flusher: Flusher
  #epochsAreSaved: boolean
  #idIsSynced: boolean
  #lastFlushMs: number

  constructor(options: { context: LogContext; directory: string; loaded: LoadedLog; writtenEnd: () => number }) {
    const { context, directory, loaded } = options
    this.#context = context
    this.#directory = directory
    this.#loaded = loaded
    this.#writtenEnd = options.writtenEnd
    this.#epochsAreSaved = !loaded.epochsChanged
    this.#idIsSynced = loaded.isClean
    this.#lastFlushMs = context.clock.now()
    this.#flusher = new Flusher({
      disk: context.disk,
      directory,
      parentNames: context.names,
      segments: loaded.segments,
      snapshots: loaded.snapshots,
      recoveryPoint: loaded.recoveryPoint,
      namesAreSynced: loaded.isClean,
      beforeSync: async () => {
        await this.#syncId()
        await this.#saveEpochs()
      },
    })
  }

  get flusher(): Flusher {
    return this.#flusher
  }

  /** The leader epochs differ from their file since. */
  epochsChanged(): void {
    this.#epochsAreSaved = false
  }

  /** partition.metadata was written since. */
  idChanged(): void {
    this.#idIsSynced = false
  }

  isDue(nowMs: number, flushMs: number): boolean {
    return nowMs - this.#lastFlushMs >= flushMs && this.#flusher.syncedOffset < this.#writtenEnd()
  }

  /** All that is written when the sync begins. Rejects with DiskError. */
  async flush(): Promise<void> {
    this.#lastFlushMs = this.#context.clock.now()
    await this.#flusher.flush(this.#writtenEnd)
  }

  /**
   * A power loss leaves an empty file of what was never synced, and records without the id of their topic: who would then be
   * taken for those of the next topic of that name.
   */
  async #syncId(): Promise<void> {
    if (this.#idIsSynced) return
    this.#idIsSynced = true
    const { disk } = this.#context
    const path = `${this.#directory}/${partitionMetadataFile}`
    try {
      // Kafka's oldest directories have none.
      if (disk.statSync(path) === null) return
      const file = disk.openSync(path, { create: false })
      await file.sync().finally(() => file.closeSync())
    } catch (error) {
      this.#idIsSynced = false
      throw error
    }
  }

  async #saveEpochs(): Promise<void> {
    if (this.#epochsAreSaved) return
    this.#epochsAreSaved = true
    const path = `${this.#directory}/${leaderEpochCheckpointFile}`
    try {
      await replaceTextFile(this.#context.disk, path, formatLeaderEpochs(this.#loaded.epochs.entries))
    } catch (error) {
      this.#epochsAreSaved = false
      throw error
    }
  }

  /** Leaves the files as a start after a clean stop wants them. Rejects with DiskError. */
  async saveForCleanStart(): Promise<void> {
    const { segments, producers, snapshots } = this.#loaded
    const endOffset = this.#writtenEnd()
    // Not only the batches: flush.messages syncs no index, and a recovery makes indexes anew.
    const isSynced = segments.all.every(segment => segment.isSynced) && this.#flusher.syncedOffset === endOffset
    const lacksSnapshot = snapshots.offsets.at(-1) !== endOffset
    if (isSynced && this.#epochsAreSaved && !lacksSnapshot) {
      await this.#flusher.syncNames()
      return
    }
    segments.active.persistIndexes()
    if (lacksSnapshot) {
      snapshots.write(endOffset, producers.producers())
      this.#flusher.namesChanged()
    }
    await Promise.all([this.flush(), segments.active.syncIndexes()])
    segments.active.isSynced = true
  }
}
