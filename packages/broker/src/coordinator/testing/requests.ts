// What clients ask, for tests.
import { zeroUuid } from '@odradek/protocol'
import type { CommitAnswer, CommitInput } from '../../core/group/offset-requests.ts'
import { subscription } from '../../core/group/testing/group-world.ts'
import type { GroupCoordinator } from '../group-coordinator.ts'
import type { GroupShard } from '../group-shard.ts'

/** Commits an offset of t-0; from outside of the group's generations unless a member is named. */
export function commitInput(
  groupId: string,
  offset: number,
  { memberId = '', generationId = -1, metadata = '' } = {},
): CommitInput {
  const partitions = [
    { partitionIndex: 0, committedOffset: offset, committedLeaderEpoch: -1, committedMetadata: metadata },
  ]
  const topics = [{ name: 't', topicId: zeroUuid, partitions }]
  const member = { groupId, generationIdOrMemberEpoch: generationId, memberId, groupInstanceId: null }
  return { apiVersion: 9, request: { ...member, retentionTimeMs: -1, topics } }
}

/** The error code of its partition. */
export async function commitOn(shard: GroupShard, input: CommitInput): Promise<number> {
  const refuse = (errorCode: number): CommitAnswer => {
    return { topics: [{ name: 't', topicId: zeroUuid, partitions: [{ partitionIndex: 0, errorCode }] }] }
  }
  return commitCode(await shard.run({ decide: (core, nowMs) => core.decideCommit(input, nowMs), refuse }))
}

export function commitCode({ topics }: CommitAnswer): number {
  return topics[0]?.partitions[0]?.errorCode ?? Number.NaN
}

/** A new member's first JoinGroup, in a version that takes it in at once. */
export function joinInput(groupId: string, change: { apiVersion?: number } = {}): JoinInput {
  return {
    apiVersion: 3,
    ...change,
    clientId: 'c',
    clientHost: '/10.0.0.1',
    request: {
      groupId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 60_000,
      memberId: '',
      groupInstanceId: null,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscription(['t']) }],
    },
  }
}

type JoinInput = Parameters<GroupCoordinator['joinGroup']>[0]
