// JoinGroup: who may come in, under which id, and whether its coming makes the others rebalance.
import { errorCodes } from '@odradek/protocol'
import {
  type ClassicGroup,
  countAwaitingJoin,
  emptyGroup,
  type GroupMember,
  type MemberProtocol,
  noBytes,
  sameProtocols,
  selectProtocol,
  supportsProtocols,
} from './classic-group.ts'
import { type Decision, type JoinAnswer, nothing } from './decision.ts'
import { type GroupConfig, newMemberJoinTimeoutMs } from './group-config.ts'
import { GroupTransition, joinAnswer } from './group-transition.ts'
import { validateMember } from './member-checks.ts'
import {
  completeJoinIfAllJoined,
  currentGeneration,
  membersForLeader,
  prepareRebalance,
  rebalanceOrCompleteJoin,
} from './rebalance.ts'

export interface JoinInput {
  /** Its answer comes as a reply to this id, now or later. */
  readonly requestId: number
  readonly apiVersion: number
  readonly request: JoinRequest
  readonly clientId: string
  readonly clientHost: string
  /** Random: becomes the tail of a new member's id. */
  readonly memberIdSuffix: string
}

/** The fields of a JoinGroup request that matter here. */
export interface JoinRequest {
  readonly groupId: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** Empty: not known yet. */
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly protocolType: string
  readonly protocols: readonly MemberProtocol[]
}

/** From here on a dynamic member is first told its id and must come back with it, so that lost answers leave no ghosts (KIP-394). */
const firstVersionThatKnowsItsMemberId = 4
/** From here on a leader can be told to leave the assignment as it is (KIP-814). */
const firstVersionThatSkipsAssignment = 9

export function decideJoin(
  existing: ClassicGroup | undefined,
  input: JoinInput,
  config: GroupConfig,
  nowMs: number,
): Decision {
  const { request } = input
  const refusal = validateRequest(existing, request, config)
  if (refusal !== null) return refuse(input, { errorCode: refusal, memberId: request.memberId })

  const transition = new GroupTransition(existing ?? emptyGroup(request.groupId, nowMs), nowMs)
  const join = { transition, input, config }
  if (!hasRoom(transition.group, request.memberId, config)) {
    transition.removeMember(request.memberId)
    answer(join, { errorCode: errorCodes.GROUP_MAX_SIZE_REACHED })
  } else if (!supportsProtocols(transition.group, request.protocolType, request.protocols)) {
    answer(join, { errorCode: errorCodes.INCONSISTENT_GROUP_PROTOCOL, memberId: request.memberId })
  } else if (request.memberId === '') {
    joinAsNewMember(join)
  } else {
    joinAsKnownMember(join)
  }
  if (existing === undefined) transition.storeAsNew()
  return transition.decision()
}

/** One JoinGroup under decision. */
interface Join {
  readonly transition: GroupTransition
  readonly input: JoinInput
  readonly config: GroupConfig
}

/** An error code, or null. */
function validateRequest(existing: ClassicGroup | undefined, request: JoinRequest, config: GroupConfig): number | null {
  if (request.groupId === '') return errorCodes.INVALID_GROUP_ID
  const { sessionTimeoutMs } = request
  if (sessionTimeoutMs < config.groupMinSessionTimeoutMs || sessionTimeoutMs > config.groupMaxSessionTimeoutMs) {
    return errorCodes.INVALID_SESSION_TIMEOUT
  }
  // Only a member without an id makes a group.
  return existing === undefined && request.memberId !== '' ? errorCodes.UNKNOWN_MEMBER_ID : null
}

function refuse({ requestId }: JoinInput, refusal: Partial<JoinAnswer>): Decision {
  return { ...nothing, replies: [{ api: 'join', requestId, answer: joinAnswer(refusal) }] }
}

function answer({ transition, input }: Join, fields: Partial<JoinAnswer>): void {
  transition.reply({ api: 'join', requestId: input.requestId, answer: joinAnswer(fields) })
}

/**
 * During a rebalance those who already wait count, not the members: where the limit was lowered, the last to come back
 * lose their place.
 */
function hasRoom(group: ClassicGroup, memberId: string, config: GroupConfig): boolean {
  const member = group.members.get(memberId)
  switch (group.state) {
    case 'Empty':
      return true
    case 'PreparingRebalance':
      return (member !== undefined && member.joinRequestId !== null) || countAwaitingJoin(group) < config.groupMaxSize
    case 'CompletingRebalance':
    case 'Stable':
      return member !== undefined || group.members.size < config.groupMaxSize
  }
}

function joinAsNewMember(join: Join): void {
  const { transition, input } = join
  const { request, memberIdSuffix } = input
  const memberId = `${request.groupInstanceId ?? input.clientId}-${memberIdSuffix}`
  if (request.groupInstanceId !== null) {
    const oldMemberId = transition.group.staticMembers.get(request.groupInstanceId)
    const oldMember = oldMemberId === undefined ? undefined : transition.group.members.get(oldMemberId)
    if (oldMember) replaceStaticMember(join, oldMember, memberId)
    else addMember(join, memberId)
  } else if (input.apiVersion >= firstVersionThatKnowsItsMemberId) {
    transition.addPendingMember(memberId)
    transition.startSession(memberId, request.sessionTimeoutMs)
    answer(join, { errorCode: errorCodes.MEMBER_ID_REQUIRED, memberId })
  } else {
    addMember(join, memberId)
  }
}

