import type { Clock, Timer } from '../clock.ts'
import type { Platform } from '../platform.ts'
import type { Random } from '../random.ts'
import type { SeededRandom } from './random.ts'
import type { Scheduler } from './scheduler.ts'

/** Thrown where a dead process goes on to call its platform. Never an operating error: it does not exist in the real world. */
export class ProcessDied extends Error {
  constructor(machine: string) {
    super(`the process on machine ${machine} is dead`)
    this.name = 'ProcessDied'
  }
}

/** What the clock of a machine may do to its programs. */
export interface ClockFaults {
  /** The wall clock's distance from true time; may be changed at any moment (a jump). */
  skewMs: number
  /** Timers fire up to this much late. */
  latenessMsMax: number
}

/**
 * A running program. All its way back into its own code leads through `schedule`: when it has died nothing calls it any more,
 * and its timers, completions and connections are as gone as after kill -9.
 */
export class SimulatedProcess {
  readonly machine: string
  readonly clock: Clock
  readonly random: Random
  readonly #scheduler: Scheduler
  #busyUntilMs = 0
  #isAlive = true
  #platform: Platform | null = null

  constructor(machine: string, scheduler: Scheduler, random: SeededRandom, faults: ClockFaults) {
    this.machine = machine
    this.#scheduler = scheduler
    this.random = random.split('program')
    this.clock = new ProcessClock(this, random.split('clock'), faults)
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  get platform(): Platform {
    if (this.#platform === null) throw new Error('the process has no platform yet')
    return this.#platform
  }

  set platform(platform: Platform) {
    this.#platform = platform
  }

  /** The time that the program sees: ahead of the world's while a call on its loop takes long. */
  get nowMs(): number {
    return Math.max(this.#scheduler.nowMs, this.#busyUntilMs)
  }

  /** Blocks the program's loop: what is due meanwhile comes afterwards. */
  block(durationMs: number): void {
    if (durationMs > 0) this.#busyUntilMs = this.nowMs + durationMs
  }

  schedule(timeMs: number, label: string, callback: () => void): { cancel(): void } {
    let isCancelled = false
    const run = () => {
      if (isCancelled || !this.#isAlive) return
      if (this.#busyUntilMs > this.#scheduler.nowMs) this.#scheduler.at(this.#busyUntilMs, label, run)
      else callback()
    }
    const event = this.#scheduler.at(timeMs, label, run)
    return {
      cancel() {
        isCancelled = true
        event.cancel()
      },
    }
  }

  assertAlive(): void {
    if (!this.#isAlive) throw new ProcessDied(this.machine)
  }

  die(): void {
    this.#isAlive = false
  }
}

/** The simulation begins in the future of no record that a test may bring: 2026-01-01. */
const startOfTimeMs = Date.UTC(2026, 0, 1)

class ProcessClock implements Clock {
  readonly #process: SimulatedProcess
  readonly #random: SeededRandom
  readonly #faults: ClockFaults

  constructor(process: SimulatedProcess, random: SeededRandom, faults: ClockFaults) {
    this.#process = process
    this.#random = random
    this.#faults = faults
  }

  now(): number {
    return Math.floor(startOfTimeMs + this.#process.nowMs + this.#faults.skewMs)
  }

  monotonic(): number {
    return this.#process.nowMs
  }

  after(delayMs: number, callback: () => void): Timer {
    this.#process.assertAlive()
    const lateMs = this.#random.fraction() * this.#faults.latenessMsMax
    return this.#process.schedule(this.#process.nowMs + delayMs + lateMs, `${this.#process.machine} timer`, callback)
  }

  soon(callback: () => void): void {
    this.#process.assertAlive()
    this.#process.schedule(this.#process.nowMs, `${this.#process.machine} soon`, callback)
  }
}
