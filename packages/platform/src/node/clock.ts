import type { Clock, Timer } from '../clock.ts'

/** Node fires at once what lies further away than an int32 of milliseconds: longer delays are slept in parts. */
const longestSleepMs = 2 ** 31 - 1

export const nodeClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, callback) => new NodeTimer(delayMs, callback),
  soon: callback => {
    setImmediate(callback)
  },
}

class NodeTimer implements Timer {
  readonly #deadlineMs: number
  readonly #callback: () => void
  #timeout: NodeJS.Timeout | null = null

  constructor(delayMs: number, callback: () => void) {
    this.#deadlineMs = performance.now() + delayMs
    this.#callback = callback
    this.#sleep(delayMs)
  }

  cancel(): void {
    if (this.#timeout !== null) clearTimeout(this.#timeout)
    this.#timeout = null
  }

  #sleep(delayMs: number): void {
    this.#timeout = setTimeout(() => this.#wake(), Math.min(Math.ceil(delayMs), longestSleepMs))
  }

  /** Node counts from the start of the loop's turn in whole milliseconds, so a timer may come up to one too early. */
  #wake(): void {
    const leftMs = this.#deadlineMs - performance.now()
    if (leftMs > 0) {
      this.#sleep(leftMs)
      return
    }
    this.#timeout = null
    this.#callback()
  }
}