function joinAsKnownMember(join: Join): void {
  const { transition, input } = join
  const { memberId } = input.request
  if (transition.group.pendingMembers.has(memberId)) {
    // A static member is never asked to come back with an id: Kafka takes this for a bug and says so.
    if (input.request.groupInstanceId === null) addMember(join, memberId)
    else answer(join, { errorCode: errorCodes.UNKNOWN_SERVER_ERROR })
    return
  }
  const answerAtOnce = answerWithoutRebalance(transition.group, input.request)
  if (answerAtOnce !== null) answer(join, answerAtOnce)
  else updateMember(join)
}

/** Null: the rejoining member makes the others rebalance, or they do already. */
function answerWithoutRebalance(group: ClassicGroup, request: JoinRequest): Partial<JoinAnswer> | null {
  const { memberId } = request
  const invalid = validateMember(group, memberId, request.groupInstanceId)
  if (invalid !== null) return { errorCode: invalid, memberId }
  const member = group.members.get(memberId)
  const isLeader = group.leaderId === memberId
  const isUnchanged = member !== undefined && sameProtocols(member.protocols, request.protocols)
  switch (group.state) {
    case 'PreparingRebalance':
      return null
    case 'CompletingRebalance':
      // The same metadata: it missed the answer to its first JoinGroup, and gets it again.
      if (!isUnchanged) return null
      return { ...currentGeneration(group), memberId, members: isLeader ? membersForLeader(group) : [] }
    case 'Stable':
      // The leader also comes back for what its metadata does not show, as when a topic got more partitions.
      return isLeader || !isUnchanged ? null : { ...currentGeneration(group), memberId }
    case 'Empty':
      return { errorCode: errorCodes.UNKNOWN_MEMBER_ID, memberId }
  }
}

function addMember(join: Join, memberId: string): void {
  const { transition, input, config } = join
  const { request } = input
  const { group } = transition
  if (group.state === 'PreparingRebalance' && group.previousState === 'Empty') transition.setNewMemberAdded(true)
  transition.addMember({
    memberId,
    groupInstanceId: request.groupInstanceId,
    clientId: input.clientId,
    clientHost: input.clientHost,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    sessionTimeoutMs: request.sessionTimeoutMs,
    protocolType: request.protocolType,
    protocols: ownedProtocols(request.protocols),
    assignment: noBytes,
    isNew: true,
    joinRequestId: input.requestId,
    syncRequestId: null,
  })
  transition.startSession(memberId, newMemberJoinTimeoutMs)
  rebalanceOrCompleteJoin(transition, config)
}

/** The request takes the place of one that may still be parked. */
function updateMember({ transition, input, config }: Join): void {
  const { request, requestId } = input
  takeRequest(transition, request.memberId, request, requestId)
  rebalanceOrCompleteJoin(transition, config)
}

function takeRequest(transition: GroupTransition, memberId: string, request: JoinRequest, requestId: number): void {
  // A client that sends a second JoinGroup has given up the first, mostly with its connection.
  transition.answerJoin(memberId, { errorCode: errorCodes.REBALANCE_IN_PROGRESS, memberId })
  transition.updateMember(memberId, {
    protocols: ownedProtocols(request.protocols),
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    sessionTimeoutMs: request.sessionTimeoutMs,
    joinRequestId: requestId,
  })
}

/** A static member restarted: it takes the place of its former self, in a stable group without a rebalance (KIP-345). */
function replaceStaticMember(join: Join, oldMember: GroupMember, memberId: string): void {
  const { transition, input, config } = join
  const { group } = transition
  const leaderBefore = group.leaderId
  transition.replaceStaticMember(oldMember, memberId)
  transition.startSession(memberId, oldMember.sessionTimeoutMs)
  takeRequest(transition, memberId, input.request, input.requestId)

  if (group.state === 'Stable' && selectProtocol(group) === group.protocolName) {
    transition.store()
    transition.answerJoin(memberId, answerToReplacement(group, memberId, leaderBefore, input.apiVersion))
  } else if (group.state === 'PreparingRebalance') {
    completeJoinIfAllJoined(transition)
  } else {
    // While the rebalance completes, the leader may be computing the assignment from the old member id: the new one would
    // be left without partitions.
    prepareRebalance(transition, config)
  }
}

/**
 * A leader that restarted must not think that it has to assign partitions, as nobody would take its assignment. Old
 * versions have no word for that: they are told of the leader that was, who is no more.
 */
function answerToReplacement(
  group: ClassicGroup,
  memberId: string,
  leaderBefore: string | null,
  apiVersion: number,
): Partial<JoinAnswer> {
  if (apiVersion < firstVersionThatSkipsAssignment) {
    return { ...currentGeneration(group), memberId, leader: leaderBefore ?? '' }
  }
  const isLeader = group.leaderId === memberId
  return {
    ...currentGeneration(group),
    memberId,
    members: isLeader ? membersForLeader(group) : [],
    skipAssignment: isLeader,
  }
}

/** Requests are views into a network frame, which must not be kept alive by a group. */
function ownedProtocols(protocols: readonly MemberProtocol[]): MemberProtocol[] {
  return protocols.map(protocol => ({ name: protocol.name, metadata: Buffer.from(protocol.metadata) }))
}
