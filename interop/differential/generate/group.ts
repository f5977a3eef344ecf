/** Classic groups: members that join, synchronise, beat, commit, leave and vanish, in and out of turn. */
import {
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  deleteGroupsRequest,
  deleteGroupsResponse,
  describeGroupsRequest,
  describeGroupsResponse,
  heartbeatRequest,
  heartbeatResponse,
  type JoinGroupResponse,
  joinGroupRequest,
  joinGroupResponse,
  leaveGroupRequest,
  leaveGroupResponse,
  listGroupsRequest,
  listGroupsResponse,
  syncGroupRequest,
  syncGroupResponse,
} from '@odradek/protocol'
import { disconnect, gather, pause, type Step } from '../step.ts'
import type { World } from '../world.ts'
import { askAny, type Scope } from './scope.ts'

export const memberLabels = ['a', 'b', 'c'] as const
export type MemberLabel = (typeof memberLabels)[number]

/** Each member has a connection of its own, since a join is answered only when the others have joined. */
const connectionOf: Record<MemberLabel, number> = { a: 1, b: 2, c: 3 }

/** Longer than a sequence, so that no timer fires in the middle of one by chance. */
const sessionMs = 30_000
const rebalanceMs = 6_000

/** A join that was not answered in this time waits for other members. */
const heldBackMs = 300

/** With the brokers' `group.min.session.timeout.ms` at 300. */
const shortSessionMs = 700

export function groupName({ prefix }: Scope): string {
  return `${prefix}group`
}

/** A member of the group: the label, under which the broker's id for it is found. */
function memberKey(group: string, label: MemberLabel): string {
  return `${group}-${label}`
}

export function memberOf(world: World, group: string, label: MemberLabel) {
  return world.member(memberKey(group, label))
}

interface JoinOptions {
  readonly sessionTimeoutMs?: number
  readonly instance?: string | null
}

export function join(scope: Scope, label: MemberLabel, { sessionTimeoutMs, instance = null }: JoinOptions = {}): Step {
  const { random } = scope
  const group = groupName(scope)
  const session = sessionTimeoutMs ?? random.mostly(sessionMs, [100, 10_000_000, 0, -1], 0.97)
  const protocolType = random.mostly('consumer', ['connect', ''], 0.97)
  const assignors = random.mostly(['range'], [['range', 'roundrobin'], ['roundrobin'], []], 0.85)
  const strangerId = random.mostly<string | null>(null, [`${scope.prefix}nobody`], 0.97)
  const subscription = consumerProtocolSubscription.toBuffer(1, {
    topics: scope.topics.map(topic => topic.name),
    userData: Buffer.from(label),
  })
  const metadata = Buffer.concat([Buffer.from([0, 1]), subscription])
  const learn = (answer: JoinGroupResponse, world: World) => {
    world.learnMember(memberKey(group, label), answer)
    if (answer.errorCode === 0)
      world.learnRoster(
        group,
        answer.members.map(member => member.memberId),
      )
  }
  return askAny(
    scope,
    { request: joinGroupRequest, response: joinGroupResponse },
    version => world => ({
      groupId: group,
      // Before v1 this is the time that a rebalance may take, too.
      sessionTimeoutMs: version === 0 && session === sessionMs ? rebalanceMs : session,
      rebalanceTimeoutMs: rebalanceMs,
      memberId: strangerId ?? memberOf(world, group, label).memberId,
      ...(version >= 5 ? { groupInstanceId: instance } : {}),
      protocolType,
      protocols: assignors.map(name => ({ name, metadata })),
      reason: null,
    }),
    { connection: connectionOf[label], waits: false, learn },
  )
}

export function sync(scope: Scope, label: MemberLabel, { leads }: { leads: boolean }): Step {
  const { random } = scope
  const group = groupName(scope)
  const stray = random.mostly(0, [1, -1, 1_000], 0.93)
  const protocolName = random.mostly<string | null>('range', ['other', null], 0.95)
  const protocolType = random.mostly<string | null>('consumer', ['other', null], 0.95)
  return askAny(
    scope,
    { request: syncGroupRequest, response: syncGroupResponse },
    version => world => {
      const member = memberOf(world, group, label)
      return {
        groupId: group,
        generationId: member.generationId + stray,
        memberId: member.memberId,
        ...(version >= 5 ? { protocolType, protocolName } : {}),
        assignments: leads ? assignmentsOf(scope, world.roster(group)) : [],
      }
    },
    { connection: connectionOf[label], waits: false },
  )
}

function assignmentsOf(scope: Scope, roster: readonly string[]): { memberId: string; assignment: Buffer }[] {
  return roster.map(memberId => ({
    memberId,
    assignment: Buffer.concat([
      Buffer.from([0, 0]),
      consumerProtocolAssignment.toBuffer(0, {
        assignedPartitions: scope.topics.map(({ name }) => ({ topic: name, partitions: [0] })),
        userData: null,
      }),
    ]),
  }))
}

export function heartbeat(scope: Scope, label: MemberLabel): Step {
  const group = groupName(scope)
  const stray = scope.random.mostly(0, [1, -1], 0.85)
  return askAny(
    scope,
    { request: heartbeatRequest, response: heartbeatResponse },
    () => world => {
      const member = memberOf(world, group, label)
      return { groupId: group, generationId: member.generationId + stray, memberId: member.memberId }
    },
    { connection: connectionOf[label] },
  )
}

