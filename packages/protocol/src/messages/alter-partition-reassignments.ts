import { array, bool, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Starts or cancels moves of partitions to other brokers (KIP-455).
 * v1: whether the replication factor may change (KIP-860).
 */
export const alterPartitionReassignmentsRequest = request(
  { key: 45, versions: [0, 1], flexible: 0 },
  {
    timeoutMs: int32().default(60000),
    allowReplicationFactorChange: bool().since(1).default(true),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            replicas: array(int32()).nullable(),
          }),
        ),
      }),
    ),
  },
)
export interface AlterPartitionReassignmentsRequest extends Message<typeof alterPartitionReassignmentsRequest> {}

/** An error code by partition. */
export const alterPartitionReassignmentsResponse = response(
  { key: 45, versions: [0, 1], flexible: 0 },
  {
    throttleTimeMs: int32(),
    allowReplicationFactorChange: bool().since(1).default(true).ignorable(),
    errorCode: int16(),
    errorMessage: string().nullable().default(''),
    responses: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            errorMessage: string().nullable().default(''),
          }),
        ),
      }),
    ),
  },
)
export interface AlterPartitionReassignmentsResponse extends Message<typeof alterPartitionReassignmentsResponse> {}
