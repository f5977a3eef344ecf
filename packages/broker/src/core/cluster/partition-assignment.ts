import type { TopicDefinition } from './cluster-change.ts'
import type { ClusterImage } from './cluster-image.ts'
import { type Outcome, refusal } from './decision.ts'

export type NewPartition = TopicDefinition['partitions'][number]

/** A partition on replicas that the cluster chose: led by the first live one, which must exist. */
export function newPartition(image: ClusterImage, replicas: readonly number[]): NewPartition {
  const isr = replicas.filter(id => image.brokers.get(id)?.fenced === false)
  return { replicas, leader: isr[0] ?? -1, isr }
}

/** A partition on replicas that a client chose. */
export function assignedPartition(
  image: ClusterImage,
  {
    index,
    replicas,
    replicationFactor,
  }: { index: number; replicas: readonly number[]; replicationFactor: number | null },
): NewPartition | Outcome {
  const problem = checkAssignment(image, replicas, replicationFactor)
  if (problem !== null) return refusal('INVALID_REPLICA_ASSIGNMENT', problem)
  const partition = newPartition(image, replicas)
  if (partition.isr.length > 0) return partition
  return refusal(
    'INVALID_REPLICA_ASSIGNMENT',
    `All brokers specified in the manual partition assignment for partition ${index} are fenced or in controlled shutdown.`,
  )
}

/** Why a client may not choose these replicas; null where it may. */
export function checkAssignment(
  image: ClusterImage,
  replicas: readonly number[],
  replicationFactor: number | null,
): string | null {
  if (replicas.length === 0) return 'The manual partition assignment includes an empty replica list.'
  const sorted = replicas.toSorted((a, b) => a - b)
  for (const [index, id] of sorted.entries()) {
    if (!image.brokers.has(id)) {
      return `The manual partition assignment includes broker ${id}, but no such broker is registered.`
    }
    if (index > 0 && sorted[index - 1] === id) {
      return `The manual partition assignment includes the broker ${id} more than once.`
    }
  }
  if (replicationFactor !== null && sorted.length !== replicationFactor) {
    return `The manual partition assignment includes a partition with ${sorted.length} replica(s), but this is not consistent with previous partitions, which have ${replicationFactor} replica(s).`
  }
  return null
}
