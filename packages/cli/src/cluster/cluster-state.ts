import {
  type BrokerDescription,
  type ClusterClient,
  type ClusterDescription,
  describeCluster,
  describeTopics,
  listReassignments,
  type OngoingReassignment,
  type PartitionDescription,
  type PartitionPlace,
} from '@odradek/client'

export interface PartitionInCluster extends PartitionPlace {
  /** -1 for none. */
  readonly leader: number
  /** While it is moved: the old ones and the new ones. */
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  /** What it will be when it has been moved. */
  readonly target: readonly number[]
}

export interface ClusterState extends ClusterDescription {
  /** Those that run. */
  readonly brokers: readonly BrokerDescription[]
  readonly down: readonly BrokerDescription[]
  readonly partitions: readonly PartitionInCluster[]
}

export async function readClusterState(cluster: ClusterClient): Promise<ClusterState> {
  const { brokers, ...description } = await describeCluster(cluster, { includeFencedBrokers: true })
  // A move that ends meanwhile is in the first list, one that begins is in the second. Taken for one that does not move, a
  // partition would seem to be meant to have all the copies that it has while it moves.
  const before = await listReassignments(cluster)
  const topics = await describeTopics(cluster, null, 'controller')
  const after = await listReassignments(cluster)
  const moves = new Map([...before, ...after].map(move => [placeName(move), move]))
  const partitions = topics.flatMap(({ name, partitions: all }) =>
    all.map(partition => inCluster(name, partition, moves.get(`${name}-${partition.index}`))),
  )
  const down = brokers.filter(({ isFenced }) => isFenced)
  return { ...description, brokers: brokers.filter(({ isFenced }) => !isFenced), down, partitions }
}

export function placeName({ topic, partition }: PartitionPlace): string {
  return `${topic}-${partition}`
}

/** Copies are on their way, or on their way out. */
export function isMoving({ replicas, target }: PartitionInCluster): boolean {
  return replicas.length !== target.length
}

function inCluster(
  topic: string,
  { index, leader, replicas, isr }: PartitionDescription,
  move: OngoingReassignment | undefined,
): PartitionInCluster {
  const target = (move?.replicas ?? replicas).filter(id => !move?.removingReplicas.includes(id))
  return { topic, partition: index, leader, replicas, isr, target }
}
