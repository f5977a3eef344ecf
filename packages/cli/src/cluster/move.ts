import { setTimeout as pause } from 'node:timers/promises'
import {
  type ClusterClient,
  ConnectionError,
  electPreferredLeaders,
  KafkaError,
  reassignPartitions,
} from '@odradek/client'
import { type Change, planCopies, planLeaders } from './balance.ts'
import { type ClusterState, isMoving, type PartitionInCluster, placeName, readClusterState } from './cluster-state.ts'
import { type Plan, planLeadersAway, planLeadersBack, planReplicasAway, whyNotCopied } from './placement.ts'
import { liftThrottles, throttleMoves } from './throttle.ts'

const pollMs = 200
/** Brokers come and go while partitions move; longer than this they do not. */
const patienceMs = 60_000
/** Partitions named in one request. */
const requestMax = 500

export interface Moved {
  readonly moved: number
  readonly stuck: Plan['stuck']
}

export interface MoveOptions {
  /** Partitions under way at the same time. */
  readonly atOnce: number
  /** What each broker may copy; undefined: as much as it can. */
  readonly bytesPerSecond?: number | undefined
  /** Called when it changes. */
  readonly onProgress: (progress: { readonly done: number; readonly of: number; readonly underWay: number }) => void
}

/** What is left to do, by a look at the cluster. */
interface Outlook extends Plan {
  readonly underWay: readonly PartitionInCluster[]
}

interface BrokerMoveOptions extends MoveOptions {
  readonly brokerId: number
}

/** Leaves a broker nothing to lead, but for what nobody else can lead. */
export async function moveLeadersAway(cluster: ClusterClient, options: BrokerMoveOptions): Promise<Moved> {
  return moveLeaders(cluster, planLeadersAway(await readClusterState(cluster), options.brokerId), options)
}

/** Gives a broker its share to lead again. */
export async function moveLeadersBack(cluster: ClusterClient, options: BrokerMoveOptions): Promise<Moved> {
  return moveLeaders(cluster, planLeadersBack(await readClusterState(cluster), options.brokerId), options)
}

async function moveLeaders(
  cluster: ClusterClient,
  plan: Plan,
  options: Pick<MoveOptions, 'onProgress'>,
): Promise<Moved> {
  const { moves } = plan
  for (let start = 0; start < moves.length; start += requestMax) {
    const part = moves.slice(start, start + requestMax)
    // The order of the copies first: whoever leads by it goes on to lead when the controller looks for preferred leaders.
    await reassignPartitions(cluster, part)
    await electPreferredLeaders(cluster, part)
    options.onProgress({ done: start + part.length, of: moves.length, underWay: 0 })
  }
  return { moved: moves.length, stuck: plan.stuck }
}

/** Leaves a broker no copy, but for those for which there is no other place. Goes on from whatever is there. */
export async function moveReplicasAway(cluster: ClusterClient, options: BrokerMoveOptions): Promise<Moved> {
  const { brokerId } = options
  const look = (state: ClusterState) => ({
    ...planReplicasAway(state, brokerId),
    underWay: leavingCopies(state, brokerId),
  })
  return moveReplicas(cluster, look, options)
}

/** Lets all brokers hold as many copies as any other. Waits for what somebody else moves meanwhile. Goes on from whatever is there. */
export async function evenReplicasOut(cluster: ClusterClient, options: MoveOptions): Promise<Moved> {
  // To plan takes long where there are many partitions, and what has been planned stays right as long as nobody interferes.
  let rest: readonly Change[] = []
  const look = (state: ClusterState) => {
    rest = stillToDo(rest, state)
    if (rest.length === 0) rest = planCopies(state)
    return { moves: rest, stuck: [], underWay: state.partitions.filter(isMoving) }
  }
  return moveReplicas(cluster, look, options)
}

/** Lets all brokers lead as many partitions as any other, and those lead that are to. */
export async function evenLeadersOut(cluster: ClusterClient, options: Pick<MoveOptions, 'onProgress'>): Promise<Moved> {
  const state = await readClusterState(cluster)
  const moves = planLeaders(state)
  await moveLeaders(cluster, { moves, stuck: [] }, options)
  const named = new Set(moves.map(placeName))
  const isLedByAnother = ({ leader, target, isr }: PartitionInCluster) =>
    leader !== target[0] && isr.includes(target[0] ?? -1)
  const misled = state.partitions.filter(partition => isLedByAnother(partition) && !named.has(placeName(partition)))
  for (let start = 0; start < misled.length; start += requestMax) {
    await electPreferredLeaders(cluster, misled.slice(start, start + requestMax))
  }
  return { moved: moves.length + misled.length, stuck: [] }
}

async function moveReplicas(
  cluster: ClusterClient,
  look: (state: ClusterState) => Outlook,
  { atOnce, bytesPerSecond, onProgress }: MoveOptions,
): Promise<Moved> {
  let total = 0
  let told = ''
  let isThrottled = false
  for (;;) {
    const state = await patiently(() => readClusterState(cluster))
    const { moves, stuck, underWay } = withoutHopeless(look(state), state)
    const left = moves.length + underWay.length
    total = Math.max(total, left + stuck.length)
    const progress = { done: total - left - stuck.length, of: total, underWay: underWay.length }
    if (told !== JSON.stringify(progress) && total > 0) onProgress(progress)
    told = JSON.stringify(progress)
    if (left === 0) {
      if (bytesPerSecond !== undefined) await patiently(() => liftThrottles(cluster, state))
      return { moved: progress.done, stuck }
    }
    const next = moves.slice(0, Math.max(0, Math.min(atOnce - underWay.length, requestMax)))
    if (bytesPerSecond !== undefined && (next.length > 0 || !isThrottled)) {
      const copied = [...underWay.map(({ target, ...place }) => ({ ...place, replicas: target })), ...next]
      await patiently(() => throttleMoves(cluster, { state, moves: copied, bytesPerSecond }))
      isThrottled = true
    }
    if (next.length > 0) await patiently(() => reassignPartitions(cluster, next))
    await pause(pollMs)
  }
}

/** A move whose partition has lost its leader has no end in sight, so that nobody shall wait for it. */
function withoutHopeless({ moves, stuck, underWay }: Outlook, state: ClusterState): Outlook {
  const hopeless = underWay
    .filter(({ leader }) => leader < 0)
    .map(partition => ({ name: placeName(partition), because: whyNotCopied(partition, state) }))
  return { moves, stuck: [...stuck, ...hopeless], underWay: underWay.filter(({ leader }) => leader >= 0) }
}

/** Copies that are to go, and have not gone. */
function leavingCopies({ partitions }: ClusterState, brokerId: number): PartitionInCluster[] {
  return partitions.filter(({ replicas, target }) => replicas.includes(brokerId) && !target.includes(brokerId))
}

/** What nobody has touched since it was planned, and can be done still. */
function stillToDo(changes: readonly Change[], { brokers, partitions }: ClusterState): readonly Change[] {
  const live = new Set(brokers.map(({ brokerId }) => brokerId))
  const places = new Map(partitions.map(partition => [placeName(partition), partition]))
  return changes.filter(({ before, replicas, ...place }) => {
    const partition = places.get(placeName(place))
    if (partition === undefined || partition.leader < 0 || isMoving(partition)) return false
    const isSame = before.join() === partition.target.join()
    return isSame && replicas.every(id => before.includes(id) || live.has(id))
  })
}

async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + patienceMs
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const isPassing = error instanceof ConnectionError || (error instanceof KafkaError && error.retriable)
      if (!isPassing || performance.now() > giveUpAt) throw error
      await pause(pollMs)
    }
  }
}
