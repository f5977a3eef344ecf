/**
 * DescribeTopicPartitions, version 0: topics page by page (KIP-966). ACL checks (with security): DESCRIBE on each topic.
 */
import {
  type DescribeTopicPartitionsRequest,
  describeTopicPartitionsRequest,
  describeTopicPartitionsResponse,
  errorCodes,
  type MessageInput,
} from '@odradek/protocol'
import { topicOperations } from '../../core/cluster/authorized-operations.ts'
import { type ClusterImage, isInternalTopic } from '../../core/cluster/cluster-image.ts'
import { invalidTopicName } from '../../core/cluster/topic-name.ts'
import type { BrokerConfig } from '../../core/config/broker-config.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'
import type { NodeEndpoints } from '../node-endpoints.ts'
import { describePartition, type PartitionView, reachableBrokers } from './describe-partition.ts'

type Answer = MessageInput<typeof describeTopicPartitionsResponse>
type AnswerTopic = NonNullable<Answer['topics']>[number]

export interface DescribeTopicPartitionsDependencies {
  readonly image: () => ClusterImage
  readonly config: BrokerConfig
  readonly nodeEndpoints: NodeEndpoints
}

export function describeTopicPartitionsHandler(
  dependencies: DescribeTopicPartitionsDependencies,
): ApiHandler<DescribeTopicPartitionsRequest, Answer> {
  return apiHandler(describeTopicPartitionsRequest, describeTopicPartitionsResponse, (request, context) => {
    const image = dependencies.image()
    const invalid = checkCursor(request)
    if (invalid) return invalid
    const limit = Math.min(
      dependencies.config.number('max.request.partition.size.limit'),
      request.responsePartitionLimit,
    )
    return page(request, Math.max(limit, 1), {
      image,
      reachable: reachableBrokers(image, dependencies.nodeEndpoints, context),
      missingListener: errorCodes.LISTENER_NOT_FOUND,
    })
  })
}

/** A cursor must point into what was asked for. */
function checkCursor({ topics, cursor }: DescribeTopicPartitionsRequest): Answer | null {
  if (cursor === null) return null
  const isAsked = topics.length === 0 || topics.some(({ name }) => name === cursor.topicName)
  if (isAsked && cursor.partitionIndex >= 0) return null
  return { topics: topics.map(({ name }) => ({ name, errorCode: errorCodes.INVALID_REQUEST })) }
}

/** Topics by name, from the cursor on, until the partitions are enough; then the cursor of the rest. */
function page({ topics: asked, cursor }: DescribeTopicPartitionsRequest, limit: number, view: PartitionView): Answer {
  const all = asked.length === 0
  const names = new Set(all ? view.image.topics.keys() : asked.map(({ name }) => name))
  const from = cursor?.topicName ?? ''
  const topics: AnswerTopic[] = []
  let left = limit
  for (const name of [...names].filter(name => name >= from).sort()) {
    const start = name === cursor?.topicName ? cursor.partitionIndex : 0
    if (left === 0) return { topics, nextCursor: { topicName: name, partitionIndex: start } }
    const topic = view.image.topics.get(name)
    if (topic === undefined) {
      const errorCode =
        invalidTopicName(name) === null ? errorCodes.UNKNOWN_TOPIC_OR_PARTITION : errorCodes.INVALID_TOPIC_EXCEPTION
      topics.push({ name, errorCode, isInternal: isInternalTopic(name), topicAuthorizedOperations: topicOperations })
      continue
    }
    const end = Math.min(topic.partitions.length, start + left)
    topics.push({
      errorCode: errorCodes.NONE,
      name,
      topicId: topic.topicId,
      isInternal: isInternalTopic(name),
      partitions: topic.partitions.slice(start, end).map((partition, offset) => ({
        partitionIndex: start + offset,
        ...describePartition(partition, view),
        eligibleLeaderReplicas: partition.elr,
        lastKnownElr: partition.lastKnownElr,
      })),
      topicAuthorizedOperations: topicOperations,
    })
    left -= Math.max(0, end - start)
    if (end < topic.partitions.length) return { topics, nextCursor: { topicName: name, partitionIndex: end } }
  }
  return { topics }
}
