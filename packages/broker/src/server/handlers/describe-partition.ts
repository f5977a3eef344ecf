import { errorCodes } from '@odradek/protocol'
import { type ClusterImage, isRunning, liveBrokers, type PartitionImage } from '../../core/cluster/cluster-image.ts'
import type { RequestContext } from '../api-handler.ts'
import type { NodeEndpoint, NodeEndpoints } from '../node-endpoints.ts'

/** What a client can see of the cluster through its listener. */
export interface PartitionView {
  readonly image: ClusterImage
  readonly reachable: ReadonlyMap<number, NodeEndpoint>
  /** The error for a leader that lives and does not listen where the client came in. */
  readonly missingListener: number
}

export function reachableBrokers(
  image: ClusterImage,
  nodeEndpoints: NodeEndpoints,
  context: RequestContext,
): Map<number, NodeEndpoint> {
  const ids = liveBrokers(image).map(({ brokerId }) => brokerId)
  return new Map(nodeEndpoints(ids, context).map(endpoint => [endpoint.nodeId, endpoint]))
}

/** A partition as Metadata and DescribeTopicPartitions show it. A replica is offline while its broker is fenced or not registered. */
export function describePartition(partition: PartitionImage, { image, reachable, missingListener }: PartitionView) {
  const { leader, leaderEpoch, replicas, isr } = partition
  const offlineReplicas = replicas.filter(id => !isRunning(image, id))
  const common = { leaderEpoch, replicaNodes: replicas, isrNodes: isr, offlineReplicas }
  if (reachable.has(leader)) return { errorCode: errorCodes.NONE as number, leaderId: leader, ...common }
  return {
    errorCode: isRunning(image, leader) ? missingListener : errorCodes.LEADER_NOT_AVAILABLE,
    leaderId: -1,
    ...common,
  }
}
