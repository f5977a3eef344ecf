// OffsetCommit, OffsetFetch and OffsetDelete against a group and the offsets it has committed.
import { errorCodes, zeroUuid } from '@odradek/protocol'
import { type ClassicGroup, isSubscribedTo, usesConsumerProtocol } from './classic-group.ts'
import type { CommittedOffset, CommittedOffsets } from './committed-offsets.ts'
import {
  type Answered,
  answered,
  type Decision,
  nothing,
  type OffsetCommitted,
  type OffsetRemoved,
} from './decision.ts'
import type { GroupConfig } from './group-config.ts'
import { validateGeneration } from './member-checks.ts'
import { sessionProlonged } from './member-requests.ts'

export interface CommitInput {
  readonly apiVersion: number
  readonly request: CommitRequest
}

/** The fields of an OffsetCommit request that matter here; topics always by name, and by id where the client gave one. */
export interface CommitRequest {
  readonly groupId: string
  /** Negative: from outside of the group's generations (administrators, consumers that assign partitions to themselves). */
  readonly generationIdOrMemberEpoch: number
  readonly memberId: string
  readonly groupInstanceId: string | null
  /** -1: the broker's. */
  readonly retentionTimeMs: number
  readonly topics: readonly CommitTopic[]
}

export interface CommitTopic {
  readonly name: string
  readonly topicId: string
  readonly partitions: readonly CommitPartition[]
}

export interface CommitPartition {
  readonly partitionIndex: number
  readonly committedOffset: number
  readonly committedLeaderEpoch: number
  readonly committedMetadata: string | null
}

export interface CommitAnswer {
  readonly topics: readonly CommitAnswerTopic[]
}

export interface CommitAnswerTopic {
  readonly name: string
  readonly topicId: string
  readonly partitions: readonly PartitionError[]
}

export interface PartitionError {
  readonly partitionIndex: number
  readonly errorCode: number
}

/** From here on a commit of a generation to a group that is not there says so, and not ILLEGAL_GENERATION. */
const firstVersionThatKnowsMissingGroups = 9

export function decideCommit(
  group: ClassicGroup | undefined,
  input: CommitInput,
  config: GroupConfig,
  nowMs: number,
): Answered<CommitAnswer> {
  const { request } = input
  const refusal = validateCommit(group, input)
  if (refusal !== null) return answered(commitRefused(request, refusal))

  const expireTimestampMs = request.retentionTimeMs === -1 ? null : nowMs + request.retentionTimeMs
  const events: OffsetCommitted[] = []
  const topics = request.topics.map(topic => ({
    name: topic.name,
    topicId: topic.topicId,
    partitions: topic.partitions.map(partition => {
      const metadata = partition.committedMetadata ?? ''
      const isTooLarge = metadata.length > config.offsetMetadataMaxBytes
      if (!isTooLarge) {
        const offset: CommittedOffset = {
          offset: partition.committedOffset,
          leaderEpoch: partition.committedLeaderEpoch,
          metadata,
          commitTimestampMs: nowMs,
          expireTimestampMs,
          topicId: topic.topicId,
        }
        const { groupId } = request
        events.push({
          type: 'offset-committed',
          groupId,
          topic: topic.name,
          partition: partition.partitionIndex,
          offset,
        })
      }
      return {
        partitionIndex: partition.partitionIndex,
        errorCode: isTooLarge ? errorCodes.OFFSET_METADATA_TOO_LARGE : errorCodes.NONE,
      }
    }),
  }))
  return { events, replies: [], timers: timersOfCommit(group, request, nowMs), answer: { topics } }
}

/** A commit shows that the member lives. */
function timersOfCommit(group: ClassicGroup | undefined, request: CommitRequest, nowMs: number): Decision['timers'] {
  const showsLife = group?.state === 'Stable' || group?.state === 'PreparingRebalance'
  return group && showsLife ? sessionProlonged(group, request.memberId, nowMs).timers : nothing.timers
}

function validateCommit(group: ClassicGroup | undefined, { request, apiVersion }: CommitInput): number | null {
  const { memberId, groupInstanceId, generationIdOrMemberEpoch: generationId } = request
  const isOutside = generationId < 0
  if (group === undefined) {
    if (isOutside) return null
    return apiVersion >= firstVersionThatKnowsMissingGroups
      ? errorCodes.GROUP_ID_NOT_FOUND
      : errorCodes.ILLEGAL_GENERATION
  }
  if (isOutside && group.state === 'Empty') return null
  if (isOutside && memberId === '' && groupInstanceId === null) return errorCodes.UNKNOWN_MEMBER_ID
  const invalid = validateGeneration(group, { memberId, groupInstanceId, generationId })
  if (invalid !== null) return invalid
  // The member is of this generation, but has no assignment in it yet: it commits what it had before.
  return group.state === 'CompletingRebalance' ? errorCodes.REBALANCE_IN_PROGRESS : null
}

