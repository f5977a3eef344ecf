// What members send between two JoinGroups: SyncGroup, Heartbeat, LeaveGroup.
import { errorCodes } from '@odradek/protocol'
import { type ClassicGroup, noBytes } from './classic-group.ts'
import { type Answered, answered, type Decision, nothing, type SyncAnswer, sessionKey } from './decision.ts'
import type { GroupConfig } from './group-config.ts'
import { GroupTransition, syncAnswer } from './group-transition.ts'
import { validateGeneration, validateMember } from './member-checks.ts'
import { answerSyncs, completeJoinIfAllJoined, prepareRebalance, removeMember } from './rebalance.ts'

export interface SyncInput {
  /** Its answer comes as a reply to this id, now or later. */
  readonly requestId: number
  readonly request: SyncRequest
}

/** The fields of a SyncGroup request that matter here. */
export interface SyncRequest {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly protocolType: string | null
  readonly protocolName: string | null
  /** The leader's; empty from the others. */
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[]
}

export interface HeartbeatRequest {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
}

export interface LeaveRequest {
  readonly groupId: string
  readonly members: readonly LeavingMember[]
}

export interface LeavingMember {
  /** Empty when an administrator removes a static member by its instance id. */
  readonly memberId: string
  readonly groupInstanceId: string | null
}

export interface LeaveAnswer {
  readonly errorCode: number
  readonly members: readonly LeaveAnswerMember[]
}

export interface LeaveAnswerMember extends LeavingMember {
  readonly errorCode: number
}

/** A member asks for its assignment; the leader brings all of them, and with that the group is stable. */
export function decideSync(group: ClassicGroup | undefined, input: SyncInput, nowMs: number): Decision {
  const { request, requestId } = input
  const reply = (answer: Partial<SyncAnswer>): Decision => ({
    ...nothing,
    replies: [{ api: 'sync', requestId, answer: syncAnswer(answer) }],
  })
  if (request.groupId === '') return reply({ errorCode: errorCodes.INVALID_GROUP_ID })
  if (group === undefined || group.state === 'Empty') return reply({ errorCode: errorCodes.UNKNOWN_MEMBER_ID })
  const invalid = validateSync(group, request)
  if (invalid !== null) return reply({ errorCode: invalid })
  if (group.state === 'PreparingRebalance') return reply({ errorCode: errorCodes.REBALANCE_IN_PROGRESS })

  const transition = new GroupTransition(group, nowMs)
  transition.removePendingSync(request.memberId)
  if (group.state === 'Stable') {
    const { protocolType, protocolName } = group
    const assignment = group.members.get(request.memberId)?.assignment ?? noBytes
    transition.reply({ api: 'sync', requestId, answer: syncAnswer({ protocolType, protocolName, assignment }) })
    return transition.decision()
  }
  // The one that it may still have parked belongs to a connection that is gone.
  transition.answerSync(request.memberId, { errorCode: errorCodes.REBALANCE_IN_PROGRESS })
  transition.updateMember(request.memberId, { syncRequestId: requestId })
  if (group.leaderId === request.memberId) assign(transition, request)
  return transition.decision()
}

function validateSync(group: ClassicGroup, request: SyncRequest): number | null {
  const invalid = validateGeneration(group, request)
  if (invalid !== null) return invalid
  return isOther(request.protocolType, group.protocolType) || isOther(request.protocolName, group.protocolName)
    ? errorCodes.INCONSISTENT_GROUP_PROTOCOL
    : null
}

function isOther(named: string | null, current: string | null): boolean {
  return named !== null && current !== null && named !== current
}

/** A member that the leader forgot gets an empty assignment. */
function assign(transition: GroupTransition, { assignments }: SyncRequest): void {
  const byMember = new Map(assignments.map(({ memberId, assignment }) => [memberId, assignment]))
  for (const memberId of transition.group.members.keys()) {
    // Copied: the request is a view into a network frame.
    transition.updateMember(memberId, { assignment: Buffer.from(byMember.get(memberId) ?? noBytes) })
  }
  // What is stored bears the time at which the rebalance began to complete, as Kafka writes it.
  transition.store()
  answerSyncs(transition, errorCodes.NONE)
  transition.transitionTo('Stable')
}

/** Writes nothing and changes no group: the session's timer is all there is to it. */
export function decideHeartbeat(
  group: ClassicGroup | undefined,
  request: HeartbeatRequest,
  nowMs: number,
): Answered<{ readonly errorCode: number }> {
  if (request.groupId === '') return answered({ errorCode: errorCodes.INVALID_GROUP_ID })
  if (group === undefined) return answered({ errorCode: errorCodes.UNKNOWN_MEMBER_ID })
  const errorCode = validateGeneration(group, request)
  if (errorCode !== null) return answered({ errorCode })
  return {
    ...sessionProlonged(group, request.memberId, nowMs),
    answer: { errorCode: group.state === 'PreparingRebalance' ? errorCodes.REBALANCE_IN_PROGRESS : errorCodes.NONE },
  }
}

/** The member is alive. */
export function sessionProlonged(group: ClassicGroup, memberId: string, nowMs: number): Decision {
  const member = group.members.get(memberId)
  if (member === undefined) return nothing
  const { groupId } = group
  const atMs = nowMs + member.sessionTimeoutMs
  const input = { type: 'session-expired', groupId, memberId } as const
  return { events: [], replies: [], timers: [{ key: sessionKey(groupId, memberId), atMs, input }] }
}

/** Removes members, each on its own: one that is unknown does not keep the others. */
export function decideLeave(
  group: ClassicGroup | undefined,
  request: LeaveRequest,
  config: GroupConfig,
  nowMs: number,
): Answered<LeaveAnswer> {
  if (request.groupId === '') return answered({ errorCode: errorCodes.INVALID_GROUP_ID, members: [] })
  if (group === undefined) {
    const members = request.members.map(member => leaveAnswer(member, errorCodes.UNKNOWN_MEMBER_ID))
    return answered({ errorCode: errorCodes.NONE, members })
  }
  const transition = new GroupTransition(group, nowMs)
  const members = request.members.map(member => leaveAnswer(member, leave(transition, member)))
  if (members.every(member => member.errorCode !== errorCodes.NONE)) {
    return answered({ errorCode: errorCodes.NONE, members })
  }
  if (transition.group.state === 'PreparingRebalance') completeJoinIfAllJoined(transition)
  else if (transition.group.state !== 'Empty') prepareRebalance(transition, config)
  return { ...transition.decision(), answer: { errorCode: errorCodes.NONE, members } }
}

function leaveAnswer({ memberId, groupInstanceId }: LeavingMember, errorCode: number): LeaveAnswerMember {
  return { memberId, groupInstanceId, errorCode }
}

/** An error code. */
function leave(transition: GroupTransition, { memberId, groupInstanceId }: LeavingMember): number {
  const { group } = transition
  let leaving = memberId
  if (memberId === '') {
    const current = groupInstanceId === null ? undefined : group.staticMembers.get(groupInstanceId)
    if (current === undefined) return errorCodes.UNKNOWN_MEMBER_ID
    leaving = current
  } else if (!group.pendingMembers.has(memberId)) {
    const invalid = validateMember(group, memberId, groupInstanceId)
    if (invalid !== null) return invalid
  }
  transition.stopSession(leaving)
  removeMember(transition, leaving)
  return errorCodes.NONE
}
