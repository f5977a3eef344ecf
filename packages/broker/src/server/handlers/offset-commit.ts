/**
 * OffsetCommit, versions 2 to 10: stores a group's offsets. v2 to v4: with a retention of their own. v6: leader epochs.
 * v7: static members (KIP-345). v9: GROUP_ID_NOT_FOUND for a generation of no group. v10: topic ids.
 * ACL checks (with security): READ on the group, for every partition; READ on each topic.
 */
import {
  errorCodes,
  type MessageInput,
  type OffsetCommitRequest,
  offsetCommitRequest,
  offsetCommitResponse,
  zeroUuid,
} from '@odradek/protocol'
import { whenAnswered } from '../../coordinator/answer.ts'
import type { GroupCoordinator } from '../../coordinator/group-coordinator.ts'
import type { ClusterImage } from '../../core/cluster/cluster-image.ts'
import type { CommitAnswer, CommitTopic, PartitionError } from '../../core/group/offset-requests.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

type Answer = MessageInput<typeof offsetCommitResponse>

const firstVersionWithTopicIds = 10

interface AnswerTopic {
  readonly name: string
  readonly topicId: string
  readonly partitions: PartitionError[]
}

export function offsetCommitHandler({
  groups,
  image,
}: {
  groups: GroupCoordinator
  image: () => ClusterImage
}): ApiHandler<OffsetCommitRequest, Answer> {
  return apiHandler(offsetCommitRequest, offsetCommitResponse, (request, { apiVersion }) => {
    const { known, refused } = sortOut(request, image(), apiVersion)
    if (known.length === 0) return { topics: refused }
    const answer = groups.commitOffsets({ apiVersion, request: { ...request, topics: known } })
    return whenAnswered(answer, value => merge(refused, value))
  })
}

/** What can be committed, by name and id; and the answers for topics and partitions that are not there. */
function sortOut(
  request: OffsetCommitRequest,
  image: ClusterImage,
  apiVersion: number,
): { known: CommitTopic[]; refused: AnswerTopic[] } {
  const known: CommitTopic[] = []
  const refused: AnswerTopic[] = []
  const byId = apiVersion >= firstVersionWithTopicIds
  for (const asked of request.topics) {
    const topic = byId ? image.topicsById.get(asked.topicId) : image.topics.get(asked.name)
    const name = topic?.name ?? asked.name
    const topicId = topic?.topicId ?? (byId ? asked.topicId : zeroUuid)
    const partitions = asked.partitions.filter(({ partitionIndex }) => topic?.partitions[partitionIndex] !== undefined)
    const missing = asked.partitions.filter(({ partitionIndex }) => topic?.partitions[partitionIndex] === undefined)
    if (partitions.length > 0) known.push({ name, topicId, partitions })
    if (missing.length === 0 && topic !== undefined) continue
    const errorCode = byId && topic === undefined ? errorCodes.UNKNOWN_TOPIC_ID : errorCodes.UNKNOWN_TOPIC_OR_PARTITION
    refused.push({ name, topicId, partitions: missing.map(({ partitionIndex }) => ({ partitionIndex, errorCode })) })
  }
  return { known, refused }
}

/** One topic an entry, also where some of its partitions were refused. */
function merge(refused: AnswerTopic[], { topics }: CommitAnswer): Answer {
  if (refused.length === 0) return { topics }
  const merged = [...refused]
  for (const topic of topics) {
    const at = merged.findIndex(({ name, topicId }) => name === topic.name && topicId === topic.topicId)
    const same = merged[at]
    if (same === undefined) merged.push({ ...topic, partitions: [...topic.partitions] })
    else merged[at] = { ...same, partitions: [...same.partitions, ...topic.partitions] }
  }
  return { topics: merged }
}
