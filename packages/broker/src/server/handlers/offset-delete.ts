/**
 * OffsetDelete, version 0: forgets a group's offsets of topics that it does not consume any more (KIP-496).
 * ACL checks (with security): DELETE on the group, for the whole answer; READ on each topic.
 */
import {
  errorCodes,
  type MessageInput,
  type OffsetDeleteRequest,
  offsetDeleteRequest,
  offsetDeleteResponse,
} from '@odradek/protocol'
import { whenAnswered } from '../../coordinator/answer.ts'
import type { GroupCoordinator } from '../../coordinator/group-coordinator.ts'
import type { ClusterImage } from '../../core/cluster/cluster-image.ts'
import type { OffsetDeleteAnswer, PartitionError } from '../../core/group/offset-requests.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

type Answer = MessageInput<typeof offsetDeleteResponse>
type AnswerTopic = OffsetDeleteAnswer['topics'][number]

export function offsetDeleteHandler({
  groups,
  image,
}: {
  groups: GroupCoordinator
  image: () => ClusterImage
}): ApiHandler<OffsetDeleteRequest, Answer> {
  return apiHandler(offsetDeleteRequest, offsetDeleteResponse, request => {
    const { known, refused } = sortOut(request, image())
    // Also without topics: the group's own error comes first.
    const answer = groups.deleteOffsets({ groupId: request.groupId, topics: known })
    return whenAnswered(answer, value => merge(refused, value))
  })
}

function sortOut(
  request: OffsetDeleteRequest,
  image: ClusterImage,
): { known: { name: string; partitions: { partitionIndex: number }[] }[]; refused: AnswerTopic[] } {
  const known: { name: string; partitions: { partitionIndex: number }[] }[] = []
  const refused: AnswerTopic[] = []
  for (const { name, partitions: asked } of request.topics) {
    const exists = ({ partitionIndex }: { partitionIndex: number }): boolean =>
      image.topics.get(name)?.partitions[partitionIndex] !== undefined
    const partitions = asked.filter(exists)
    const missing: PartitionError[] = asked
      .filter(partition => !exists(partition))
      .map(({ partitionIndex }) => ({ partitionIndex, errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION }))
    if (partitions.length > 0) known.push({ name, partitions })
    if (missing.length > 0) refused.push({ name, partitions: missing })
  }
  return { known, refused }
}

function merge(refused: readonly AnswerTopic[], { errorCode, topics }: OffsetDeleteAnswer): Answer {
  if (errorCode !== errorCodes.NONE) return { errorCode }
  const merged = [...refused]
  for (const topic of topics) {
    const at = merged.findIndex(({ name }) => name === topic.name)
    const same = merged[at]
    if (same === undefined) merged.push(topic)
    else merged[at] = { ...same, partitions: [...same.partitions, ...topic.partitions] }
  }
  return { errorCode, topics: merged }
}
