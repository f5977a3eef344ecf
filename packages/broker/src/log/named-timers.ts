import type { Clock, Timer } from '@odradek/platform'

/** The longest delay that a timer takes. */
const longestDelayMs = 0x7fffffff

/** Timers by name, each at most once at a time; what is never to happen (longer than any timer runs) has none. */
export class NamedTimers {
  readonly #clock: Clock
  readonly #timers = new Map<string, Timer>()
  #isClosed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Nothing when a timer of that name runs already. */
  once(name: string, delayMs: number, task: () => void): void {
    if (this.#isClosed || delayMs > longestDelayMs || this.#timers.has(name)) return
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(name)
      task()
    })
    this.#timers.set(name, timer)
  }

  repeat(name: string, { firstMs, everyMs }: { firstMs: number; everyMs: number }, task: () => void): void {
    this.once(name, firstMs, () => {
      this.repeat(name, { firstMs: everyMs, everyMs }, task)
      task()
    })
  }

  cancel(name: string): void {
    this.#timers.get(name)?.cancel()
    this.#timers.delete(name)
  }

  /** None goes off any more, and none begins. */
  close(): void {
    this.#isClosed = true
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }
}
