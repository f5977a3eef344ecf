/** From Kafka's settings to what replication wants to know; asked at each use, because some of them change while it runs. */
import type { ThrottledSide } from '../core/cluster/throttled-partitions.ts'
import type { BrokerConfig } from '../core/config/broker-config.ts'
import { rackAwareSelector } from '../core/config/settings/cluster-settings.ts'
import type { FetcherConfig } from './replica-fetcher.ts'
import type { ThrottleConfig } from './replication-throttle.ts'

export function fetcherConfigOf(broker: BrokerConfig): FetcherConfig {
  return {
    partitionBytesMax: broker.number('replica.fetch.max.bytes'),
    responseBytesMax: broker.number('replica.fetch.response.max.bytes'),
    bytesMin: broker.number('replica.fetch.min.bytes'),
    waitMsMax: broker.number('replica.fetch.wait.max.ms'),
    backoffMs: broker.number('replica.fetch.backoff.ms'),
    timeoutMs: broker.number('replica.socket.timeout.ms'),
  }
}

/** How long a leader may think that a follower still follows it: a fetch waits at the leader, and the next one is on its way. */
export function upheldMsOf(broker: BrokerConfig): number {
  return 2 * broker.number('replica.fetch.wait.max.ms')
}

/** A replica that has not caught up for so long is not in sync. */
export function lagMsMaxOf(broker: BrokerConfig): number {
  return broker.number('replica.lag.time.max.ms')
}

export function throttleConfigOf(broker: BrokerConfig, side: ThrottledSide): ThrottleConfig {
  return {
    side,
    samples: broker.number('replication.quota.window.num'),
    sampleMs: 1000 * broker.number('replication.quota.window.size.seconds'),
    bytesPerSecondMax: () => broker.number(`${side}.replication.throttled.rate`),
  }
}

/** Consumers are told of replicas in their rack (KIP-392). */
export function sendsToNearReplicas(broker: BrokerConfig): boolean {
  return broker.stringOrNull('replica.selector.class') === rackAwareSelector
}
