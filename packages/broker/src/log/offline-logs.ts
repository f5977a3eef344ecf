import type { Disk } from '@odradek/platform'
import type { PartitionLog } from './partition-log.ts'

/** How much space there must be again before an offline log is opened. */
const reopenUsableBytes = 16 * 1024 * 1024

/** What space or descriptors lacked for serves again by itself; a disk that failed otherwise needs a person. */
export class OfflineLogs {
  readonly #disk: Disk
  readonly #path: string
  readonly #logs: ReadonlyMap<string, PartitionLog>

  constructor(options: { disk: Disk; path: string; logs: ReadonlyMap<string, PartitionLog> }) {
    this.#disk = options.disk
    this.#path = options.path
    this.#logs = options.logs
  }

  /** Opens again what can be. */
  async reopen(): Promise<void> {
    for (const log of this.#logs.values()) {
      if (log.offlineReason === null || !log.canReopen) continue
      if (!this.#hasSpace()) return
      await log.reopen()
    }
  }

  #hasSpace(): boolean {
    try {
      return this.#disk.spaceSync(this.#path).usableBytes >= reopenUsableBytes
    } catch {
      return false
    }
  }
}
