import type { Clock, Disk } from '@odradek/platform'
import type { LogDirectory } from './log-directory.ts'
import type { PartitionLog } from './partition-log.ts'
import { directoryOf } from './text-file.ts'

/** How much space there must be again before an offline log is opened, or a missing one made. */
const usableBytesMin = 16 * 1024 * 1024

/**
 * Logs that do not serve: those that the disk failed, and those that it did not even let come into being. What space or
 * descriptors lacked for serves again by itself; a log that failed otherwise needs a person. A missing log has nothing to
 * lose: it is tried whatever it failed of.
 */
export class OfflineLogs {
  readonly #disk: Disk
  readonly #clock: Clock
  readonly #directories: readonly LogDirectory[]
  readonly #logs: ReadonlyMap<string, PartitionLog>
  /** How to make them, by TOPIC-N; true when it is done. */
  readonly #missing = new Map<string, () => boolean>()
  #running: Promise<void> | null = null
  #isStopped = false

  constructor(options: {
    disk: Disk
    clock: Clock
    directories: readonly LogDirectory[]
    logs: ReadonlyMap<string, PartitionLog>
  }) {
    this.#disk = options.disk
    this.#clock = options.clock
    this.#directories = options.directories
    this.#logs = options.logs
  }

  addMissing(name: string, create: () => boolean): void {
    this.#missing.set(name, create)
  }

  forgetMissing(name: string): void {
    this.#missing.delete(name)
  }

  /** No missing log is made any more. */
  stop(): void {
    this.#isStopped = true
  }

  /** Brings back what can be. */
  bringBack(): Promise<void> {
    this.#running ??= this.#bringBack().finally(() => {
      this.#running = null
    })
    return this.#running
  }

  async #bringBack(): Promise<void> {
    for (const log of this.#logs.values()) {
      if (log.offlineReason === null || !log.canReopen) continue
      if (this.#hasSpace(directoryOf(log.directory))) await log.reopen()
    }
    while (this.#missing.size > 0 && !this.#isStopped && this.#hasSpaceForNew) {
      if (!this.#createNext()) return
      await new Promise<void>(resolve => this.#clock.soon(resolve))
    }
  }

  /** One that cannot be made goes to the end, so that it keeps no other from being tried the next time. */
  #createNext(): boolean {
    for (const [name, create] of this.#missing) {
      this.#missing.delete(name)
      const isCreated = create()
      if (!isCreated) this.#missing.set(name, create)
      return isCreated
    }
    return false
  }

  get #hasSpaceForNew(): boolean {
    return this.#directories.some(({ path, offlineReason }) => offlineReason === null && this.#hasSpace(path))
  }

  #hasSpace(path: string): boolean {
    try {
      return this.#disk.spaceSync(path).usableBytes >= usableBytesMin
    } catch {
      return false
    }
  }
}
