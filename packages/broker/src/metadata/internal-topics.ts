import { type ClusterImage, type ConfigOverrides, liveBrokers } from '../core/cluster/cluster-image.ts'
import type { NewTopic } from '../core/cluster/create-topics.ts'
import type { BrokerConfig } from '../core/config/broker-config.ts'

/** Topics that the broker keeps its own state in, created when first needed. */
export type InternalTopic = '__consumer_offsets'

/** Fewer copies than configured while there are fewer brokers: one node must work as it is. */
export function internalTopicRequest(
  name: InternalTopic,
  { config, image }: { config: BrokerConfig; image: ClusterImage },
): { topic: NewTopic; internalConfig: ConfigOverrides } {
  const replicas = Math.max(1, Math.min(config.number('offsets.topic.replication.factor'), liveBrokers(image).length))
  return {
    topic: {
      name,
      numPartitions: config.number('offsets.topic.num.partitions'),
      replicationFactor: replicas,
      assignments: [],
      configs: [],
    },
    internalConfig: {
      'cleanup.policy': 'compact',
      'compression.type': 'producer',
      'segment.bytes': String(config.number('offsets.topic.segment.bytes')),
    },
  }
}
