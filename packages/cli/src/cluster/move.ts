import { setTimeout as pause } from 'node:timers/promises'
import {
  type ClusterClient,
  ConnectionError,
  electPreferredLeaders,
  KafkaError,
  reassignPartitions,
} from '@odradek/client'
import { type ClusterState, type PartitionInCluster, readClusterState } from './cluster-state.ts'
import { type Plan, planLeadersAway, planLeadersBack, planReplicasAway } from './placement.ts'
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
  readonly brokerId: number
  /** Partitions under way at the same time. */
  readonly atOnce: number
  /** What each broker may copy; undefined: as much as it can. */
  readonly bytesPerSecond?: number | undefined
  /** Called when it changes. */
  readonly onProgress: (progress: { readonly done: number; readonly of: number; readonly underWay: number }) => void
}

/** Leaves a broker nothing to lead, but for what nobody else can lead. */
export async function moveLeadersAway(cluster: ClusterClient, options: MoveOptions): Promise<Moved> {
  return moveLeaders(cluster, planLeadersAway(await readClusterState(cluster), options.brokerId), options)
}

/** Gives a broker its share to lead again. */
export async function moveLeadersBack(cluster: ClusterClient, options: MoveOptions): Promise<Moved> {
  return moveLeaders(cluster, planLeadersBack(await readClusterState(cluster), options.brokerId), options)
}

async function moveLeaders(cluster: ClusterClient, plan: Plan, options: MoveOptions): Promise<Moved> {
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
export async function moveReplicasAway(cluster: ClusterClient, options: MoveOptions): Promise<Moved> {
  const { brokerId, atOnce, bytesPerSecond, onProgress } = options
  let total = 0
  let told = ''
  let isThrottled = false
  for (;;) {
    const state = await patiently(() => readClusterState(cluster))
    const { moves, stuck } = planReplicasAway(state, brokerId)
    const leaving = leavingCopies(state, brokerId)
    const underWay = leaving.length
    const left = moves.length + underWay
    total = Math.max(total, left)
    const progress = { done: total - left, of: total, underWay }
    if (told !== JSON.stringify(progress) && total > 0) onProgress(progress)
    told = JSON.stringify(progress)
    if (left === 0) {
      if (bytesPerSecond !== undefined) await patiently(() => liftThrottles(cluster, state))
      return { moved: total, stuck }
    }
    const next = moves.slice(0, Math.max(0, Math.min(atOnce - underWay, requestMax)))
    if (bytesPerSecond !== undefined && (next.length > 0 || !isThrottled)) {
      const copied = [...leaving.map(({ target, ...place }) => ({ ...place, replicas: target })), ...next]
      await patiently(() => throttleMoves(cluster, { state, moves: copied, bytesPerSecond }))
      isThrottled = true
    }
    if (next.length > 0) await patiently(() => reassignPartitions(cluster, next))
    await pause(pollMs)
  }
}

/** Copies that are to go, and have not gone. */
function leavingCopies({ partitions }: ClusterState, brokerId: number): PartitionInCluster[] {
  return partitions.filter(({ replicas, target }) => replicas.includes(brokerId) && !target.includes(brokerId))
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
