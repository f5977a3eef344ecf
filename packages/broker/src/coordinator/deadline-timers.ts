import type { Clock, Timer } from '@odradek/platform'

interface Entry<I> {
  /** By the monotonic clock. */
  deadlineMs: number
  input: I
  timer: Timer
  /** When the timer below goes off: never after the deadline. */
  firesAtMs: number
}

/**
 * Timers by key that are set again and again: every heartbeat moves a session's deadline. So moving one to later only
 * notes the new deadline; the timer below goes off at the old one, sees it, and is armed for the rest.
 */
export class DeadlineTimers<I> {
  readonly #clock: Clock
  readonly #onDue: (input: I) => void
  readonly #entries = new Map<string, Entry<I>>()

  constructor(clock: Clock, onDue: (input: I) => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  get size(): number {
    return this.#entries.size
  }

  set(key: string, delayMs: number, input: I): void {
    const nowMs = this.#clock.monotonic()
    const deadlineMs = nowMs + delayMs
    const entry = this.#entries.get(key)
    if (entry !== undefined && entry.firesAtMs <= deadlineMs) {
      entry.deadlineMs = deadlineMs
      entry.input = input
      return
    }
    entry?.timer.cancel()
    this.#arm(key, { deadlineMs, input }, delayMs)
  }

  cancel(key: string): void {
    this.#entries.get(key)?.timer.cancel()
    this.#entries.delete(key)
  }

  clear(): void {
    for (const { timer } of this.#entries.values()) timer.cancel()
    this.#entries.clear()
  }

  #arm(key: string, { deadlineMs, input }: { deadlineMs: number; input: I }, delayMs: number): void {
    const timer = this.#clock.after(Math.max(0, delayMs), () => this.#fire(key))
    this.#entries.set(key, { deadlineMs, input, timer, firesAtMs: deadlineMs })
  }

  /**
   * Heartbeats that came while the loop was busy still wait in their sockets when a timer is late: they are read before a
   * session is declared over.
   */
  #fire(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    const leftMs = entry.deadlineMs - this.#clock.monotonic()
    if (leftMs > 0) this.#arm(key, entry, leftMs)
    else this.#clock.soon(() => this.#expire(key, entry))
  }

  #expire(key: string, entry: Entry<I>): void {
    if (this.#entries.get(key) !== entry) return
    const leftMs = entry.deadlineMs - this.#clock.monotonic()
    if (leftMs > 0) {
      this.#arm(key, entry, leftMs)
      return
    }
    this.#entries.delete(key)
    this.#onDue(entry.input)
  }
}
