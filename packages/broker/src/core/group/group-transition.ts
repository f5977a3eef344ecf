// One decision's working copy of a group: the rules change it step by step and read what they changed; the group itself
// stays as it is until the resulting events are applied.
import { errorCodes } from '@odradek/protocol'
import {
  type ClassicGroup,
  emptyGroup,
  type GroupMember,
  type GroupState,
  type MemberProtocol,
  noBytes,
  protocolMetadata,
  selectProtocol,
  subscribedTopicsOf,
} from './classic-group.ts'
import {
  type Decision,
  type GroupEvent,
  type JoinAnswer,
  joinKey,
  type Reply,
  type StoredGroup,
  type SyncAnswer,
  sessionKey,
  syncKey,
  type TimerCommand,
  type TimerInput,
} from './decision.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

export class GroupTransition {
  readonly nowMs: number
  readonly #group: Mutable<ClassicGroup>
  readonly #members: Map<string, GroupMember>
  readonly #staticMembers: Map<string, string>
  readonly #pendingMembers: Set<string>
  readonly #pendingSyncs: Set<string>
  readonly #replies: Reply[] = []
  readonly #timers: TimerCommand[] = []
  #stored: StoredGroup | null = null

  constructor(group: ClassicGroup, nowMs: number) {
    this.nowMs = nowMs
    this.#members = new Map(group.members)
    this.#staticMembers = new Map(group.staticMembers)
    this.#pendingMembers = new Set(group.pendingMembers)
    this.#pendingSyncs = new Set(group.pendingSyncs)
    this.#group = {
      ...group,
      members: this.#members,
      staticMembers: this.#staticMembers,
      pendingMembers: this.#pendingMembers,
      pendingSyncs: this.#pendingSyncs,
    }
  }

  /** The working copy as it is now: to be read, not kept. */
  get group(): ClassicGroup {
    return this.#group
  }

  /** Ends the transition. */
  decision(): Decision {
    const changed: GroupEvent = { type: 'group-changed', group: this.#group }
    return {
      events: this.#stored ? [{ type: 'group-stored', group: this.#stored }, changed] : [changed],
      replies: this.#replies,
      timers: this.#timers,
    }
  }

  // The members

  addMember(member: GroupMember): void {
    if (this.#members.size === 0) this.#group.protocolType = member.protocolType
    this.#group.leaderId ??= member.memberId
    if (member.groupInstanceId !== null) this.#staticMembers.set(member.groupInstanceId, member.memberId)
    this.#members.set(member.memberId, member)
    this.#pendingMembers.delete(member.memberId)
  }

  updateMember(memberId: string, change: Partial<GroupMember>): void {
    const member = this.#members.get(memberId)
    if (member) this.#members.set(memberId, { ...member, ...change })
  }

  /** Also of a pending member; fine where there is none. Its parked requests must have been answered. */
  removeMember(memberId: string): void {
    const member = this.#members.get(memberId)
    this.#members.delete(memberId)
    if (member?.groupInstanceId) this.#staticMembers.delete(member.groupInstanceId)
    if (this.#group.leaderId === memberId) this.#group.leaderId = this.#members.keys().next().value ?? null
    this.#pendingMembers.delete(memberId)
    this.#pendingSyncs.delete(memberId)
  }

  /** The static member came back under a new id: who still waits under the old one is fenced. */
  replaceStaticMember(oldMember: GroupMember, newMemberId: string): void {
    const fenced = errorCodes.FENCED_INSTANCE_ID
    this.answerJoin(oldMember.memberId, { errorCode: fenced, memberId: oldMember.memberId })
    this.answerSync(oldMember.memberId, { errorCode: fenced })
    this.stopSession(oldMember.memberId)
    this.#members.delete(oldMember.memberId)
    this.#members.set(newMemberId, {
      ...oldMember,
      memberId: newMemberId,
      isNew: false,
      joinRequestId: null,
      syncRequestId: null,
    })
    if (this.#group.leaderId === oldMember.memberId) this.#group.leaderId = newMemberId
    if (oldMember.groupInstanceId !== null) this.#staticMembers.set(oldMember.groupInstanceId, newMemberId)
    if (this.#pendingSyncs.delete(oldMember.memberId)) this.#pendingSyncs.add(newMemberId)
  }

  addPendingMember(memberId: string): void {
    this.#pendingMembers.add(memberId)
  }

  setNewMemberAdded(newMemberAdded: boolean): void {
    this.#group.newMemberAdded = newMemberAdded
  }

  setLeader(memberId: string): void {
    this.#group.leaderId = memberId
  }

  // The state

  transitionTo(state: GroupState): void {
    this.#group.previousState = this.#group.state
    this.#group.state = state
    this.#group.stateChangedAtMs = this.nowMs
  }

  /** CompletingRebalance with the protocol that won the vote, or Empty. */
  startGeneration(): void {
    // An int32 on the wire; two thousand million rebalances later it starts again.
    this.#group.generationId = this.#group.generationId === 0x7fff_ffff ? 1 : this.#group.generationId + 1
    this.#group.protocolName = this.#members.size > 0 ? selectProtocol(this.#group) : null
    this.#group.subscribedTopics = subscribedTopicsOf(this.#group)
    this.transitionTo(this.#members.size > 0 ? 'CompletingRebalance' : 'Empty')
    this.#pendingSyncs.clear()
  }

  addPendingSync(memberId: string): void {
    this.#pendingSyncs.add(memberId)
  }

  removePendingSync(memberId: string): void {
    this.#pendingSyncs.delete(memberId)
    if (this.#pendingSyncs.size === 0) this.cancelTimer(syncKey(this.#group.groupId))
  }

  clearPendingSyncs(): void {
    this.#pendingSyncs.clear()
    this.cancelTimer(syncKey(this.#group.groupId))
  }

  /** Has the log keep the group as it is now. */
  store(): void {
    // A static member may have come back with another subscription: what is kept and what we go by are to be the same.
    this.#group.subscribedTopics = subscribedTopicsOf(this.#group)
    this.#stored = toStored(this.#group)
  }

  /** Has the log keep that there is a group, before it has members. */
  storeAsNew(): void {
    this.#stored = toStored(emptyGroup(this.#group.groupId, this.#group.stateChangedAtMs))
  }

  // Answers

  reply(reply: Reply): void {
    this.#replies.push(reply)
  }

  /** Answers the JoinGroup that the member waits with, if it does. */
  answerJoin(memberId: string, answer: Partial<JoinAnswer>): boolean {
    const requestId = this.#members.get(memberId)?.joinRequestId ?? null
    if (requestId === null) return false
    this.#replies.push({ api: 'join', requestId, answer: joinAnswer(answer) })
    this.updateMember(memberId, { joinRequestId: null })
    return true
  }

  answerSync(memberId: string, answer: Partial<SyncAnswer>): boolean {
    const requestId = this.#members.get(memberId)?.syncRequestId ?? null
    if (requestId === null) return false
    this.#replies.push({ api: 'sync', requestId, answer: syncAnswer(answer) })
    this.updateMember(memberId, { syncRequestId: null })
    return true
  }

  // Timers

  startSession(memberId: string, timeoutMs: number): void {
    const { groupId } = this.#group
    this.setTimer(sessionKey(groupId, memberId), timeoutMs, { type: 'session-expired', groupId, memberId })
  }

  stopSession(memberId: string): void {
    this.cancelTimer(sessionKey(this.#group.groupId, memberId))
  }

  startJoinTimer(delayMs: number, input: TimerInput): void {
    this.setTimer(joinKey(this.#group.groupId), delayMs, input)
  }

  setTimer(key: string, delayMs: number, input: TimerInput): void {
    this.#timers.push({ key, atMs: this.nowMs + delayMs, input })
  }

  cancelTimer(key: string): void {
    this.#timers.push({ key, atMs: null })
  }
}

export function joinAnswer(answer: Partial<JoinAnswer>): JoinAnswer {
  return {
    errorCode: answer.errorCode ?? errorCodes.NONE,
    generationId: answer.generationId ?? -1,
    protocolType: answer.protocolType ?? null,
    protocolName: answer.protocolName ?? null,
    leader: answer.leader ?? '',
    skipAssignment: answer.skipAssignment ?? false,
    memberId: answer.memberId ?? '',
    members: answer.members ?? [],
  }
}

export function syncAnswer(answer: Partial<SyncAnswer>): SyncAnswer {
  return {
    errorCode: answer.errorCode ?? errorCodes.NONE,
    protocolType: answer.protocolType ?? null,
    protocolName: answer.protocolName ?? null,
    assignment: answer.assignment ?? noBytes,
  }
}

function toStored(group: ClassicGroup): StoredGroup {
  return {
    groupId: group.groupId,
    protocolType: group.protocolType,
    generationId: group.generationId,
    protocolName: group.protocolName,
    leaderId: group.leaderId,
    stateChangedAtMs: group.stateChangedAtMs,
    members: [...group.members.values()].map(member => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      sessionTimeoutMs: member.sessionTimeoutMs,
      subscription: protocolMetadata(member, group.protocolName),
      assignment: member.assignment,
    })),
  }
}

/** The group that a record stands for: Stable with members, else Empty. */
export function restoreGroup(stored: StoredGroup): ClassicGroup {
  const members = new Map<string, GroupMember>()
  const staticMembers = new Map<string, string>()
  for (const member of stored.members) {
    const protocols: MemberProtocol[] = [{ name: stored.protocolName ?? '', metadata: member.subscription }]
    if (member.groupInstanceId !== null) staticMembers.set(member.groupInstanceId, member.memberId)
    members.set(member.memberId, {
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      sessionTimeoutMs: member.sessionTimeoutMs,
      protocolType: stored.protocolType ?? '',
      protocols,
      assignment: member.assignment,
      isNew: false,
      joinRequestId: null,
      syncRequestId: null,
    })
  }
  const group: ClassicGroup = {
    ...emptyGroup(stored.groupId, stored.stateChangedAtMs),
    state: members.size > 0 ? 'Stable' : 'Empty',
    generationId: stored.generationId,
    protocolType: stored.protocolType,
    protocolName: stored.protocolName,
    leaderId: stored.leaderId,
    members,
    staticMembers,
  }
  return { ...group, subscribedTopics: subscribedTopicsOf(group) }
}
