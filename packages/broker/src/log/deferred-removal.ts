import type { Clock, Disk, Timer } from '@odradek/platform'
import type { Logger } from '../logger.ts'

/**
 * Files and directories that have their deletion name already and go after file.delete.delay.ms. A stop in between does
 * not matter: whatever carries such a name is removed at the next start.
 */
export class DeferredRemoval {
  readonly #disk: Disk
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #timers = new Set<Timer>()

  constructor({ disk, clock, logger }: { disk: Disk; clock: Clock; logger: Logger }) {
    this.#disk = disk
    this.#clock = clock
    this.#logger = logger
  }

  schedule(paths: readonly string[], delayMs: number, before: () => void = () => {}): void {
    const timer = this.#clock.after(Math.min(delayMs, 0x7fffffff), () => {
      this.#timers.delete(timer)
      before()
      for (const path of paths) {
        this.#disk.remove(path).catch(error => {
          this.#logger.warn('a deleted file could not be removed; the next start tries again', { path, error })
        })
      }
    })
    this.#timers.add(timer)
  }

  close(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
  }
}
