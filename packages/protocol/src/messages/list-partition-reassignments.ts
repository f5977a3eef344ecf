import { array, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Lists the moves in progress (KIP-455). Null topics: all. */
export const listPartitionReassignmentsRequest = request(
  { key: 46, versions: [0, 0], flexible: 0 },
  {
    timeoutMs: int32().default(60000),
    topics: array(
      struct({
        name: string(),
        partitionIndexes: array(int32()),
      }),
    ).nullable(),
  },
)
export interface ListPartitionReassignmentsRequest extends Message<typeof listPartitionReassignmentsRequest> {}

/** The moves in progress. */
export const listPartitionReassignmentsResponse = response(
  { key: 46, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string().nullable().default(''),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            replicas: array(int32()),
            addingReplicas: array(int32()),
            removingReplicas: array(int32()),
          }),
        ),
      }),
    ),
  },
)
export interface ListPartitionReassignmentsResponse extends Message<typeof listPartitionReassignmentsResponse> {}
