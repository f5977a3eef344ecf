/**
 * ListPartitionReassignments, version 0: which partitions move, from where to where (KIP-455). ACL checks (with security):
 * DESCRIBE on the cluster.
 */
import {
  type ListPartitionReassignmentsRequest,
  listPartitionReassignmentsRequest,
  listPartitionReassignmentsResponse,
  type MessageInput,
} from '@odradek/protocol'
import type { ClusterImage } from '../../core/cluster/cluster-image.ts'
import { listPartitionReassignments } from '../../core/cluster/partition-reassignments.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

type Answer = MessageInput<typeof listPartitionReassignmentsResponse>

export function listPartitionReassignmentsHandler({
  image,
}: {
  image: () => ClusterImage
}): ApiHandler<ListPartitionReassignmentsRequest, Answer> {
  return apiHandler(listPartitionReassignmentsRequest, listPartitionReassignmentsResponse, ({ topics }) => ({
    errorMessage: null,
    topics: listPartitionReassignments(image(), topics),
  }))
}
