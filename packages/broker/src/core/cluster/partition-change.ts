// One step in a partition's life: who replicates it, who is in sync, who leads, follow from each other, so they change
// together. The rules are those of Kafka's PartitionChangeBuilder: KIP-455 for reassignments, KIP-704 for the recovery
// after an unclean election, KIP-966 for eligible leader replicas.

import { type LeaderRecoveryState, noLeader, type PartitionImage } from './cluster-image.ts'

/**
 * How hard a leader is looked for. `preferred`: the first replica, if it may lead. `online`: whoever leads and may, else the
 * first replica that may. `unclean`: as online, and rather one that is not in sync than none.
 */
export type Election = 'preferred' | 'online' | 'unclean'

/** What a partition's changes are bound to. */
export interface PartitionRules {
  /** Whether the broker may become, or stay, the leader. */
  readonly isAcceptableLeader: (brokerId: number) => boolean
  /** In-sync replicas that a write with acks=all needs, never more than there are replicas. */
  readonly minInSyncReplicas: number
  readonly elrEnabled: boolean
}

/** What is to become of the partition; what is left out stays. */
export interface PartitionTarget {
  readonly isr?: readonly number[]
  readonly replicas?: readonly number[]
  readonly addingReplicas?: readonly number[]
  readonly removingReplicas?: readonly number[]
  readonly leaderRecoveryState?: LeaderRecoveryState
  readonly election?: Election
  /** Brokers that came back without knowing how much of their logs had been written: what they have proves nothing. */
  readonly uncleanShutdowns?: readonly number[]
}

/**
 * The partition after the change, or null where nothing changes. A reassignment whose target is in sync is completed on the
 * way, and a leader is elected where the present one may not go on.
 */
export function changePartition(
  before: PartitionImage,
  target: PartitionTarget,
  rules: PartitionRules,
): PartitionImage | null {
  const assigned = completeReassignment({
    isr: target.isr ?? before.isr,
    replicas: target.replicas ?? before.replicas,
    addingReplicas: target.addingReplicas ?? before.addingReplicas,
    removingReplicas: target.removingReplicas ?? before.removingReplicas,
  })
  const elr = eligibleReplicas(before, assigned, target.uncleanShutdowns ?? [], rules)
  const elected = electLeader(before, { ...assigned, elr }, target.election ?? 'online', rules)
  const synced = inSync(before, { isr: assigned.isr, elr }, elected, rules)
  // A leader that is alone in sync may be all that a reassignment still waited for.
  const completed = completeReassignment({ ...assigned, isr: synced.isr })
  const after = {
    leader: elected.leader,
    elr: synced.elr.filter(id => completed.replicas.includes(id)),
    ...completed,
    leaderRecoveryState: elected.isUnclean ? 'recovering' : (target.leaderRecoveryState ?? before.leaderRecoveryState),
  } as const
  const lastKnownElr = lastKnownLeader(before, after, rules)
  if (isSamePartition(before, { ...after, lastKnownElr })) return null
  // A replica that was taken away must not go on as if its leader were still the same: the new epoch tells it.
  const needsEpoch = after.leader !== before.leader || before.replicas.some(id => !after.replicas.includes(id))
  return {
    ...after,
    lastKnownElr,
    leaderEpoch: before.leaderEpoch + (needsEpoch ? 1 : 0),
    partitionEpoch: before.partitionEpoch + 1,
  }
}

type Assignment = Pick<PartitionImage, 'isr' | 'replicas' | 'addingReplicas' | 'removingReplicas'>

/** Once all that stay are in sync, those that are to go go. */
function completeReassignment(assignment: Assignment): Assignment {
  const { addingReplicas, removingReplicas } = assignment
  if (addingReplicas.length === 0 && removingReplicas.length === 0) return assignment
  const stays = (id: number) => !removingReplicas.includes(id)
  const isr = assignment.isr.filter(stays)
  const replicas = assignment.replicas.filter(stays)
  if (replicas.length === 0 || replicas.some(id => !isr.includes(id))) return assignment
  return { isr, replicas, addingReplicas: [], removingReplicas: [] }
}

