import type { Clock } from '@odradek/platform'
import { errorCodes } from '@odradek/protocol'
import type { CoordinatorLog } from '../coordinator-log.ts'

/**
 * A coordinator's log in memory. Faults, because the shard must survive them: appends that fail with any code, now or
 * later; appends that take their time; a replay that takes its time, or fails. As in a real log, appends keep the order in
 * which they were asked for, those of a shard that is closed meanwhile included.
 */
export class FakeLog implements CoordinatorLog {
  readonly batches: Buffer[] = []
  batchBytesMax = 1_000_000
  /** The code that the next appends end with, one each. */
  readonly failures: number[] = []
  /** 0: at once, as a value. */
  appendMs = 0
  replayMs = 0
  replayFailure: number = errorCodes.NONE
  appends = 0
  replays = 0
  readonly #clock: Clock
  #appending = 0
  #lastAppend: Promise<unknown> = Promise.resolve()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isEmpty(): boolean {
    return this.batches.length === 0
  }

  append(batches: Buffer): number | Promise<number> {
    this.appends++
    const errorCode = this.failures.shift() ?? errorCodes.NONE
    const settle = (): number => {
      if (errorCode === errorCodes.NONE) this.batches.push(batches)
      return errorCode
    }
    if (this.appendMs === 0 && this.#appending === 0) return settle()
    this.#appending++
    const settled = Promise.all([this.#lastAppend, this.#later(this.appendMs)]).then(() => {
      this.#appending--
      return settle()
    })
    this.#lastAppend = settled
    return settled
  }

  replay(onBatches: (batches: Buffer) => void): number | Promise<number> {
    this.replays++
    const settle = (): number => {
      if (this.replayFailure === errorCodes.NONE) for (const batches of this.batches) onBatches(batches)
      return this.replayFailure
    }
    return this.replayMs === 0 ? settle() : this.#later(this.replayMs).then(settle)
  }

  #later(ms: number): Promise<void> {
    return new Promise(resolve => {
      this.#clock.after(ms, resolve)
    })
  }
}
