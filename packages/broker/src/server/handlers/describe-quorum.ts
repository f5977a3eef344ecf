/**
 * DescribeQuorum, versions 0 to 2, as a cluster of one node answers it: this broker leads and is the only voter, and what
 * it has committed is its log (KIP-595). ACL checks (with security): DESCRIBE on the cluster.
 */
import type { Clock } from '@odradek/platform'
import {
  type DescribeQuorumRequest,
  describeQuorumRequest,
  describeQuorumResponse,
  errorCodes,
  type MessageInput,
} from '@odradek/protocol'
import type { ClusterImage } from '../../core/cluster/cluster-image.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'
import type { NodeEndpoints } from '../node-endpoints.ts'

type Answer = MessageInput<typeof describeQuorumResponse>

export function describeQuorumHandler({
  image: currentImage,
  clock,
  nodeEndpoints,
}: {
  image: () => ClusterImage
  clock: Pick<Clock, 'now'>
  nodeEndpoints: NodeEndpoints
}): ApiHandler<DescribeQuorumRequest, Answer> {
  return apiHandler(describeQuorumRequest, describeQuorumResponse, (request, context) => {
    const image = currentImage()
    const now = clock.now()
    const topics = request.topics.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.map(({ partitionIndex }) => {
        if (topicName !== '__cluster_metadata' || partitionIndex !== 0) {
          return { partitionIndex, errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: null }
        }
        const leader = {
          replicaId: image.controllerId,
          logEndOffset: image.revision + 1,
          lastFetchTimestamp: now,
          lastCaughtUpTimestamp: now,
        }
        return {
          partitionIndex,
          errorMessage: null,
          leaderId: image.controllerId,
          leaderEpoch: 1,
          highWatermark: image.revision + 1,
          currentVoters: [leader],
          observers: [],
        }
      }),
    }))
    const nodes = nodeEndpoints([image.controllerId], context).map(({ nodeId, host, port }) => ({
      nodeId,
      listeners: [{ name: context.listenerName, host, port }],
    }))
    return { errorMessage: null, topics, nodes: context.apiVersion >= 2 ? nodes : [] }
  })
}
