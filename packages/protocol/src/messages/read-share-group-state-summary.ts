import { array, int16, int32, int64, string, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Reads where share partitions begin, without their batches (KIP-932).
 * v1: how many deliveries are complete (KIP-1226).
 */
export const readShareGroupStateSummaryRequest = request(
  { key: 87, versions: [0, 1], flexible: 0 },
  {
    groupId: string(),
    topics: array(
      struct({
        topicId: uuid(),
        partitions: array(
          struct({
            partition: int32(),
            leaderEpoch: int32(),
          }),
        ),
      }),
    ),
  },
)
export interface ReadShareGroupStateSummaryRequest extends Message<typeof readShareGroupStateSummaryRequest> {}

/** Start offset and epoch by partition. */
export const readShareGroupStateSummaryResponse = response(
  { key: 87, versions: [0, 1], flexible: 0 },
  {
    results: array(
      struct({
        topicId: uuid(),
        partitions: array(
          struct({
            partition: int32(),
            errorCode: int16(),
            errorMessage: string().nullable(),
            stateEpoch: int32(),
            leaderEpoch: int32(),
            startOffset: int64(),
            deliveryCompleteCount: int32().since(1).default(-1).ignorable(),
          }),
        ),
      }),
    ),
  },
)
export interface ReadShareGroupStateSummaryResponse extends Message<typeof readShareGroupStateSummaryResponse> {}
