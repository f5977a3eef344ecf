import type { BrokerConfig } from '../config/broker-config.ts'
import {
  type BrokerImage,
  type ClusterImage,
  isActive,
  isInternalTopic,
  isReassigning,
  liveBrokers,
  noLeader,
  type PartitionImage,
  type TopicImage,
} from './cluster-image.ts'
import { reassign } from './partition-reassignments.ts'
import { type PartitionChange, partitionChange, topicRules } from './topic-rules.ts'

/**
 * The topics that the brokers keep their own state in are born with as many copies as there are brokers, so that one node
 * works by itself. As brokers join, those topics get the copies that they were meant to have, as reassignments.
 */
export function decideInternalTopicReplication(image: ClusterImage, config: BrokerConfig): PartitionChange[] {
  const brokers = liveBrokers(image).filter(({ brokerId }) => isActive(image, brokerId))
  const changes: PartitionChange[] = []
  for (const topic of image.topics.values()) {
    if (!isInternalTopic(topic.name)) continue
    const factor = Math.min(intendedReplicas(topic.name, config), brokers.length)
    const load = new Map(brokers.map(({ brokerId }) => [brokerId, replicasOn(topic, brokerId)]))
    for (const [index, partition] of topic.partitions.entries()) {
      // What moves already or has no leader to be copied from has its turn later.
      if (isReassigning(partition) || partition.leader === noLeader) continue
      const added = newReplicas(image, partition, { factor, brokers, load })
      if (added.length === 0) continue
      const next = reassign(partition, [...partition.replicas, ...added], topicRules(image, config, topic))
      if (next !== null) changes.push(partitionChange(topic, index, next))
    }
  }
  return changes
}

function intendedReplicas(topic: string, config: BrokerConfig): number {
  if (topic === '__transaction_state') return config.number('transaction.state.log.replication.factor')
  if (topic === '__share_group_state') return config.number('share.coordinator.state.topic.replication.factor')
  return config.number('offsets.topic.replication.factor')
}

function replicasOn({ partitions }: TopicImage, brokerId: number): number {
  return partitions.filter(({ replicas }) => replicas.includes(brokerId)).length
}

/** On brokers with the fewest of the topic's replicas, of racks that have none of the partition yet where there are such. */
function newReplicas(
  image: ClusterImage,
  { replicas }: PartitionImage,
  plan: { readonly factor: number; readonly brokers: readonly BrokerImage[]; readonly load: Map<number, number> },
): number[] {
  const racks = new Set(replicas.map(id => image.brokers.get(id)?.rack ?? null))
  const added: number[] = []
  while (replicas.length + added.length < plan.factor) {
    const free = plan.brokers.filter(({ brokerId }) => !replicas.includes(brokerId) && !added.includes(brokerId))
    const cost = ({ rack, brokerId }: BrokerImage): readonly [rackUsed: number, load: number] => [
      racks.has(rack) ? 1 : 0,
      plan.load.get(brokerId) ?? 0,
    ]
    const [best] = free.sort((a, b) => cost(a)[0] - cost(b)[0] || cost(a)[1] - cost(b)[1] || a.brokerId - b.brokerId)
    if (best === undefined) return added
    added.push(best.brokerId)
    racks.add(best.rack)
    plan.load.set(best.brokerId, (plan.load.get(best.brokerId) ?? 0) + 1)
  }
  return added
}
