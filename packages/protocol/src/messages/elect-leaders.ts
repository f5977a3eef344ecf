import { array, int8, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Elects leaders: the preferred ones (KIP-183), or from v1 on also ones that were not in sync (KIP-460). Null topics:
 * all.
 */
export const electLeadersRequest = request(
  { key: 43, versions: [0, 2], flexible: 2 },
  {
    /** 0: preferred replica. 1: any, when no replica is in sync. */
    electionType: int8().since(1),
    topicPartitions: array(
      struct({
        topic: string(),
        partitions: array(int32()),
      }),
    )
      .nullable()
      .default([]),
    timeoutMs: int32().default(60000),
  },
)
export interface ElectLeadersRequest extends Message<typeof electLeadersRequest> {}

/** An error code by partition. */
export const electLeadersResponse = response(
  { key: 43, versions: [0, 2], flexible: 2 },
  {
    throttleTimeMs: int32(),
    errorCode: int16().since(1),
    replicaElectionResults: array(
      struct({
        topic: string(),
        partitionResult: array(
          struct({
            partitionId: int32(),
            errorCode: int16(),
            errorMessage: string().nullable().default(''),
          }),
        ),
      }),
    ),
  },
)
export interface ElectLeadersResponse extends Message<typeof electLeadersResponse> {}
