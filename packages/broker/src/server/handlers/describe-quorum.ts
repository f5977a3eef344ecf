/**
 * DescribeQuorum, versions 0 to 2, as a cluster of one node answers it: this broker leads and is the only voter, and what
 * it has committed is its log (KIP-595). ACL checks (with security): DESCRIBE on the cluster.
 */
import type { Clock } from '@odradek/platform'
import {
  type DescribeQuorumRequest,
  describeQuorumRequest,
  describeQuorumResponse,
  type MessageInput,
} from '@odradek/protocol'
import type { ClusterImage } from '../../core/cluster/cluster-image.ts'
import { unknownTopic } from '../../core/cluster/decision.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'
import type { NodeEndpoints } from '../node-endpoints.ts'

type Answer = MessageInput<typeof describeQuorumResponse>

export function describeQuorumHandler({
  image: currentImage,
  clock,
  nodeEndpoints,
  directoryId,
}: {
  image: () => ClusterImage
  clock: Pick<Clock, 'now'>
  nodeEndpoints: NodeEndpoints
  /** Of the directory that holds the log of this voter. */
  directoryId: string
}): ApiHandler<DescribeQuorumRequest, Answer> {
  return apiHandler(describeQuorumRequest, describeQuorumResponse, (request, context) => {
    const image = currentImage()
    const now = clock.now()
    const topics = request.topics.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.map(({ partitionIndex }) => {
        if (topicName !== '__cluster_metadata' || partitionIndex !== 0) {
          return { partitionIndex, ...unknownTopic }
        }
        const leader = {
          replicaId: image.controllerId,
          ...(context.apiVersion >= 2 ? { replicaDirectoryId: directoryId } : {}),
          logEndOffset: image.revision + 1,
          lastFetchTimestamp: now,
          lastCaughtUpTimestamp: now,
        }
        return {
          partitionIndex,
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
    const isDescribed = topics.some(({ partitions }) => partitions.some(partition => 'currentVoters' in partition))
    return { topics, nodes: context.apiVersion >= 2 && isDescribed ? nodes : [] }
  })
}
