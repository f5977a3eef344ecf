import { array, int16, int32, int64, string, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** The group coordinator starts the state of share partitions (KIP-932). */
export const initializeShareGroupStateRequest = request(
  { key: 83, versions: [0, 0], flexible: 0 },
  {
    groupId: string(),
    topics: array(
      struct({
        topicId: uuid(),
        partitions: array(
          struct({
            partition: int32(),
            stateEpoch: int32(),
            startOffset: int64(),
          }),
        ),
      }),
    ),
  },
)
export interface InitializeShareGroupStateRequest extends Message<typeof initializeShareGroupStateRequest> {}

/** An error code by partition. */
export const initializeShareGroupStateResponse = response(
  { key: 83, versions: [0, 0], flexible: 0 },
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
export interface InitializeShareGroupStateResponse extends Message<typeof initializeShareGroupStateResponse> {}