/** Who left an ISR that is below the minimum: nothing has been committed without them since. */
function eligibleReplicas(
  { isr, elr }: PartitionImage,
  next: Assignment,
  uncleanShutdowns: readonly number[],
  { elrEnabled, minInSyncReplicas }: PartitionRules,
): readonly number[] {
  if (!elrEnabled || next.isr.length >= minInSyncReplicas) return []
  const candidates = new Set([...elr, ...isr])
  return [...candidates]
    .filter(id => next.replicas.includes(id) && !next.isr.includes(id) && !uncleanShutdowns.includes(id))
    .sort((a, b) => a - b)
}

interface Elected {
  readonly leader: number
  readonly isUnclean: boolean
}

function electLeader(
  before: PartitionImage,
  next: Pick<PartitionImage, 'isr' | 'elr' | 'replicas'>,
  election: Election,
  { isAcceptableLeader, elrEnabled }: PartitionRules,
): Elected {
  const hasAll = (id: number) => next.isr.includes(id) || (next.isr.length === 0 && next.elr.includes(id))
  const isValid = (id: number) => hasAll(id) && isAcceptableLeader(id)
  const [preferred = noLeader] = next.replicas
  const inOrder = election === 'preferred' ? [preferred, before.leader] : [before.leader]
  const clean = [...inOrder, ...next.replicas].find(isValid)
  if (clean !== undefined) return { leader: clean, isUnclean: false }
  // Nobody has all that was committed, so nothing is lost by waiting; but who led last has the most of it.
  const [lastLeader, ...more] = before.lastKnownElr
  const isEmpty = next.isr.length === 0 && next.elr.length === 0
  if (elrEnabled && isEmpty && lastLeader !== undefined && more.length === 0 && isAcceptableLeader(lastLeader)) {
    return { leader: lastLeader, isUnclean: true }
  }
  const unclean = election === 'unclean' ? next.replicas.find(isAcceptableLeader) : undefined
  return unclean === undefined ? { leader: noLeader, isUnclean: false } : { leader: unclean, isUnclean: true }
}

/** ISR and ELR once it is known who leads. */
function inSync(
  before: PartitionImage,
  next: Pick<PartitionImage, 'isr' | 'elr'>,
  { leader, isUnclean }: Elected,
  { elrEnabled, minInSyncReplicas }: PartitionRules,
): Pick<PartitionImage, 'isr' | 'elr'> {
  // What the others have may not be what this leader has.
  if (isUnclean) return { isr: [leader], elr: [] }
  if (next.elr.includes(leader)) {
    // Where one in sync is enough, what the leader commits from now on the others do not have.
    return { isr: [leader], elr: minInSyncReplicas > 1 ? next.elr.filter(id => id !== leader) : [] }
  }
  // Without eligible replicas it is the ISR that remembers who may lead again.
  return next.isr.length === 0 && !elrEnabled ? { isr: before.isr, elr: [] } : next
}

function lastKnownLeader(
  before: PartitionImage,
  after: Pick<PartitionImage, 'leader'>,
  { elrEnabled }: PartitionRules,
): readonly number[] {
  if (after.leader !== noLeader) return []
  // Also while somebody is in sync who may not lead, as one that is about to stop: once that one is gone, too, nobody else remembers.
  return elrEnabled && before.leader !== noLeader ? [before.leader] : before.lastKnownElr
}

function isSamePartition(
  before: PartitionImage,
  after: Omit<PartitionImage, 'leaderEpoch' | 'partitionEpoch'>,
): boolean {
  return (
    before.leader === after.leader &&
    before.leaderRecoveryState === after.leaderRecoveryState &&
    isSameList(before.isr, after.isr) &&
    isSameList(before.elr, after.elr) &&
    isSameList(before.lastKnownElr, after.lastKnownElr) &&
    isSameList(before.replicas, after.replicas) &&
    isSameList(before.addingReplicas, after.addingReplicas) &&
    isSameList(before.removingReplicas, after.removingReplicas)
  )
}

function isSameList(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((id, index) => id === b[index])
}
