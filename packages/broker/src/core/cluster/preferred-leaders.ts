import type { BrokerConfig } from '../config/broker-config.ts'
import { type ClusterImage, isActive } from './cluster-image.ts'
import { changePartition } from './partition-change.ts'
import { type PartitionChange, partitionChange, topicRules } from './topic-rules.ts'

/** Most partitions that go back to their preferred leaders in one round: each move interrupts its clients for a moment. */
const movesMax = 1000

/**
 * Leadership goes back to the first replica, where that is in sync and lives again. `isComplete`: false where there is more
 * to do than one round may.
 */
export function decidePreferredLeaders(
  image: ClusterImage,
  { config, max = movesMax }: { readonly config: BrokerConfig; readonly max?: number },
): { readonly changes: readonly PartitionChange[]; readonly isComplete: boolean } {
  const changes: PartitionChange[] = []
  for (const topic of image.topics.values()) {
    for (const [index, partition] of topic.partitions.entries()) {
      const [preferred] = partition.replicas
      if (preferred === undefined || partition.leader === preferred) continue
      if (!partition.isr.includes(preferred) || !isActive(image, preferred)) continue
      if (changes.length === max) return { changes, isComplete: false }
      const next = changePartition(partition, { election: 'preferred' }, topicRules(image, config, topic))
      if (next !== null) changes.push(partitionChange(topic, index, next))
    }
  }
  return { changes, isComplete: true }
}
