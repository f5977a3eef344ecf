import { array, int16, int32, string, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Deletes a share group's state for topics (KIP-932). */
export const deleteShareGroupOffsetsRequest = request(
  { key: 92, versions: [0, 0], flexible: 0 },
  {
    groupId: string(),
    topics: array(
      struct({
        topicName: string(),
      }),
    ),
  },
)
export interface DeleteShareGroupOffsetsRequest extends Message<typeof deleteShareGroupOffsetsRequest> {}

/** An error code by topic. */
export const deleteShareGroupOffsetsResponse = response(
  { key: 92, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string().nullable(),
    responses: array(
      struct({
        topicName: string(),
        topicId: uuid(),
        errorCode: int16(),
        errorMessage: string().nullable(),
      }),
    ),
  },
)
export interface DeleteShareGroupOffsetsResponse extends Message<typeof deleteShareGroupOffsetsResponse> {}
