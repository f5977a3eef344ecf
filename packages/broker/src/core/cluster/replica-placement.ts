// Where new partitions go. Leaders go round the racks, and round the brokers of each rack, so that every broker leads
// and follows as many partitions as any other; a partition's replicas are on as many racks as there are.

import type { BrokerImage, ClusterImage } from './cluster-image.ts'

export interface PlacementSpec {
  readonly partitions: number
  readonly replicationFactor: number
  /** Any whole number >= 0, by chance: where the round begins, so that one-partition topics do not all land together. */
  readonly seed: number
  /** How many partitions of other topics the same request has placed with this seed: the round goes on where those ended. */
  readonly placedBefore?: number
}

/** The replicas of each new partition, leader first, or why there cannot be so many. */
export function placeReplicas(image: ClusterImage, spec: PlacementSpec): number[][] | string {
  const { partitions, replicationFactor, seed, placedBefore = 0 } = spec
  const brokers = [...image.brokers.values()].sort((a, b) => a.brokerId - b.brokerId)
  const live = brokers.filter(broker => !broker.fenced)
  if (live.length === 0) return 'All brokers are currently fenced, or have all their log directories cordoned.'
  if (replicationFactor > brokers.length) {
    return `The target replication factor of ${replicationFactor} cannot be reached because only ${brokers.length} broker(s) are registered or some brokers have all their log directories cordoned.`
  }
  const leaders = interleaveRacks(live)
  const followers = interleaveRacks(brokers)
  // Whole rounds are even wherever they begin: the first partitions of such topics are not to be all led by one broker.
  const turn = partitions % leaders.length === 0 ? Math.floor(placedBefore / partitions) : 0
  return Array.from({ length: partitions }, (_, partition) => {
    const place = placedBefore + turn + partition
    const leader = at(leaders, seed + place)
    // Each round over the leaders pairs them with other followers.
    const shift = seed + place + Math.floor(place / leaders.length)
    const others = rotated(followers, shift).filter(broker => broker !== leader)
    return [leader.brokerId, ...spreadOverRacks(leader, others, replicationFactor - 1).map(broker => broker.brokerId)]
  })
}

/** One broker of each rack, then the next of each, until all are there. */
function interleaveRacks(brokers: readonly BrokerImage[]): BrokerImage[] {
  const racks = [...Map.groupBy(brokers, broker => broker.rack ?? '').entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, rack]) => rack)
  const order: BrokerImage[] = []
  for (let round = 0; order.length < brokers.length; round++) {
    for (const rack of racks) {
      const broker = rack[round]
      if (broker !== undefined) order.push(broker)
    }
  }
  return order
}

/** Live brokers of racks not used yet first, then live ones, then what is left. */
function spreadOverRacks(leader: BrokerImage, others: readonly BrokerImage[], count: number): BrokerImage[] {
  const left = [...others]
  const chosen: BrokerImage[] = []
  const usedRacks = new Set([leader.rack])
  while (chosen.length < count && left.length > 0) {
    if (left.every(broker => usedRacks.has(broker.rack))) usedRacks.clear()
    const best =
      left.find(broker => !broker.fenced && !usedRacks.has(broker.rack)) ?? left.find(broker => !broker.fenced)
    const next = best ?? left[0]
    if (next === undefined) break
    left.splice(left.indexOf(next), 1)
    usedRacks.add(next.rack)
    chosen.push(next)
  }
  return chosen
}

function at(brokers: readonly BrokerImage[], index: number): BrokerImage {
  const broker = brokers[index % brokers.length]
  if (broker === undefined) throw new Error('no brokers to choose from')
  return broker
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const start = by % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}
