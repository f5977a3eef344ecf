import { array, int16, int32, string, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Deletes the state of share partitions (KIP-932). */
export const deleteShareGroupStateRequest = request(
  { key: 86, versions: [0, 0], flexible: 0 },
  {
    groupId: string(),
    topics: array(
      struct({
        topicId: uuid(),
        partitions: array(
          struct({
            partition: int32(),
          }),
        ),
      }),
    ),
  },
)
export interface DeleteShareGroupStateRequest extends Message<typeof deleteShareGroupStateRequest> {}

/** An error code by partition. */
export const deleteShareGroupStateResponse = response(
  { key: 86, versions: [0, 0], flexible: 0 },
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
export interface DeleteShareGroupStateResponse extends Message<typeof deleteShareGroupStateResponse> {}
