/**
 * OffsetForLeaderEpoch, versions 2 to 4: where an epoch of the partition's leader ended, so that a reader can tell whether
 * its log has parted from the leader's (KIP-320). ACL checks (with security): DESCRIBE on each topic, or CLUSTER_ACTION.
 */
import {
  errorCodes,
  type MessageInput,
  type OffsetForLeaderEpochRequest,
  offsetForLeaderEpochRequest,
  offsetForLeaderEpochResponse,
} from '@odradek/protocol'
import type { PartitionRegistry } from '../../replication/partition-registry.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

type Answer = MessageInput<typeof offsetForLeaderEpochResponse>

export function offsetForLeaderEpochHandler({
  partitions,
}: {
  partitions: PartitionRegistry
}): ApiHandler<OffsetForLeaderEpochRequest, Answer> {
  return apiHandler(offsetForLeaderEpochRequest, offsetForLeaderEpochResponse, request => ({
    topics: request.topics.map(({ topic, partitions: asked }) => ({
      topic,
      partitions: asked.map(({ partition: index, currentLeaderEpoch, leaderEpoch }) => {
        const partition = partitions.get(topic, index)
        if (partition === undefined) return { partition: index, errorCode: partitions.problem(topic, index) }
        const errorCode = partition.checkLeaderEpoch(currentLeaderEpoch)
        if (errorCode !== errorCodes.NONE) return { partition: index, errorCode }
        const { log } = partition
        const end = log.endOffsetForEpoch(leaderEpoch)
        // What ended before the log begins has ended there, to a client.
        const endOffset = end.endOffset < 0 ? end.endOffset : Math.max(end.endOffset, log.logStartOffset)
        return { partition: index, errorCode, leaderEpoch: end.leaderEpoch, endOffset }
      }),
    })),
  }))
}