export function leave(scope: Scope, label: MemberLabel, instance: string | null = null): Step {
  const group = groupName(scope)
  const twice = scope.random.chance(0.1)
  return askAny(
    scope,
    { request: leaveGroupRequest, response: leaveGroupResponse },
    version => world => {
      const { memberId } = memberOf(world, group, label)
      if (version < 3) return { groupId: group, memberId }
      const one = { memberId, groupInstanceId: instance }
      return { groupId: group, members: twice ? [one, { ...one, memberId: 'nobody' }] : [one] }
    },
    { connection: connectionOf[label] },
  )
}

/** A member joins, twice where the broker first hands out an id, and the leader of that moment assigns. */
function enters(scope: Scope, label: MemberLabel, options?: JoinOptions): Step[] {
  return [
    join(scope, label, options),
    gather(heldBackMs),
    join(scope, label, options),
    gather(),
    sync(scope, label, { leads: true }),
    gather(),
  ]
}

/** The second member's join makes the first one join again; then both synchronise, the leader first. */
function rebalances(scope: Scope, newcomer: MemberLabel, member: MemberLabel, options?: JoinOptions): Step[] {
  return [
    join(scope, newcomer, options),
    gather(heldBackMs),
    join(scope, newcomer, options),
    heartbeat(scope, member),
    join(scope, member),
    gather(),
    sync(scope, newcomer, { leads: false }),
    sync(scope, member, { leads: true }),
    gather(),
  ]
}

export function groupLife(scope: Scope): Step[] {
  const { random } = scope
  const instance = random.chance(0.25) ? `${scope.prefix}instance` : null
  const steps: Step[] = [...enters(scope, 'a', { instance }), ...odds(scope)]
  if (random.chance(0.6)) steps.push(...rebalances(scope, 'b', 'a'), ...odds(scope))
  if (random.chance(0.3)) steps.push(leave(scope, 'b'), heartbeat(scope, 'a'), ...odds(scope))
  if (random.chance(0.2)) steps.push(...vanishes(scope))
  if (instance !== null && random.chance(0.5))
    steps.push(join(scope, 'c', { instance }), gather(), heartbeat(scope, 'a'))
  if (random.chance(0.6)) steps.push(leave(scope, 'a', random.chance(0.5) ? instance : null), ...odds(scope))
  if (random.chance(0.3)) steps.push(...deleteGroups(scope))
  return steps
}

/** A member that is gone without a word is out of its group when its session is. */
function vanishes(scope: Scope): Step[] {
  return [
    join(scope, 'c', { sessionTimeoutMs: shortSessionMs }),
    gather(heldBackMs),
    join(scope, 'c', { sessionTimeoutMs: shortSessionMs }),
    join(scope, 'a'),
    gather(),
    sync(scope, 'a', { leads: true }),
    gather(),
    disconnect(connectionOf.c),
    pause(shortSessionMs + 400),
    heartbeat(scope, 'a'),
    ...describeGroups(scope),
  ]
}

function odds(scope: Scope): Step[] {
  const { random } = scope
  const choices: readonly [() => Step[], ...(() => Step[])[]] = [
    () => [heartbeat(scope, 'a')],
    () => [heartbeat(scope, 'b')],
    () => describeGroups(scope),
    () => listGroups(scope),
    () => deleteGroups(scope),
    () => [leave(scope, 'b')],
    () => [sync(scope, 'a', { leads: true }), gather()],
    () => [sync(scope, 'b', { leads: false }), gather()],
  ]
  return Array.from({ length: random.int(0, 2) }, () => random.pick(choices)()).flat()
}

export function describeGroups(scope: Scope): Step[] {
  const groups = scope.random.mostly([groupName(scope)], [[groupName(scope), `${scope.prefix}missing`], [''], []], 0.8)
  const includeAuthorizedOperations = scope.random.chance(0.3)
  return [
    askAny(scope, { request: describeGroupsRequest, response: describeGroupsResponse }, version => () => ({
      groups,
      ...(version >= 3 ? { includeAuthorizedOperations } : {}),
    })),
  ]
}

export function listGroups(scope: Scope): Step[] {
  const { random } = scope
  const statesFilter = random.mostly<string[]>([], [['Stable'], ['Empty', 'Dead'], ['stable'], ['Nonsense']], 0.5)
  const typesFilter = random.mostly<string[]>([], [['classic'], ['consumer'], ['Classic'], ['nonsense']], 0.5)
  return [
    askAny(scope, { request: listGroupsRequest, response: listGroupsResponse }, version => () => ({
      ...(version >= 4 ? { statesFilter } : {}),
      ...(version >= 5 ? { typesFilter } : {}),
    })),
  ]
}

export function deleteGroups(scope: Scope): Step[] {
  const groupsNames = scope.random.mostly([groupName(scope)], [[`${scope.prefix}missing`], [''], []], 0.8)
  return [
    askAny(scope, { request: deleteGroupsRequest, response: deleteGroupsResponse }, () => () => ({ groupsNames })),
  ]
}
