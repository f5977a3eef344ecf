// The course of a rebalance, from whatever brought it about to the answers of all JoinGroups; and what time does to it.
import { errorCodes } from '@odradek/protocol'
import {
  type ClassicGroup,
  hasSatisfiedHeartbeat,
  haveAllMembersJoined,
  noBytes,
  protocolMetadata,
  rebalanceTimeoutMs,
} from './classic-group.ts'
import { type JoinAnswerMember, joinKey, syncKey } from './decision.ts'
import type { GroupConfig } from './group-config.ts'
import type { GroupTransition } from './group-transition.ts'

/** After a member came or changed: starts a rebalance, or completes the one under way if this was the last it waited for. */
export function rebalanceOrCompleteJoin(transition: GroupTransition, config: GroupConfig): void {
  if (transition.group.state === 'PreparingRebalance') completeJoinIfAllJoined(transition)
  else prepareRebalance(transition, config)
}

export function prepareRebalance(transition: GroupTransition, config: GroupConfig): void {
  const { group } = transition
  // Who waits for an assignment of the generation that ends here must join again.
  if (group.state === 'CompletingRebalance') {
    for (const memberId of group.members.keys()) transition.updateMember(memberId, { assignment: noBytes })
    answerSyncs(transition, errorCodes.REBALANCE_IN_PROGRESS)
  }
  transition.clearPendingSyncs()
  const isInitial = group.state === 'Empty'
  transition.transitionTo('PreparingRebalance')
  if (isInitial) startInitialDelay(transition, config)
  // With nobody left there is nobody's timeout to wait for, even if some were given an id and have not come yet.
  else if (haveAllMembersJoined(group) || group.members.size === 0) completeJoin(transition)
  else startJoinTimer(transition)
}

/** More members often come right behind the first one: without the wait, each would cause a rebalance of its own. */
function startInitialDelay(transition: GroupTransition, config: GroupConfig): void {
  const delayMs = config.groupInitialRebalanceDelayMs
  const { group } = transition
  if (delayMs <= 0) {
    completeJoin(transition)
    return
  }
  const leftMs = Math.max(rebalanceTimeoutMs(group) - delayMs, 0)
  transition.startJoinTimer(delayMs, { type: 'initial-delay-over', groupId: group.groupId, delayMs, leftMs })
}

/** Waits on while members keep coming, for as long as a rebalance may take. */
export function endInitialDelay(
  transition: GroupTransition,
  config: GroupConfig,
  { delayMs, leftMs }: { delayMs: number; leftMs: number },
): void {
  const { group } = transition
  if (!group.newMemberAdded || leftMs === 0) {
    completeJoin(transition)
    return
  }
  transition.setNewMemberAdded(false)
  const nextDelayMs = Math.min(config.groupInitialRebalanceDelayMs, leftMs)
  transition.startJoinTimer(nextDelayMs, {
    type: 'initial-delay-over',
    groupId: group.groupId,
    delayMs: nextDelayMs,
    leftMs: Math.max(leftMs - delayMs, 0),
  })
}

function startJoinTimer(transition: GroupTransition): void {
  const { group } = transition
  transition.startJoinTimer(rebalanceTimeoutMs(group), { type: 'join-expired', groupId: group.groupId })
}

/** The initial rebalance is left to its delay. */
export function completeJoinIfAllJoined(transition: GroupTransition): void {
  const { group } = transition
  if (group.state === 'PreparingRebalance' && group.previousState !== 'Empty' && haveAllMembersJoined(group)) {
    completeJoin(transition)
  }
}

