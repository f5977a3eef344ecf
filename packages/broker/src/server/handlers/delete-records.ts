/**
 * DeleteRecords, versions 0 to 2: moves the start of partitions' logs up. ACL checks (with security): DELETE on each topic.
 */
import {
  type DeleteRecordsRequest,
  deleteRecordsRequest,
  deleteRecordsResponse,
  errorCodes,
  type MessageInput,
} from '@odradek/protocol'
import { isInternalTopic } from '../../core/cluster/cluster-image.ts'
import type { PartitionRegistry } from '../../replication/partition-registry.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

type Answer = MessageInput<typeof deleteRecordsResponse>

export function deleteRecordsHandler({
  partitions,
}: {
  partitions: PartitionRegistry
}): ApiHandler<DeleteRecordsRequest, Answer> {
  return apiHandler(deleteRecordsRequest, deleteRecordsResponse, request => ({
    topics: request.topics.map(({ name, partitions: asked }) => ({
      name,
      partitions: asked.map(({ partitionIndex, offset }) => ({
        partitionIndex,
        ...deleteRecords(partitions, { name, partitionIndex, offset }),
      })),
    })),
  }))
}

function deleteRecords(
  partitions: PartitionRegistry,
  { name, partitionIndex, offset }: { name: string; partitionIndex: number; offset: number },
): { readonly errorCode: number; readonly lowWatermark: number } {
  const refuse = (errorCode: number) => ({ errorCode, lowWatermark: -1 })
  if (!partitions.has(name, partitionIndex)) return refuse(errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
  if (isInternalTopic(name)) return refuse(errorCodes.INVALID_TOPIC_EXCEPTION)
  const partition = partitions.get(name, partitionIndex)
  if (partition === undefined) return refuse(partitions.problem(name, partitionIndex))
  if (!partition.isLeader) return refuse(errorCodes.NOT_LEADER_OR_FOLLOWER)
  const { cleanupPolicy } = partition.log.config
  // The cleaner of a compacted topic expects its log to begin where it left it.
  if (!cleanupPolicy.delete) return refuse(errorCodes.POLICY_VIOLATION)
  return partition.log.deleteRecords(offset)
}
