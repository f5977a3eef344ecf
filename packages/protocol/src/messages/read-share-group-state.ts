import { array, int8, int16, int32, int64, string, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** A share partition's leader reads its state from the share coordinator (KIP-932). */
export const readShareGroupStateRequest = request(
  { key: 84, versions: [0, 0], flexible: 0 },
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
export interface ReadShareGroupStateRequest extends Message<typeof readShareGroupStateRequest> {}

/** State batches by partition. */
export const readShareGroupStateResponse = response(
  { key: 84, versions: [0, 0], flexible: 0 },
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
            startOffset: int64(),
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
export interface ReadShareGroupStateResponse extends Message<typeof readShareGroupStateResponse> {}
