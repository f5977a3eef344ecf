import type { NetworkFaults } from './network.ts'
import type { SeededRandom } from './random.ts'
import type { Scheduler } from './scheduler.ts'

/** What travels: bytes, the end of the stream, or a reset, which needs no order but is given one. */
export type Segment =
  | { readonly kind: 'data'; readonly bytes: Buffer }
  | { readonly kind: 'end' }
  | { readonly kind: 'reset' }

/** What a pipe needs to know of its two ends. */
export interface Way {
  isOpen(): boolean
  arrive(segment: Segment): void
  /** The connection was lost in between: the sender hears of it too. */
  breakOff(): void
  giveUp(): void
}

const retryMsMin = 200
const retryMsMax = 3000

/**
 * One direction of a connection: segments in order, one on its way at a time as far as arrival goes.
 *
 * Faults: bytes come in other pieces than they were written in; a segment takes its time, sometimes a long one (stall); behind
 * a partition or a machine without power it is sent again and again, as TCP does, until it arrives or the sender gives up.
 */
export class Pipe {
  readonly #scheduler: Scheduler
  readonly #random: SeededRandom
  readonly #faults: NetworkFaults
  readonly #label: string
  readonly #way: Way
  readonly #segments: Segment[] = []
  #arrival: { cancel(): void } | null = null
  #blockedSinceMs: number | null = null
  #retryMs = retryMsMin

  constructor(
    {
      scheduler,
      random,
      faults,
      label,
    }: { scheduler: Scheduler; random: SeededRandom; faults: NetworkFaults; label: string },
    way: Way,
  ) {
    this.#scheduler = scheduler
    this.#random = random
    this.#faults = faults
    this.#label = label
    this.#way = way
  }

  /** The bytes are copied: the receiver may keep and change what it gets. */
  sendBytes(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const left = bytes.length - at
      const length = this.#random.chance(this.#faults.chop) ? 1 + this.#random.integer(left) : left
      this.send({ kind: 'data', bytes: Buffer.from(bytes.subarray(at, at + length)) })
      at += length
    }
  }

  send(segment: Segment): void {
    this.#segments.push(segment)
    if (this.#arrival === null) this.#arm(this.#latencyMs())
  }

  /** What has not arrived yet never will. */
  cut(): void {
    this.#segments.length = 0
    this.#arrival?.cancel()
    this.#arrival = null
  }

  #arm(delayMs: number): void {
    this.#arrival = this.#scheduler.at(this.#scheduler.nowMs + delayMs, this.#label, () => this.#arrive())
  }

  #arrive(): void {
    this.#arrival = null
    if (!this.#way.isOpen()) {
      this.#retry()
      return
    }
    this.#blockedSinceMs = null
    this.#retryMs = retryMsMin
    const segment = this.#segments.shift()
    if (segment === undefined) return
    // What follows close behind needs no latency of its own, or a stream would be as slow as its pieces are many.
    if (this.#segments.length > 0) this.#arm(this.#random.chance(0.9) ? 0.001 : this.#latencyMs())
    if (segment.kind === 'data' && this.#random.chance(this.#faults.reset)) {
      this.#way.breakOff()
      this.#way.arrive({ kind: 'reset' })
    } else this.#way.arrive(segment)
  }

  #retry(): void {
    this.#blockedSinceMs ??= this.#scheduler.nowMs
    if (this.#scheduler.nowMs - this.#blockedSinceMs >= this.#faults.giveUpMs) {
      this.cut()
      this.#way.giveUp()
      return
    }
    this.#arm(this.#retryMs)
    this.#retryMs = Math.min(this.#retryMs * 2, retryMsMax)
  }

  #latencyMs(): number {
    const stallMs = this.#random.chance(this.#faults.stall) ? this.#random.between(this.#faults.stallMs) : 0
    return this.#random.between(this.#faults.latencyMs) + stallMs
  }
}
