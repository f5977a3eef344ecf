import type { Clock, Timer } from '@odradek/platform'
import type { ProcessGate } from './process-gate.ts'

/** Time goes on whatever becomes of the process; what was due while it was paused comes at once when it goes on. */
export class ProcessClock implements Clock {
  readonly #clock: Clock
  readonly #gate: ProcessGate
  readonly #timers = new Set<Timer>()

  constructor(clock: Clock, gate: ProcessGate) {
    this.#clock = clock
    this.#gate = gate
  }

  now(): number {
    return this.#clock.now()
  }

  monotonic(): number {
    return this.#clock.monotonic()
  }

  after(delayMs: number, callback: () => void): Timer {
    if (this.#gate.isDead) return { cancel() {} }
    let isCancelled = false
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(timer)
      this.#gate.enter(() => {
        if (!isCancelled) callback()
      })
    })
    this.#timers.add(timer)
    return {
      cancel: () => {
        isCancelled = true
        this.#timers.delete(timer)
        timer.cancel()
      },
    }
  }

  soon(callback: () => void): void {
    this.#clock.soon(() => this.#gate.enter(callback))
  }

  cancelAll(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
  }
}
