import type { Reassignment } from '@odradek/client'
import { type ClusterState, isMoving, type PartitionInCluster, placeName } from './cluster-state.ts'
import { count, least, rackOf } from './placement.ts'

/** Of one partition: who keeps it, the first being the preferred leader. */
export interface Change extends Reassignment {
  readonly before: readonly number[]
}

/**
 * As few copies as will do get another place, so that no live broker holds two more than another. No partition gets into fewer
 * racks by it: where that leaves no way, not even over third brokers, some hold more than others. What is on the move already
 * counts where it goes to, and stays out of it, as does what has no leader to be copied from.
 */
export function planCopies(state: ClusterState): Change[] {
  const racks = new Map([...state.brokers, ...state.down].map(broker => [broker.brokerId, rackOf(broker)]))
  const drafts = draftsOf(state)
  const held = new Map(state.brokers.map(({ brokerId }) => [brokerId, new Set<Draft>()]))
  const firsts = new Map(state.brokers.map(({ brokerId }) => [brokerId, 0]))
  const ofTopic = new Map(state.brokers.map(({ brokerId }) => [brokerId, new Map<string, number>()]))
  for (const draft of drafts) {
    for (const id of draft.replicas) {
      held.get(id)?.add(draft)
      add(ofTopic.get(id), draft.partition.topic, 1)
    }
    count(firsts, draft.replicas[0])
  }

  evenOut(held, {
    ranking: (from, to) => {
      const [rackOfOld, rackOfNew] = [racks.get(from), racks.get(to)]
      const [topicsOfOld, topicsOfNew] = [ofTopic.get(from), ofTopic.get(to)]
      const leadsTooMuch = (firsts.get(from) ?? 0) - (firsts.get(to) ?? 0) >= 2
      return ({ replicas, partition: { topic }, index }) => {
        let [isInOld, isInNew] = [0, 0]
        for (const id of replicas) {
          if (id === to) return null
          if (id === from) continue
          if (racks.get(id) === rackOfOld) isInOld = 1
          if (racks.get(id) === rackOfNew) isInNew = 1
        }
        const lostRacks = isInNew - isInOld
        if (lostRacks > 0) return null
        const isOfWrongKind = (replicas[0] === from) !== leadsTooMuch
        const crowding = (topicsOfNew?.get(topic) ?? 0) - (topicsOfOld?.get(topic) ?? 0)
        return [lostRacks, Number(isOfWrongKind), crowding, index]
      }
    },
    take: (draft, from, to) => {
      if (draft.replicas[0] === from) {
        add(firsts, from, -1)
        add(firsts, to, 1)
      }
      add(ofTopic.get(from), draft.partition.topic, -1)
      add(ofTopic.get(to), draft.partition.topic, 1)
      // The newcomer takes the old one's rank.
      draft.replicas = draft.replicas.map(id => (id === from ? to : id))
    },
  })
  return changesOf(drafts)
}

/** As few partitions as will do get another one of their copies as the first, so that no live broker is it much more often. */
export function planLeaders(state: ClusterState): Change[] {
  const drafts = draftsOf(state)
  const led = new Map(state.brokers.map(({ brokerId }) => [brokerId, new Set<Draft>()]))
  for (const draft of drafts) led.get(draft.replicas[0] ?? -1)?.add(draft)

  evenOut(led, {
    ranking:
      (_from, to) =>
      ({ replicas, partition, index }) =>
        replicas.includes(to) ? [partition.isr.includes(to) ? 0 : 1, index] : null,
    take: (draft, _from, to) => {
      draft.replicas = [to, ...draft.replicas.filter(id => id !== to)]
    },
  })
  return changesOf(drafts)
}

/** What a cluster will be when the changes are done. */
export function changed(state: ClusterState, changes: readonly Change[]): ClusterState {
  const replicasOf = new Map(changes.map(change => [placeName(change), change.replicas]))
  const partitions = state.partitions.map(partition => {
    const replicas = replicasOf.get(placeName(partition))
    return replicas === undefined ? partition : { ...partition, replicas, target: replicas }
  })
  return { ...state, partitions }
}

export interface Share {
  readonly brokerId: number
  /** Copies, those that are on their way to it included. */
  readonly holds: number
  /** How many partitions it is the preferred leader of. */
  readonly leads: number
}

