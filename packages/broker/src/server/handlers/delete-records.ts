/**
 * DeleteRecords, versions 0 to 2: moves the start of partitions' logs up. A partition is answered when its live followers have moved
 * theirs, too, or with REQUEST_TIMED_OUT after `timeoutMs`: what is deleted here stays deleted, and they will still hear of it.
 * ACL checks (with security): DELETE on each topic.
 */
import type { Clock } from '@odradek/platform'
import {
  type DeleteRecordsRequest,
  deleteRecordsRequest,
  deleteRecordsResponse,
  errorCodes,
  type MessageInput,
} from '@odradek/protocol'
import { isInternalTopic } from '../../core/cluster/cluster-image.ts'
import type { DeletionPurgatory } from '../../replication/deletion-purgatory.ts'
import type { Partition } from '../../replication/partition.ts'
import type { PartitionRegistry } from '../../replication/partition-registry.ts'
import { RecordDeletion } from '../../replication/record-deletion.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

type Answer = MessageInput<typeof deleteRecordsResponse>

export interface DeleteRecordsDependencies {
  readonly partitions: PartitionRegistry
  readonly deletions: DeletionPurgatory
  readonly clock: Clock
}

export function deleteRecordsHandler({
  partitions: registry,
  deletions: purgatory,
  clock,
}: DeleteRecordsDependencies): ApiHandler<DeleteRecordsRequest, Answer> {
  return apiHandler(deleteRecordsRequest, deleteRecordsResponse, (request, context) => {
    const deletion = new RecordDeletion({ registry, purgatory, clock })
    const topics = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, offset }) => {
        const partition = findPartition(registry, name, partitionIndex)
        if (typeof partition === 'number') return { partitionIndex, errorCode: partition, lowWatermark: -1 }
        return deletion.begin(partition, offset)
      }),
    }))
    const waiting = deletion.wait(request.timeoutMs)
    if (waiting === null) return { topics }
    context.whenClosed(() => deletion.end())
    return waiting.then(() => ({ topics }))
  })
}

/** A partition of which records may be deleted here, or an error code. */
function findPartition(registry: PartitionRegistry, name: string, index: number): Partition | number {
  if (!registry.has(name, index)) return errorCodes.UNKNOWN_TOPIC_OR_PARTITION
  if (isInternalTopic(name)) return errorCodes.INVALID_TOPIC_EXCEPTION
  const partition = registry.get(name, index)
  if (partition === undefined) return registry.problem(name, index)
  if (!partition.isLeader) return errorCodes.NOT_LEADER_OR_FOLLOWER
  // The cleaner of a compacted topic expects its log to begin where it left it.
  return partition.log.config.cleanupPolicy.delete ? partition : errorCodes.POLICY_VIOLATION
}