/** The same error for every partition. */
export function commitRefused(request: Pick<CommitRequest, 'topics'>, errorCode: number): CommitAnswer {
  return {
    topics: request.topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  }
}

/** One group of an OffsetFetch request. */
export interface OffsetFetchQuery {
  readonly groupId: string
  /** Null: all that the group has committed. */
  readonly topics: readonly OffsetFetchQueryTopic[] | null
}

export interface OffsetFetchQueryTopic {
  readonly name: string
  /** The zero uuid where the client asks by name. */
  readonly topicId: string
  readonly partitionIndexes: readonly number[]
}

export interface OffsetFetchTopic {
  readonly name: string
  readonly topicId: string
  readonly partitions: readonly OffsetFetchPartition[]
}

export interface OffsetFetchPartition {
  readonly partitionIndex: number
  /** -1: none. */
  readonly committedOffset: number
  readonly committedLeaderEpoch: number
  readonly metadata: string
  readonly errorCode: number
}

/** Offset -1 and no error where nothing is committed, or was for an earlier topic of that name. */
export function fetchOffsets(offsets: CommittedOffsets, query: OffsetFetchQuery): OffsetFetchTopic[] {
  const committed = offsets.ofGroup(query.groupId)
  if (query.topics === null) {
    return [...(committed ?? [])].map(([name, partitions]) => ({
      name,
      topicId: zeroUuid,
      partitions: [...partitions].map(([partition, offset]) => fetchedPartition(partition, offset)),
    }))
  }
  return query.topics.map(({ name, topicId, partitionIndexes }) => ({
    name,
    topicId,
    partitions: partitionIndexes.map(partition => {
      const offset = committed?.get(name)?.get(partition)
      return fetchedPartition(partition, offset && isOfTopic(offset, topicId) ? offset : undefined)
    }),
  }))
}

function isOfTopic(offset: CommittedOffset, topicId: string): boolean {
  return topicId === zeroUuid || offset.topicId === zeroUuid || offset.topicId === topicId
}

function fetchedPartition(partitionIndex: number, offset: CommittedOffset | undefined): OffsetFetchPartition {
  return {
    partitionIndex,
    committedOffset: offset?.offset ?? -1,
    committedLeaderEpoch: offset?.leaderEpoch ?? -1,
    metadata: offset?.metadata ?? '',
    errorCode: errorCodes.NONE,
  }
}

/** The fields of an OffsetDelete request that matter here. */
export interface OffsetDeleteRequest {
  readonly groupId: string
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly { readonly partitionIndex: number }[]
  }[]
}

export interface OffsetDeleteAnswer {
  readonly errorCode: number
  readonly topics: readonly { readonly name: string; readonly partitions: readonly PartitionError[] }[]
}

/** A group that consumes keeps the offsets of what it is subscribed to; with another protocol we cannot know what that is. */
export function decideOffsetDelete(
  group: ClassicGroup | undefined,
  request: OffsetDeleteRequest,
  offsets: CommittedOffsets,
): Answered<OffsetDeleteAnswer> {
  const { groupId } = request
  const refusal = validateOffsetDelete(group, groupId)
  if (group === undefined || refusal !== null) return answered({ errorCode: refusal ?? errorCodes.NONE, topics: [] })

  const events: OffsetRemoved[] = []
  const topics = request.topics.map(({ name, partitions }) => {
    const errorCode = isSubscribedTo(group, name) ? errorCodes.GROUP_SUBSCRIBED_TO_TOPIC : errorCodes.NONE
    for (const { partitionIndex } of errorCode === errorCodes.NONE ? partitions : []) {
      const isCommitted = offsets.get(groupId, name, partitionIndex) !== undefined
      if (isCommitted) events.push({ type: 'offset-removed', groupId, topic: name, partition: partitionIndex })
    }
    return { name, partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })) }
  })
  return { events, replies: [], timers: [], answer: { errorCode: errorCodes.NONE, topics } }
}

function validateOffsetDelete(group: ClassicGroup | undefined, groupId: string): number | null {
  if (groupId === '') return errorCodes.INVALID_GROUP_ID
  if (group === undefined) return errorCodes.GROUP_ID_NOT_FOUND
  return group.state !== 'Empty' && !usesConsumerProtocol(group) ? errorCodes.NON_EMPTY_GROUP : null
}
