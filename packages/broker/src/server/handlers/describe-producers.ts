/**
 * DescribeProducers, version 0: the idempotent producers that partitions remember (KIP-664).
 * ACL checks (with security): READ on each topic.
 */
import {
  type DescribeProducersRequest,
  describeProducersRequest,
  describeProducersResponse,
  errorCodes,
  errorMessage,
  type MessageInput,
} from '@odradek/protocol'
import type { PartitionRegistry } from '../../replication/partition-registry.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

type Answer = MessageInput<typeof describeProducersResponse>

export function describeProducersHandler({
  partitions,
}: {
  partitions: PartitionRegistry
}): ApiHandler<DescribeProducersRequest, Answer> {
  return apiHandler(describeProducersRequest, describeProducersResponse, request => ({
    topics: request.topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map(partitionIndex => {
        const partition = partitions.get(name, partitionIndex)
        if (partition === undefined) return refuse(partitionIndex, partitions.problem(name, partitionIndex))
        if (!partition.isLeader) return refuse(partitionIndex, errorCodes.NOT_LEADER_OR_FOLLOWER)
        return { partitionIndex, errorCode: errorCodes.NONE, activeProducers: partition.log.activeProducers() }
      }),
    })),
  }))
}

function refuse(partitionIndex: number, errorCode: number) {
  return { partitionIndex, errorCode, errorMessage: errorMessage(errorCode) }
}
