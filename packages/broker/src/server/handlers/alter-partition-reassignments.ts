/**
 * AlterPartitionReassignments, versions 0 and 1: partitions move to other brokers, or stay where they were (KIP-455, KIP-860).
 * ACL checks (with security): ALTER on the cluster. A request of more than 100 partitions is carried out in parts, where
 * Kafka writes it in one.
 */
import {
  type AlterPartitionReassignmentsRequest,
  alterPartitionReassignmentsRequest,
  alterPartitionReassignmentsResponse,
  type MessageInput,
} from '@odradek/protocol'
import type { Outcome } from '../../core/cluster/decision.ts'
import type { Controller } from '../../metadata/controller.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'
import { inTime } from './unless-store-fails.ts'

type Answer = MessageInput<typeof alterPartitionReassignmentsResponse>

export function alterPartitionReassignmentsHandler({
  controller,
}: {
  controller: Pick<Controller, 'alterPartitionReassignments'>
}): ApiHandler<AlterPartitionReassignmentsRequest, Answer> {
  return apiHandler(alterPartitionReassignmentsRequest, alterPartitionReassignmentsResponse, request => {
    const { topics, allowReplicationFactorChange, timeoutMs } = request
    if (topics.length === 0) return {}
    const describe = (next: () => Outcome | undefined) => ({
      errorMessage: null,
      responses: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, ...next() })),
      })),
    })
    const partitions = topics.flatMap(({ name: topic, partitions }) => partitions.map(one => ({ topic, ...one })))
    const alter = async (): Promise<Answer> => {
      const outcomes = await controller.alterPartitionReassignments({ partitions, allowReplicationFactorChange })
      const inTurn = outcomes.values()
      return { allowReplicationFactorChange, ...describe(() => inTurn.next().value) }
    }
    // What was asked for is repeated only where it was looked at.
    return inTime(timeoutMs, alter, outcome => ({ ...describe(() => outcome), ...outcome }))
  })
}
