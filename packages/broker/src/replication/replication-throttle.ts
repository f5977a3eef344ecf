import type { Clock } from '@odradek/platform'
import type { ClusterImage } from '../core/cluster/cluster-image.ts'
import {
  type ThrottledPartitions,
  type ThrottledSide,
  throttledPartitions,
} from '../core/cluster/throttled-partitions.ts'
import { ByteQuota, type ByteQuotaConfig } from '../core/partition/byte-quota.ts'

/** replication.quota.window.num and .size.seconds; leader.replication.throttled.rate or follower.replication.throttled.rate. */
export interface ThrottleConfig extends ByteQuotaConfig {
  readonly side: ThrottledSide
}

/**
 * How much a broker may still copy of throttled partitions, on one side: what it sends as a leader, or fetches as a follower (KIP-73).
 *
 * Whoever is in sync is never held back, or the throttle would take it out of sync; but its bytes count.
 */
export class ReplicationThrottle {
  readonly #brokerId: number
  readonly #side: ThrottledSide
  readonly #clock: Clock
  readonly #quota: ByteQuota
  #partitions: ThrottledPartitions = new Map()

  constructor(options: { config: ThrottleConfig; brokerId: number; clock: Clock }) {
    this.#brokerId = options.brokerId
    this.#side = options.config.side
    this.#clock = options.clock
    this.#quota = new ByteQuota(options.config)
  }

  /** Subscriber of the cluster metadata. */
  apply(next: ClusterImage, previous: ClusterImage): void {
    if (next.configs === previous.configs) return
    this.#partitions = throttledPartitions(next, { side: this.#side, brokerId: this.#brokerId })
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
    return this.#quota.isExceeded(this.#clock.monotonic())
  }

  /** What one fetch may take, but for a first batch. */
  get bytesAtOnce(): number {
    return this.#quota.bytesAtOnce
  }

  record(bytes: number): void {
    this.#quota.record(bytes, this.#clock.monotonic())
  }
}
