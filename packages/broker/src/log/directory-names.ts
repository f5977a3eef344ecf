import type { Disk } from '@odradek/platform'

/**
 * The names in one directory, made durable for all who ask: one sync serves everybody who asked before it began, and none is
 * needed while nothing new came. A stop of a broker with many partitions asks once for each of them.
 */
export class DirectoryNames {
  readonly #disk: Disk
  readonly #path: string
  /** Counts the changes; the first stands for whatever an earlier process did. */
  #changes = 1
  #syncedChanges = 0
  #running: Promise<void> | null = null

  constructor(disk: Disk, path: string) {
    this.#disk = disk
    this.#path = path
  }

  /** A name came. */
  changed(): void {
    this.#changes++
  }

  /** All names that came before the call are on the disk for good then. Rejects with DiskError. */
  async sync(): Promise<void> {
    const wanted = this.#changes
    while (this.#syncedChanges < wanted) {
      this.#running ??= this.#syncNow().finally(() => {
        this.#running = null
      })
      await this.#running
    }
  }

  async #syncNow(): Promise<void> {
    const changes = this.#changes
    await this.#disk.syncDirectory(this.#path)
    this.#syncedChanges = changes
  }
}
