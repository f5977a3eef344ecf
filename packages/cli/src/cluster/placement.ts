import type { BrokerDescription, Reassignment } from '@odradek/client'
import { type ClusterState, type PartitionInCluster, placeName } from './cluster-state.ts'

export interface Plan {
  readonly moves: readonly Reassignment[]
  /** TOPIC-N of those for which there is no other place, with the reason. */
  readonly stuck: readonly { readonly name: string; readonly because: string }[]
}

/**
 * Whoever is in sync leads what a broker leads, that broker being the last choice from now on: every copy stays where it is.
 * Leaders are spread evenly.
 */
export function planLeadersAway(state: ClusterState, brokerId: number): Plan {
  const leads = new Map(state.brokers.map(broker => [broker.brokerId, 0]))
  for (const { leader } of state.partitions) count(leads, leader)
  const moves: Reassignment[] = []
  const stuck: { name: string; because: string }[] = []
  for (const partition of state.partitions) {
    const { leader, target } = partition
    if (leader !== brokerId && target[0] !== brokerId) continue
    const candidates = target.filter(id => id !== brokerId && partition.isr.includes(id) && leads.has(id))
    const first = leader === brokerId ? least(candidates, id => [leads.get(id) ?? 0]) : target.find(id => id === leader)
    if (first === undefined) {
      if (leader === brokerId) stuck.push({ name: placeName(partition), because: 'no other copy of it is in sync' })
      continue
    }
    if (leader === brokerId) count(leads, first)
    const others = target.filter(id => id !== first && id !== brokerId)
    moves.push({ ...placeOf(partition), replicas: [first, ...others, ...target.filter(id => id === brokerId)] })
  }
  return { moves, stuck }
}

/** A broker leads its share again of what it has in sync: taken from whoever leads most. */
export function planLeadersBack(state: ClusterState, brokerId: number): Plan {
  const leads = new Map(state.brokers.map(broker => [broker.brokerId, 0]))
  for (const { leader } of state.partitions) count(leads, leader)
  const share = Math.floor(state.partitions.length / state.brokers.length)
  const eligible = ({ leader, target, isr }: PartitionInCluster) =>
    leader !== brokerId && target.includes(brokerId) && isr.includes(brokerId)
  const byLeader = Map.groupBy(state.partitions.filter(eligible), ({ leader }) => leader)
  const moves: Reassignment[] = []
  for (let own = leads.get(brokerId) ?? 0; own < share; own++) {
    const donors = [...byLeader].filter(([, left]) => left.length > 0)
    const [donor, left = []] = least(donors, ([id]) => [-(leads.get(id) ?? 0)]) ?? []
    const given = left.pop()
    if (donor === undefined || given === undefined || (leads.get(donor) ?? 0) <= own + 1) break
    leads.set(donor, (leads.get(donor) ?? 0) - 1)
    moves.push({ ...placeOf(given), replicas: [brokerId, ...given.target.filter(id => id !== brokerId)] })
  }
  return { moves, stuck: [] }
}

/**
 * Each copy on a broker gets a place on another: in a rack that has none of that partition where there is one, then where
 * there are fewest copies, then where fewest are first in line to lead. The newcomer takes the old one's rank. What has no leader stays:
 * a move would wait for it, for ever where its only copy is lost.
 */
export function planReplicasAway(state: ClusterState, brokerId: number): Plan {
  const others = state.brokers.filter(broker => broker.brokerId !== brokerId)
  const counts = new Map(others.map(broker => [broker.brokerId, 0]))
  const firsts = new Map(counts)
  for (const { target } of state.partitions) {
    for (const id of target) count(counts, id)
    count(firsts, target[0])
  }
  const moves: Reassignment[] = []
  const stuck: { name: string; because: string }[] = []
  for (const partition of state.partitions) {
    const { target } = partition
    if (!target.includes(brokerId)) continue
    if (partition.leader < 0) {
      stuck.push({ name: placeName(partition), because: whyNotCopied(partition, state) })
      continue
    }
    const racks = new Set(others.filter(({ brokerId: id }) => target.includes(id)).map(rackOf))
    const candidates = others.filter(({ brokerId: id }) => !target.includes(id))
    const chosen = least(candidates, broker => [
      racks.has(rackOf(broker)) ? 1 : 0,
      counts.get(broker.brokerId) ?? 0,
      firsts.get(broker.brokerId) ?? 0,
      broker.brokerId,
    ])
    if (chosen === undefined) {
      stuck.push({ name: placeName(partition), because: tooFew(others.length, target.length) })
      continue
    }
    count(counts, chosen.brokerId)
    if (target[0] === brokerId) count(firsts, chosen.brokerId)
    moves.push({ ...placeOf(partition), replicas: target.map(id => (id === brokerId ? chosen.brokerId : id)) })
  }
  return { moves, stuck }
}

function tooFew(others: number, copies: number): string {
  if (others === 0) return 'there is no other broker'
  const brokers = others === 1 ? 'is only 1 other broker' : `are only ${others} other brokers`
  return `for ${copies === 1 ? '1 copy' : `${copies} copies`} there ${brokers}`
}

/** Of a partition without a leader, with what to do. */
export function whyNotCopied({ replicas }: PartitionInCluster, { brokers }: ClusterState): string {
  const away = replicas.filter(id => !brokers.some(({ brokerId }) => brokerId === id))
  const remedy = away.length > 0 ? `start broker ${away.join(' or ')}` : 'wait for one'
  return `there is no leader to copy from: ${remedy}, or delete the topic`
}

function placeOf({ topic, partition }: PartitionInCluster) {
  return { topic, partition }
}

/** A broker without a rack stands alone. */
export function rackOf({ rack, brokerId }: BrokerDescription): string {
  return rack ?? `broker ${brokerId}`
}

export function count(counts: Map<number, number>, id: number | undefined): void {
  const before = id === undefined ? undefined : counts.get(id)
  if (id !== undefined && before !== undefined) counts.set(id, before + 1)
}

/** Of the lowest rank, compared place by place; the earlier one where they are equal. What has no rank is out. */
export function least<T>(items: Iterable<T>, rankOf: (item: T) => readonly number[] | null): T | undefined {
  let best: { item: T; rank: readonly number[] } | undefined
  for (const item of items) {
    const rank = rankOf(item)
    if (rank !== null && (best === undefined || isLower(rank, best.rank))) best = { item, rank }
  }
  return best?.item
}

function isLower(rank: readonly number[], other: readonly number[]): boolean {
  const at = rank.findIndex((value, index) => value !== other[index])
  return at >= 0 && (rank[at] ?? 0) < (other[at] ?? 0)
}