/** Of each live broker. */
export function sharesOf({ brokers, partitions }: ClusterState): Share[] {
  return brokers.map(({ brokerId }) => ({
    brokerId,
    holds: partitions.filter(({ target }) => target.includes(brokerId)).length,
    leads: partitions.filter(({ target }) => target[0] === brokerId).length,
  }))
}

interface Draft {
  readonly partition: PartitionInCluster
  readonly index: number
  readonly isFree: boolean
  replicas: readonly number[]
}

function draftsOf({ partitions }: ClusterState): Draft[] {
  return partitions.map((partition, index) => ({
    partition,
    index,
    isFree: !isMoving(partition) && partition.leader >= 0,
    replicas: partition.target,
  }))
}

function changesOf(drafts: readonly Draft[]): Change[] {
  return drafts.flatMap(({ partition, replicas }) => {
    const { topic, partition: index, target } = partition
    const isSame = replicas.every((id, rank) => id === target[rank])
    return isSame ? [] : [{ topic, partition: index, before: target, replicas }]
  })
}

function add<K>(sums: Map<K, number> | undefined, key: K, more: number): void {
  sums?.set(key, (sums.get(key) ?? 0) + more)
}

/** By broker. */
type Shares = ReadonlyMap<number, Set<Draft>>

interface Rules {
  /**
   * Of what goes from the one to the other the lowest goes first, and null does not go at all: which is a matter of the draft's
   * replicas alone.
   */
  ranking(from: number, to: number): (draft: Draft) => readonly number[] | null
  /** Gives the draft its new replicas. */
  take(draft: Draft, from: number, to: number): void
}

interface Step {
  readonly draft: Draft
  readonly from: number
  readonly to: number
}

/**
 * Lets things go from one broker to another until nobody has two more than somebody to whom there is a way. Each time one goes from who
 * has most to who has least: straight, which is the fewest moves that there can be, or where it cannot, over third brokers,
 * each of which gets one and gives another.
 */
function evenOut(shares: Shares, rules: Rules): void {
  /** Pairs of brokers between which nothing may go: most of the time is spent on finding that out. */
  const closed = new Map(Array.from(shares, ([id]) => [id, new Set<number>()]))
  const find = (from: number, to: number, taken: ReadonlySet<Draft>): Draft | undefined => {
    if (closed.get(from)?.has(to)) return undefined
    const rankOf = rules.ranking(from, to)
    const found = least(shares.get(from) ?? [], draft => (draft.isFree && !taken.has(draft) ? rankOf(draft) : null))
    if (found === undefined && taken.size === 0) closed.get(from)?.add(to)
    return found
  }
  for (let way = nextWay(shares, find); way !== undefined; way = nextWay(shares, find)) {
    for (const { draft, from, to } of way) {
      rules.take(draft, from, to)
      shares.get(from)?.delete(draft)
      shares.get(to)?.add(draft)
      // What it may do now is all that has become possible.
      for (const id of draft.replicas.filter(each => shares.get(each)?.has(draft))) {
        for (const other of closed.get(id) ?? []) {
          if (rules.ranking(id, other)(draft) !== null) closed.get(id)?.delete(other)
        }
      }
    }
  }
}

function nextWay(
  shares: Shares,
  find: (from: number, to: number, taken: ReadonlySet<Draft>) => Draft | undefined,
): Step[] | undefined {
  const loadOf = (id: number) => shares.get(id)?.size ?? 0
  const byLoad = [...shares.keys()].sort((a, b) => loadOf(a) - loadOf(b) || a - b)
  const nothing: ReadonlySet<Draft> = new Set()
  for (const from of byLoad.toReversed()) {
    for (const to of byLoad) {
      if (loadOf(to) > loadOf(from) - 2) break
      const draft = find(from, to, nothing)
      if (draft !== undefined) return [{ draft, from, to }]
    }
  }
  for (const start of byLoad.toReversed()) {
    if (loadOf(start) - 2 < loadOf(byLoad[0] ?? start)) return undefined
    // What is added while a map is walked through is walked through as well: so this goes from the nearest to the farthest.
    const ways = new Map<number, Step[]>([[start, []]])
    for (const [from, way] of ways) {
      const taken = new Set(way.map(({ draft }) => draft))
      for (const to of byLoad) {
        const draft = ways.has(to) ? undefined : find(from, to, taken)
        if (draft === undefined) continue
        const longer = [...way, { draft, from, to }]
        if (loadOf(to) <= loadOf(start) - 2) return longer
        ways.set(to, longer)
      }
    }
  }
  return undefined
}
