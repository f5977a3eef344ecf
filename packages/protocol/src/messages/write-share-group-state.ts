import { array, int8, int16, int32, int64, string, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * A share partition's leader stores its state with the share coordinator (KIP-932).
 * v1: how many deliveries are complete (KIP-1226).
 */
export const writeShareGroupStateRequest = request(
  { key: 85, versions: [0, 1], flexible: 0 },
  {
    groupId: string(),
    topics: array(
      struct({
        topicId: uuid(),
        partitions: array(
          struct({
            partition: int32(),
            stateEpoch: int32(),
            leaderEpoch: int32(),
            startOffset: int64(),
            deliveryCompleteCount: int32().since(1).default(-1).ignorable(),
            stateBatches: array(
              struct({
                firstOffset: int64(),
                lastOffset: int64(),
                deliveryState: int8(),
                deliveryCount: int16(),
              }),
            ),
          }),
        ),
      }),
    ),
  },
)
export interface WriteShareGroupStateRequest extends Message<typeof writeShareGroupStateRequest> {}

/** An error code by partition. */
export const writeShareGroupStateResponse = response(
  { key: 85, versions: [0, 1], flexible: 0 },
  {
    results: array(
      struct({
        topicId: uuid(),
        partitions: array(
          struct({
            partition: int32(),
            errorCode: int16(),
            errorMessage: string().nullable(),
          }),
        ),
      }),
    ),
  },
)
export interface WriteShareGroupStateResponse extends Message<typeof writeShareGroupStateResponse> {}
