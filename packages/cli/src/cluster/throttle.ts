/** The throttle of moves (KIP-73), as Kafka's tool sets it: rates on the brokers, and on each topic which of its replicas they are for. */
import {
  alterBrokerConfigs,
  alterTopicConfigs,
  type ClusterClient,
  type ConfigChanges,
  describeCluster,
  type Reassignment,
  topicConfigOf,
} from '@odradek/client'
import { type ClusterState, type PartitionInCluster, placeName } from './cluster-state.ts'

const sides = ['leader', 'follower'] as const

/** A value may be 32,767 characters long: beyond that all replicas of the topic are named. */
const pairsLengthMax = 32_000

/** Those that move, or are about to, are copied at no more than this by each broker. Takes the place of throttles that are there. */
export async function throttleMoves(
  cluster: ClusterClient,
  { state, moves, bytesPerSecond }: { state: ClusterState; moves: readonly Reassignment[]; bytesPerSecond: number },
): Promise<void> {
  const rates = new Map(sides.map(side => [`${side}.replication.throttled.rate`, String(bytesPerSecond)]))
  await alterBrokers(cluster, rates)
  const topics = new Set(moves.map(({ topic }) => topic))
  for (const topic of topics) await alterTopicConfigs(cluster, topic, throttledReplicas({ topic, state, moves }))
}

/** Takes all throttles of replication away, whoever set them. */
export async function liftThrottles(cluster: ClusterClient, state: ClusterState): Promise<void> {
  const topics = [...new Set(state.partitions.map(({ topic }) => topic))]
  const noRates = new Map(sides.map(side => [`${side}.replication.throttled.rate`, null]))
  await alterBrokers(cluster, noRates)
  for (const side of sides) {
    const name = `${side}.replication.throttled.replicas`
    for (const [topic, value] of await topicConfigOf(cluster, topics, name)) {
      if (value !== '') await alterTopicConfigs(cluster, topic, new Map([[name, null]]))
    }
  }
}

/** Those that are there now: a broker that has died meanwhile cannot be asked. */
async function alterBrokers(cluster: ClusterClient, changes: ConfigChanges): Promise<void> {
  for (const { brokerId } of (await describeCluster(cluster)).brokers)
    await alterBrokerConfigs(cluster, brokerId, changes)
}

/** Whoever has a copy is throttled as its leader, whoever is to get one as a follower. */
export function throttledReplicas({
  topic,
  state,
  moves,
}: {
  topic: string
  state: Pick<ClusterState, 'partitions'>
  moves: readonly Reassignment[]
}): Map<string, string> {
  const targets = new Map(moves.map(move => [placeName(move), move.replicas]))
  const leaders: string[] = []
  const followers: string[] = []
  for (const partition of state.partitions) {
    if (partition.topic !== topic) continue
    const target = targets.get(placeName(partition)) ?? partition.target
    const newcomers = target.filter(id => !partition.isr.includes(id))
    if (newcomers.length === 0) continue
    leaders.push(...pairsOf(partition, partition.isr))
    followers.push(...pairsOf(partition, newcomers))
  }
  const named = { leader: leaders.join(), follower: followers.join() }
  return new Map(
    sides.map(side => [
      `${side}.replication.throttled.replicas`,
      named[side].length > pairsLengthMax ? '*' : named[side],
    ]),
  )
}

function pairsOf({ partition }: PartitionInCluster, brokerIds: readonly number[]): string[] {
  return brokerIds.map(id => `${partition}:${id}`)
}
