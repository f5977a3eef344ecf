import type { Clock } from '@odradek/platform'
import type { ClusterImage } from '../core/cluster/cluster-image.ts'
import {
  type ThrottledPartitions,
  type ThrottledSide,
  throttledPartitions,
} from '../core/cluster/throttled-partitions.ts'
import { ByteRate } from '../core/partition/byte-rate.ts'

export interface ThrottleConfig {
  readonly side: ThrottledSide
  /** replication.quota.window.num. */
  readonly samples: number
  /** replication.quota.window.size.seconds. */
  readonly sampleMs: number
  /** leader.replication.throttled.rate or follower.replication.throttled.rate; asked at each use. */
  readonly bytesPerSecondMax: () => number
}

/**
 * How much a broker may still copy of throttled partitions, on one side: what it sends as a leader, or fetches as a follower (KIP-73).
 *
 * Whoever is in sync is never held back, or the throttle would take it out of sync; but its bytes count.
 */
export class ReplicationThrottle {
  readonly #brokerId: number
  readonly #config: ThrottleConfig
  readonly #clock: Clock
  readonly #rate: ByteRate
  #partitions: ThrottledPartitions = new Map()

  constructor(options: { config: ThrottleConfig; brokerId: number; clock: Clock }) {
    this.#brokerId = options.brokerId
    this.#config = options.config
    this.#clock = options.clock
    this.#rate = new ByteRate(options.config)
  }

  /** Subscriber of the cluster metadata. */
  apply(next: ClusterImage, previous: ClusterImage): void {
    if (next.configs === previous.configs) return
    this.#partitions = throttledPartitions(next, { side: this.#config.side, brokerId: this.#brokerId })
  }

  covers(topic: string, partition: number): boolean {
    const partitions = this.#partitions.get(topic)
    return partitions !== undefined && (partitions === 'all' || partitions.has(partition))
  }

  /** Some partition is throttled: else nobody need ask for more. */
  get isInUse(): boolean {
    return this.#partitions.size > 0
  }

  get isExceeded(): boolean {
    return this.#rate.perSecond(this.#clock.monotonic()) > this.#config.bytesPerSecondMax()
  }

  /**
   * What one fetch may take, but for a first batch: a sample's share. Kafka lets whole fetches pass, of megabytes, and forgets them
   * after all the samples' time: so a low rate does not hold there.
   */
  get bytesAtOnce(): number {
    return Math.max(1, Math.floor((this.#config.bytesPerSecondMax() * this.#config.sampleMs) / 1000))
  }

  record(bytes: number): void {
    this.#rate.record(bytes, this.#clock.monotonic())
  }
}
