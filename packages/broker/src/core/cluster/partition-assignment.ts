import type { TopicDefinition } from './cluster-change.ts'
import { type ClusterImage, isActive, noLeader } from './cluster-image.ts'
import { type Outcome, refusal } from './decision.ts'

export type NewPartition = TopicDefinition['partitions'][number]

/** Partitions on replicas that the cluster chose: each led by its first live one. */
export function placedPartitions(
  image: ClusterImage,
  placed: readonly (readonly number[])[],
): NewPartition[] | Outcome {
  const partitions = placed.map(replicas => newPartition(image, replicas))
  if (partitions.every(({ isr }) => isr.length > 0)) return partitions
  // The brokers live, and are about to stop.
  const copies = placed[0]?.length ?? 0
  const message = `Unable to replicate the partition ${copies} time(s): All brokers are currently fenced or in controlled shutdown.`
  return refusal('INVALID_REPLICATION_FACTOR', message)
}

function newPartition(image: ClusterImage, replicas: readonly number[]): NewPartition {
  const isr = replicas.filter(id => isActive(image, id))
  return { replicas, leader: isr[0] ?? noLeader, isr }
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
  const isRegistered = (id: number) => image.brokers.has(id)
  const problem = checkAssignment(replicas, { isRegistered, replicationFactor })
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
  replicas: readonly number[],
  {
    isRegistered,
    replicationFactor,
  }: { readonly isRegistered: (brokerId: number) => boolean; readonly replicationFactor: number | null },
): string | null {
  if (replicas.length === 0) return 'The manual partition assignment includes an empty replica list.'
  const sorted = replicas.toSorted((a, b) => a - b)
  for (const [index, id] of sorted.entries()) {
    if (!isRegistered(id)) {
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
