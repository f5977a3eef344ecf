import type { Clock, Timer } from '@odradek/platform'
import type { PartitionRegistry } from './partition-registry.ts'

/** Looks for replicas that have fallen behind, twice in the time that they have to catch up, as Kafka does. */
export class LagWatch {
  readonly #clock: Clock
  readonly #partitions: PartitionRegistry
  readonly #lagMsMax: () => number
  #timer: Timer | null = null

  constructor(options: { clock: Clock; partitions: PartitionRegistry; lagMsMax: () => number }) {
    this.#clock = options.clock
    this.#partitions = options.partitions
    this.#lagMsMax = options.lagMsMax
  }

  start(): void {
    this.#timer = this.#clock.after(Math.max(1, this.#lagMsMax() / 2), () => {
      this.#partitions.dropLaggards()
      this.start()
    })
  }

  stop(): void {
    this.#timer?.cancel()
  }
}
