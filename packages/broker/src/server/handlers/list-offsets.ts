/**
 * ListOffsets, versions 1 to 11: a timestamp >= 0 asks for the first record not older; negative ones are places in the log.
 * ACL checks (with security): DESCRIBE on each topic.
 *
 * Left out: there is no tiered storage, so the places that are about it answer as for a log without any.
 */
import {
  errorCodes,
  type ListOffsetsRequest,
  listOffsetsRequest,
  listOffsetsResponse,
  type MessageInput,
} from '@odradek/protocol'
import type { FoundOffset } from '../../log/partition-log.ts'
import type { PartitionRegistry } from '../../replication/partition-registry.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

type Answer = MessageInput<typeof listOffsetsResponse>
type PartitionAnswer = NonNullable<NonNullable<Answer['topics']>[number]['partitions']>[number]
type Asked = ListOffsetsRequest['topics'][number]['partitions'][number]

/** The places in the log by the first version that knows them; the others are as old as the API. */
const firstVersions: Readonly<Record<number, number>> = { [-3]: 7, [-4]: 8, [-5]: 9, [-6]: 11 }

const latestTimestamp = -1

export function listOffsetsHandler({
  partitions,
}: {
  partitions: PartitionRegistry
}): ApiHandler<ListOffsetsRequest, Answer> {
  return apiHandler(listOffsetsRequest, listOffsetsResponse, async (request, context) => {
    const { apiVersion } = context
    const duplicates = findDuplicates(request)
    const readCommitted = request.isolationLevel === 1

    const find = async (name: string, asked: Asked): Promise<PartitionAnswer> => {
      const { partitionIndex, currentLeaderEpoch, timestamp } = asked
      const refuse = (errorCode: number): PartitionAnswer => ({ partitionIndex, errorCode })
      if (duplicates.has(`${name}/${partitionIndex}`)) return refuse(errorCodes.INVALID_REQUEST)
      const firstVersion = timestamp < -6 ? Number.POSITIVE_INFINITY : (firstVersions[timestamp] ?? 0)
      if (apiVersion < firstVersion) return refuse(errorCodes.UNSUPPORTED_VERSION)
      const partition = partitions.get(name, partitionIndex)
      if (partition === undefined) return refuse(partitions.problem(name, partitionIndex))
      const errorCode = partition.checkLeaderEpoch(currentLeaderEpoch)
      if (errorCode !== errorCodes.NONE) return refuse(errorCode)
      const dependsOnEnd = timestamp === latestTimestamp || timestamp >= 0
      if (request.replicaId < 0 && dependsOnEnd && !partition.knowsHighWatermark) {
        return refuse(apiVersion >= 5 ? errorCodes.OFFSET_NOT_AVAILABLE : errorCodes.LEADER_NOT_AVAILABLE)
      }
      // Followers ask where the log ends, not what is committed of it.
      const found: FoundOffset =
        request.replicaId >= 0 && timestamp === latestTimestamp
          ? partition.log.endOffset()
          : await partition.log.findOffset(timestamp, { readCommitted })
      if (found.errorCode !== errorCodes.NONE) return refuse(found.errorCode)
      return {
        partitionIndex,
        errorCode: errorCodes.NONE,
        timestamp: found.timestamp,
        offset: found.offset,
        leaderEpoch: apiVersion >= 4 ? found.leaderEpoch : -1,
      }
    }

    const topics: { name: string; partitions: PartitionAnswer[] }[] = []
    for (const { name, partitions: asked } of request.topics) {
      const found: PartitionAnswer[] = []
      for (const one of asked) {
        found.push(await find(name, one))
        // A search by time unpacks batches.
        await context.nextTurn()
      }
      topics.push({ name, partitions: found })
    }
    return { topics }
  })
}

function findDuplicates(request: ListOffsetsRequest): Set<string> {
  const seen = new Set<string>()
  const duplicates = new Set<string>()
  for (const { name, partitions } of request.topics) {
    for (const { partitionIndex } of partitions) {
      const key = `${name}/${partitionIndex}`
      if (seen.has(key)) duplicates.add(key)
      seen.add(key)
    }
  }
  return duplicates
}
