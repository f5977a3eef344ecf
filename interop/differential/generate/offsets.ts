/** Committed offsets, of groups and of consumers that manage their partitions themselves; and who coordinates them. */
import {
  findCoordinatorRequest,
  findCoordinatorResponse,
  offsetCommitRequest,
  offsetCommitResponse,
  offsetDeleteRequest,
  offsetDeleteResponse,
  offsetFetchRequest,
  offsetFetchResponse,
} from '@odradek/protocol'
import type { Step } from '../step.ts'
import { groupName, memberOf } from './group.ts'
import { askAny, type Scope, somePartition, someTopic } from './scope.ts'

export function offsetCommit(scope: Scope): Step[] {
  const { random } = scope
  const group = random.mostly(groupName(scope), [`${scope.prefix}other`], 0.9)
  const asMember = random.chance(0.5)
  const strayGeneration = random.mostly(0, [1, -1, 50], 0.85)
  const name = someTopic(scope)
  const partition = {
    partitionIndex: somePartition(scope, name),
    committedOffset: random.mostly(random.int(0, 50), [-1, -5, 9e15], 0.9),
    committedMetadata: random.mostly<string | null>('', ['note', null], 0.8),
  }
  // Beside one that is fine: Kafka keeps a group in memory of which nothing at all was stored, and then knows it.
  const hasTwo = scope.topics.some(topic => topic.name === name && topic.partitions >= 2)
  const refused =
    hasTwo && random.chance(0.15) ? [{ ...partition, partitionIndex: 0, committedMetadata: 'm'.repeat(5_000) }] : []
  const partitions = refused.length > 0 ? [...refused, { ...partition, partitionIndex: 1 }] : [partition]
  const committedLeaderEpoch = random.mostly(-1, [0, 3])
  return [
    askAny(scope, { request: offsetCommitRequest, response: offsetCommitResponse }, version => world => {
      const member = asMember ? memberOf(world, group, 'a') : { memberId: '', generationId: -1 }
      return {
        groupId: group,
        generationIdOrMemberEpoch: member.generationId + (asMember ? strayGeneration : 0),
        memberId: member.memberId,
        topics: [
          {
            name,
            topicId: world.topicId(name),
            partitions: partitions.map(one => ({ ...one, ...(version >= 6 ? { committedLeaderEpoch } : {}) })),
          },
        ],
      }
    }),
  ]
}

export function offsetFetch(scope: Scope): Step[] {
  const { random } = scope
  const groups = random.mostly([groupName(scope)], [[groupName(scope), `${scope.prefix}other`], ['']], 0.8)
  const everything = random.chance(0.4)
  const name = someTopic(scope)
  const partitionIndexes = [...new Set([somePartition(scope, name), somePartition(scope, name)])]
  const requireStable = random.chance(0.3)
  return [
    askAny(scope, { request: offsetFetchRequest, response: offsetFetchResponse }, version => world => {
      const stable = version >= 7 ? { requireStable } : {}
      const topicId = world.topicId(name)
      if (version >= 8) {
        const topics = everything ? null : [{ name, topicId, partitionIndexes }]
        return { groups: groups.map(groupId => ({ groupId, topics })), ...stable }
      }
      const topics = everything && version >= 2 ? null : [{ name, partitionIndexes }]
      return { groupId: groups[0] ?? '', topics, ...stable }
    }),
  ]
}

export function offsetDelete(scope: Scope): Step[] {
  const groupId = scope.random.mostly(groupName(scope), [`${scope.prefix}missing`], 0.9)
  const name = someTopic(scope)
  const partitions = [{ partitionIndex: somePartition(scope, name) }]
  return [
    askAny(scope, { request: offsetDeleteRequest, response: offsetDeleteResponse }, () => () => ({
      groupId,
      topics: [{ name, partitions }],
    })),
  ]
}

export function findCoordinator(scope: Scope): Step[] {
  const { random } = scope
  const keys = random.mostly([groupName(scope)], [[groupName(scope), `${scope.prefix}other`], [''], []], 0.8)
  // Transactional ids (1) are left out: they would make the brokers create their internal topics.
  const keyType = random.mostly(0, [3, -1], 0.9)
  return [
    askAny(scope, { request: findCoordinatorRequest, response: findCoordinatorResponse }, version => () => {
      if (version >= 4) return { keyType, coordinatorKeys: keys }
      return { key: keys[0] ?? '', ...(version >= 1 ? { keyType } : {}) }
    }),
  ]
}
