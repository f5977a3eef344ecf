import type { Dirt } from '../core/partition/compaction-rules.ts'
import type { PartitionLog } from './partition-log.ts'

/** Compacts the logs of a data directory, and remembers up to where each of them is clean. */
export class LogCleaner {
  /** By TOPIC-N. */
  readonly #logs: ReadonlyMap<string, PartitionLog>
  readonly #cleanedOffsets = new Map<string, number>()
  /** A log is clean further than before: for good once the checkpoint that is written here is. */
  readonly #cleaned: () => Promise<void>
  /** Logs that are left alone: TOPIC-N. */
  readonly #isLeftAlone: (name: string) => boolean
  #running: Promise<void> | null = null
  #isStopped = false

  constructor(options: {
    logs: ReadonlyMap<string, PartitionLog>
    isLeftAlone: (name: string) => boolean
    cleaned: () => Promise<void>
  }) {
    this.#logs = options.logs
    this.#cleaned = options.cleaned
    this.#isLeftAlone = options.isLeftAlone
  }

  /** What the checkpoint said at the start. */
  remember(cleanedOffsets: ReadonlyMap<string, number>): void {
    for (const [name, offset] of cleanedOffsets) this.#cleanedOffsets.set(name, offset)
  }

  /** By TOPIC-N; a log that is not here has never been cleaned. */
  get cleanedOffsets(): ReadonlyMap<string, number> {
    return this.#cleanedOffsets
  }

  /** The log is gone: a namesake begins dirty. */
  forget(name: string): void {
    this.#cleanedOffsets.delete(name)
  }

  /** A log that is being compacted is finished (its close waits for that), and no other begun. */
  stop(): void {
    this.#isStopped = true
  }

  /** Compacts what has become dirty enough, the dirtiest first; one log at a time. */
  compactDirty(): Promise<void> {
    this.#running ??= this.#compactAll().finally(() => {
      this.#running = null
    })
    return this.#running
  }

  async #compactAll(): Promise<void> {
    const seen = new Set<PartitionLog>()
    while (!this.#isStopped) {
      const next = this.#dirtiest(seen)
      if (next === null) return
      const { name, log, dirt } = next
      const cleanedOffset = await log.compact(dirt)
      // No step forward: it failed, or a key map was full at once. It comes again with the next turn of the timer.
      if (cleanedOffset <= dirt.firstDirtyOffset) seen.add(log)
      if (this.#logs.get(name) !== log) continue
      this.#cleanedOffsets.set(name, cleanedOffset)
      await this.#cleaned()
    }
  }

  #dirtiest(except: ReadonlySet<PartitionLog>): { name: string; log: PartitionLog; dirt: Dirt } | null {
    let dirtiest: { name: string; log: PartitionLog; dirt: Dirt } | null = null
    for (const [name, log] of this.#logs) {
      if (except.has(log) || this.#isLeftAlone(name)) continue
      const dirt = log.measureDirt(this.#cleanedOffsets.get(name) ?? 0)
      if (dirt?.isDue && (dirtiest === null || dirt.ratio > dirtiest.dirt.ratio)) dirtiest = { name, log, dirt }
    }
    return dirtiest
  }
}
