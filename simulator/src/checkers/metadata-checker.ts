/**
 * What the metadata store says of partitions over time.
 *
 * Invariants: an epoch has one leader; epochs never go back; who is elected was in sync, or was known to have all that was
 * committed; a leader is in its own in-sync set, which are replicas.
 */
import type { PartitionState, PartitionStep } from '../cluster-state.ts'
import { Violation } from '../verdict.ts'

const noLeader = -1

export function checkStep(
  { key, revision, before, after }: PartitionStep,
  isRegistered: (brokerId: number) => boolean,
): void {
  const fail = (invariant: string) => {
    const states = `${JSON.stringify(before)} -> ${JSON.stringify(after)}`
    throw new Violation(invariant, `partition ${key} at revision ${revision}: ${states}`)
  }
  const { leader, isr, elr, replicas } = after
  if (leader !== noLeader && !isr.includes(leader)) fail('the leader is in sync')
  if ([...isr, ...elr].some(id => !replicas.includes(id))) fail('in-sync replicas are replicas')
  if (isr.some(id => elr.includes(id))) fail('nobody is in the ISR and in the ELR')
  if (before === null) return
  if (after.partitionEpoch <= before.partitionEpoch) fail('partition epochs rise')
  if (after.leaderEpoch < before.leaderEpoch) fail('leader epochs rise')
  if (leader === before.leader) return
  if (after.leaderEpoch === before.leaderEpoch) fail('one leader per epoch')
  if (leader !== noLeader && !mayLead(before, after, isRegistered)) fail('elections from those who have all')
}

/** The ISR first; when all of it is gone, the eligible ones; when those are gone, the last leader. */
function mayLead(
  before: PartitionState,
  { leader, isr, elr, removingReplicas }: PartitionState,
  isRegistered: (brokerId: number) => boolean,
): boolean {
  if (before.isr.includes(leader) || before.elr.includes(leader)) return true
  // Those who doubt their disk leave before they register again, and the last of them may leave in the same step: of the eligible,
  // or, where none of those is left, the last one in sync, who did not lead because it was about to stop.
  const [lastInSync, ...others] = [...before.isr, ...before.elr]
  const isLastInDoubt = lastInSync !== undefined && others.length === 0 && !isRegistered(lastInSync)
  const mayBeEmptied = before.isr.length === 0 || isLastInDoubt
  if (mayBeEmptied && before.lastKnownElr.includes(leader)) return isr.length === 1 && elr.length === 0
  // The last step of a reassignment takes the new replica in and may hand the leadership to it.
  const isReassigned = before.removingReplicas.length > 0 && removingReplicas.length === 0
  return isReassigned && isr.includes(leader)
}
