import { formatLeaderEpochs } from './checkpoint-file.ts'
import { leaderEpochCheckpointFile } from './file-names.ts'
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
  #lastFlushMs: number

  constructor(options: { context: LogContext; directory: string; loaded: LoadedLog; writtenEnd: () => number }) {
    const { context, directory, loaded } = options
    this.#context = context
    this.#directory = directory
    this.#loaded = loaded
    this.#writtenEnd = options.writtenEnd
    this.#epochsAreSaved = !loaded.epochsChanged
    this.#lastFlushMs = context.clock.now()
    this.#flusher = new Flusher({
      disk: context.disk,
      directory,
      parentNames: context.names,
      segments: loaded.segments,
      snapshots: loaded.snapshots,
      recoveryPoint: loaded.recoveryPoint,
      namesAreSynced: loaded.isClean,
      beforeSync: () => this.#saveEpochs(),
    })
  }

  get flusher(): Flusher {
    return this.#flusher
  }

  /** The leader epochs differ from their file since. */
  epochsChanged(): void {
    this.#epochsAreSaved = false
  }

  isDue(nowMs: number, flushMs: number): boolean {
    return nowMs - this.#lastFlushMs >= flushMs && this.#flusher.syncedOffset < this.#writtenEnd()
  }

  /** All that is written when the sync begins. Rejects with DiskError. */
  async flush(): Promise<void> {
    this.#lastFlushMs = this.#context.clock.now()
    await this.#flusher.flush(this.#writtenEnd)
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
