import type { BrokerConfig } from '../config/broker-config.ts'
import { TopicConfig } from '../config/topic-config.ts'
import type { ClusterChange } from './cluster-change.ts'
import { type ClusterImage, isActive, overridesOf, type PartitionImage, type TopicImage } from './cluster-image.ts'
import type { Election, PartitionRules } from './partition-change.ts'
import { partitionState } from './partition-state.ts'

/** What the partitions of one topic are bound to, as of an image. */
export interface TopicRules extends PartitionRules {
  /** How hard a leader is looked for when nobody asked for one. */
  readonly election: Election
}

export function topicRules(image: ClusterImage, config: BrokerConfig, topic: TopicImage): TopicRules {
  const settings = new TopicConfig(config, overridesOf(image, { type: 'topic', name: topic.name }))
  const replicationFactor = topic.partitions[0]?.replicas.length ?? 1
  return {
    isAcceptableLeader: id => isActive(image, id),
    minInSyncReplicas: Math.min(settings.number('min.insync.replicas'), replicationFactor),
    elrEnabled: (image.features.get('eligible.leader.replicas.version') ?? 0) > 0,
    election: settings.boolean('unclean.leader.election.enable') ? 'unclean' : 'online',
  }
}

export type PartitionChange = Extract<ClusterChange, { readonly kind: 'partition' }>

export function partitionChange(topic: TopicImage, index: number, next: PartitionImage): PartitionChange {
  return { kind: 'partition', topicId: topic.topicId, index, value: partitionState(next) }
}