/** Starts the next generation with those who joined; of the others, only static members keep their place. */
export function completeJoin(transition: GroupTransition): void {
  const { group } = transition
  transition.cancelTimer(joinKey(group.groupId))
  for (const member of [...group.members.values()]) {
    if (member.joinRequestId === null && member.groupInstanceId === null) {
      transition.removeMember(member.memberId)
      transition.stopSession(member.memberId)
    }
  }
  if (group.members.size > 0 && !electJoinedLeader(transition)) {
    // Only static members are left and none of them joined: wait on, until their sessions are over.
    startJoinTimer(transition)
    return
  }
  transition.setNewMemberAdded(false)
  transition.startGeneration()
  if (group.state === 'Empty') {
    transition.store()
    return
  }
  for (const member of [...group.members.values()]) {
    transition.answerJoin(member.memberId, {
      ...currentGeneration(group),
      memberId: member.memberId,
      members: group.leaderId === member.memberId ? membersForLeader(group) : [],
    })
    transition.updateMember(member.memberId, { isNew: false })
    transition.startSession(member.memberId, member.sessionTimeoutMs)
    transition.addPendingSync(member.memberId)
  }
  const { groupId, generationId } = group
  transition.setTimer(syncKey(groupId), rebalanceTimeoutMs(group), { type: 'sync-expired', groupId, generationId })
}

/** True if the leader is among those who joined, which may take a new leader. */
function electJoinedLeader(transition: GroupTransition): boolean {
  const { group } = transition
  if (group.leaderId === null) return false
  if (group.members.get(group.leaderId)?.joinRequestId != null) return true
  for (const member of group.members.values()) {
    if (member.joinRequestId !== null) {
      transition.setLeader(member.memberId)
      return true
    }
  }
  return false
}

/** The fields of a JoinGroup's answer that are the same for all members. */
export function currentGeneration(group: ClassicGroup): {
  generationId: number
  protocolType: string | null
  protocolName: string | null
  leader: string
} {
  return {
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leader: group.leaderId ?? '',
  }
}

/** What the leader computes the assignment from. */
export function membersForLeader(group: ClassicGroup): JoinAnswerMember[] {
  return [...group.members.values()].map(member => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    metadata: protocolMetadata(member, group.protocolName),
  }))
}

/** Answers all who wait for their assignment with it, or with an error. */
export function answerSyncs(transition: GroupTransition, errorCode: number): void {
  const { group } = transition
  const failed = errorCode !== errorCodes.NONE
  for (const member of [...group.members.values()]) {
    const answer = {
      errorCode,
      protocolType: failed ? null : group.protocolType,
      protocolName: failed ? null : group.protocolName,
      assignment: member.assignment,
    }
    // While the member waited, its session may have ended unnoticed: it starts anew.
    if (transition.answerSync(member.memberId, answer)) {
      transition.startSession(member.memberId, member.sessionTimeoutMs)
    }
  }
}

/** The session of a member, or of one that is pending, is over. */
export function expireSession(transition: GroupTransition, config: GroupConfig, memberId: string): void {
  const { group } = transition
  const member = group.members.get(memberId)
  if (group.pendingMembers.has(memberId)) {
    transition.removeMember(memberId)
    completeJoinOfThoseLeft(transition)
  } else if (member && !hasSatisfiedHeartbeat(member)) {
    removeMember(transition, memberId)
    if (group.state === 'PreparingRebalance') completeJoinOfThoseLeft(transition)
    else prepareRebalance(transition, config)
  }
}

/**
 * A new member may time out, or be removed, with its JoinGroup parked: UNKNOWN_MEMBER_ID sends a client that is still
 * there through the join once more.
 */
export function removeMember(transition: GroupTransition, memberId: string): void {
  transition.answerJoin(memberId, { errorCode: errorCodes.UNKNOWN_MEMBER_ID })
  transition.answerSync(memberId, { errorCode: errorCodes.UNKNOWN_MEMBER_ID })
  transition.removeMember(memberId)
}

/** Other than after a join: here an initial rebalance does not wait for its delay either, when nobody else can come. */
function completeJoinOfThoseLeft(transition: GroupTransition): void {
  if (transition.group.state === 'PreparingRebalance' && haveAllMembersJoined(transition.group))
    completeJoin(transition)
}

/** Members that did not fetch their assignment in time are taken for gone, and the others rebalance. */
export function expirePendingSyncs(transition: GroupTransition, config: GroupConfig, generationId: number): void {
  const { group } = transition
  const isCurrent =
    generationId === group.generationId && (group.state === 'CompletingRebalance' || group.state === 'Stable')
  if (!isCurrent || group.pendingSyncs.size === 0) return
  for (const memberId of [...group.pendingSyncs]) {
    transition.stopSession(memberId)
    removeMember(transition, memberId)
  }
  prepareRebalance(transition, config)
}
