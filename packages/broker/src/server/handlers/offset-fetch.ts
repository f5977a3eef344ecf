/**
 * OffsetFetch, versions 1 to 10: a group's committed offsets, -1 where there is none. v2: all of a group's. v8: several
 * groups at once (KIP-709). v10: topic ids.
 * ACL checks (with security): DESCRIBE on each group; DESCRIBE on each topic: an error where it was named, left out where all were asked for.
 *
 * `requireStable` (v7) is met by every answer: it waits for what is being written, and there are no transactions to wait for.
 * `memberId` and `memberEpoch` (v9) are checked in groups of the consumer protocol only.
 */
import {
  errorCodes,
  type MessageInput,
  type OffsetFetchRequest,
  offsetFetchRequest,
  offsetFetchResponse,
  zeroUuid,
} from '@odradek/protocol'
import { whenAllAnswered, whenAnswered } from '../../coordinator/answer.ts'
import type { FetchedOffsets, GroupCoordinator } from '../../coordinator/group-coordinator.ts'
import type { ClusterImage } from '../../core/cluster/cluster-image.ts'
import type { OffsetFetchQueryTopic, OffsetFetchTopic } from '../../core/group/offset-requests.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

type Answer = MessageInput<typeof offsetFetchResponse>
type AskedTopic = OffsetFetchRequest['groups'][number]['topics'] extends readonly (infer T)[] | null ? T : never

const firstVersionWithGroupErrors = 2
const firstVersionWithGroups = 8
const firstVersionWithTopicIds = 10

export function offsetFetchHandler({
  groups,
  image,
}: {
  groups: GroupCoordinator
  image: () => ClusterImage
}): ApiHandler<OffsetFetchRequest, Answer> {
  return apiHandler(offsetFetchRequest, offsetFetchResponse, (request, { apiVersion }) => {
    if (apiVersion < firstVersionWithGroups) return fetchOfOneGroup(groups, request, apiVersion)
    const byId = apiVersion >= firstVersionWithTopicIds
    const answers = request.groups.map(({ groupId, topics }) => {
      const fetched = byId ? fetchById(groups, { groupId, topics }, image()) : fetchByName(groups, { groupId, topics })
      return whenAnswered(fetched, ({ errorCode, topics: found }) => ({ groupId, errorCode, topics: found }))
    })
    return whenAnswered(whenAllAnswered(answers), all => ({ groups: all }))
  })
}

function fetchOfOneGroup(
  groups: GroupCoordinator,
  { groupId, topics }: OffsetFetchRequest,
  apiVersion: number,
): Answer | Promise<Answer> {
  const fetched = fetchByName(groups, { groupId, topics })
  const inAnswer = ({ errorCode, topics: found }: FetchedOffsets): Answer => {
    if (errorCode === errorCodes.NONE || apiVersion >= firstVersionWithGroupErrors) return { errorCode, topics: found }
    // Version 1 has no other place for a group's error than its partitions.
    return { topics: (topics ?? []).map(topic => refused(topic, errorCode)) }
  }
  return whenAnswered(fetched, inAnswer)
}

function fetchByName(
  groups: GroupCoordinator,
  {
    groupId,
    topics,
  }: { groupId: string; topics: readonly { name: string; partitionIndexes: readonly number[] }[] | null },
): FetchedOffsets | Promise<FetchedOffsets> {
  return groups.fetchOffsets({ groupId, topics: topics?.map(topic => ({ ...topic, topicId: zeroUuid })) ?? null })
}

/** The coordinator knows topics by their names. */
function fetchById(
  groups: GroupCoordinator,
  { groupId, topics }: { groupId: string; topics: readonly AskedTopic[] | null },
  image: ClusterImage,
): FetchedOffsets | Promise<FetchedOffsets> {
  const known: OffsetFetchQueryTopic[] = []
  const unknown: OffsetFetchTopic[] = []
  for (const asked of topics ?? []) {
    const topic = image.topicsById.get(asked.topicId)
    if (topic === undefined) unknown.push(refused(asked, errorCodes.UNKNOWN_TOPIC_ID))
    else known.push({ name: topic.name, topicId: topic.topicId, partitionIndexes: asked.partitionIndexes })
  }
  const fetched = groups.fetchOffsets({ groupId, topics: topics === null ? null : known })
  const withIds = ({ errorCode, topics: found }: FetchedOffsets): FetchedOffsets => {
    if (errorCode !== errorCodes.NONE) return { errorCode, topics: [] }
    return { errorCode, topics: [...found.flatMap(topic => identified(topic, image)), ...unknown] }
  }
  return whenAnswered(fetched, withIds)
}

/** A topic that is gone has no id to be called by, and is left out. */
function identified(topic: OffsetFetchTopic, image: ClusterImage): OffsetFetchTopic[] {
  const topicId = topic.topicId === zeroUuid ? image.topics.get(topic.name)?.topicId : topic.topicId
  return topicId === undefined ? [] : [{ ...topic, topicId }]
}

function refused(
  asked: { readonly name: string; readonly topicId?: string; readonly partitionIndexes: readonly number[] },
  errorCode: number,
): OffsetFetchTopic {
  return {
    name: asked.name,
    topicId: asked.topicId ?? zeroUuid,
    partitions: asked.partitionIndexes.map(partitionIndex => ({
      partitionIndex,
      committedOffset: -1,
      committedLeaderEpoch: -1,
      metadata: '',
      errorCode,
    })),
  }
}
