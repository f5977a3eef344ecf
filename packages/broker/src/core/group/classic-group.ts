// A classic group as an immutable value, and what can be asked of it. Whoever changes a group builds the next value with a
// GroupTransition; whoever holds one may keep it.
import { javaHashMapOrder } from './java-hash.ts'
import { readSubscribedTopics } from './subscribed-topics.ts'

export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'

export interface ClassicGroup {
  readonly groupId: string
  readonly state: GroupState
  /** PreparingRebalance that came from Empty is the initial rebalance, which nothing but its delay completes. */
  readonly previousState: GroupState | null
  /** Wall clock; null for groups that were never in a state on record. Offsets of an Empty group expire by it. */
  readonly stateChangedAtMs: number | null
  readonly generationId: number
  /** 'consumer', 'connect'…; null for a simple group. */
  readonly protocolType: string | null
  /** The assignor that the members voted for. */
  readonly protocolName: string | null
  readonly leaderId: string | null
  readonly members: ReadonlyMap<string, GroupMember>
  /** groupInstanceId → member id. */
  readonly staticMembers: ReadonlyMap<string, string>
  readonly pendingMembers: ReadonlySet<string>
  readonly pendingSyncs: ReadonlySet<string>
  /** Null where the members' metadata does not tell. */
  readonly subscribedTopics: ReadonlySet<string> | null
  /** A member came while the initial rebalance waited: the wait may be prolonged. */
  readonly newMemberAdded: boolean
}

export interface GroupMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly rebalanceTimeoutMs: number
  readonly sessionTimeoutMs: number
  readonly protocolType: string
  /** In the member's order of preference. */
  readonly protocols: readonly MemberProtocol[]
  readonly assignment: Buffer
  /** It has not been through a rebalance yet. */
  readonly isNew: boolean
  /** The JoinGroup or SyncGroup that waits for an answer; null if none does. */
  readonly joinRequestId: number | null
  readonly syncRequestId: number | null
}

export interface MemberProtocol {
  readonly name: string
  readonly metadata: Buffer
}

export const noBytes: Buffer = Buffer.alloc(0)

export function emptyGroup(groupId: string, stateChangedAtMs: number | null): ClassicGroup {
  return {
    groupId,
    state: 'Empty',
    previousState: null,
    stateChangedAtMs,
    generationId: 0,
    protocolType: null,
    protocolName: null,
    leaderId: null,
    members: new Map(),
    staticMembers: new Map(),
    pendingMembers: new Set(),
    pendingSyncs: new Set(),
    subscribedTopics: null,
    newMemberAdded: false,
  }
}

export function usesConsumerProtocol(group: ClassicGroup): boolean {
  return group.protocolType === 'consumer'
}

export function isSubscribedTo(group: ClassicGroup, topic: string): boolean {
  return group.subscribedTopics?.has(topic) ?? usesConsumerProtocol(group)
}

/** The one that waits in a rebalance cannot send heartbeats; a new member is watched all the same (5 minutes). */
export function hasSatisfiedHeartbeat(member: GroupMember): boolean {
  return !member.isNew && (member.joinRequestId !== null || member.syncRequestId !== null)
}

export function countAwaitingJoin(group: ClassicGroup): number {
  let count = 0
  for (const member of group.members.values()) if (member.joinRequestId !== null) count++
  return count
}

export function haveAllMembersJoined(group: ClassicGroup): boolean {
  return group.pendingMembers.size === 0 && countAwaitingJoin(group) === group.members.size
}

/** The longest that any member allows. */
export function rebalanceTimeoutMs(group: ClassicGroup): number {
  let longestMs = 0
  for (const member of group.members.values()) longestMs = Math.max(longestMs, member.rebalanceTimeoutMs)
  return longestMs
}

/** Can a member with these protocols join: is one of them spoken by all the others? */
export function supportsProtocols(
  group: ClassicGroup,
  protocolType: string,
  protocols: readonly MemberProtocol[],
): boolean {
  if (group.state === 'Empty') return protocolType !== '' && protocols.length > 0
  if (group.protocolType !== protocolType) return false
  const common = commonProtocols(group)
  return protocols.some(protocol => common === null || common.has(protocol.name))
}

/** The common protocol that most members prefer; there always is one, as joining demands it. */
export function selectProtocol(group: ClassicGroup): string {
  const common = commonProtocols(group) ?? new Set<string>()
  const votes = new Map<string, number>()
  for (const member of group.members.values()) {
    const choice = member.protocols.find(protocol => common.has(protocol.name))
    if (choice) votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1)
  }
  const ranked = [...votes].sort(
    ([a, votesOfA], [b, votesOfB]) => votesOfB - votesOfA || javaHashMapOrder(a) - javaHashMapOrder(b),
  )
  return ranked[0]?.[0] ?? ''
}

/** Names that every member offers; null in a group without members: any will do. */
function commonProtocols(group: ClassicGroup): Set<string> | null {
  let common: Set<string> | null = null
  for (const member of group.members.values()) {
    const names = member.protocols.map(protocol => protocol.name)
    common = new Set(common === null ? names : names.filter(name => common?.has(name)))
  }
  return common
}

export function protocolMetadata(member: GroupMember, protocolName: string | null): Buffer {
  return member.protocols.find(protocol => protocol.name === protocolName)?.metadata ?? noBytes
}

/** Null for other protocols than the consumers', and where a member's metadata cannot be read. */
export function subscribedTopicsOf(group: ClassicGroup): ReadonlySet<string> | null {
  if (!usesConsumerProtocol(group)) return null
  const topics = new Set<string>()
  if (group.members.size === 0) return topics
  if (group.protocolName === null) return null
  for (const member of group.members.values()) {
    const subscribed = readSubscribedTopics(protocolMetadata(member, group.protocolName))
    if (subscribed === null) return null
    for (const topic of subscribed) topics.add(topic)
  }
  return topics
}

export function sameProtocols(a: readonly MemberProtocol[], b: readonly MemberProtocol[]): boolean {
  return (
    a.length === b.length &&
    a.every((protocol, i) => protocol.name === b[i]?.name && protocol.metadata.equals(b[i].metadata))
  )
}
