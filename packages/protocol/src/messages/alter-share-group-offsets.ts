import { array, int16, int32, int64, string, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Sets the start offsets of a share group without members (KIP-932). */
export const alterShareGroupOffsetsRequest = request(
  { key: 91, versions: [0, 0], flexible: 0 },
  {
    groupId: string(),
    topics: array(
      struct({
        topicName: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            startOffset: int64(),
          }),
        ),
      }),
    ),
  },
)
export interface AlterShareGroupOffsetsRequest extends Message<typeof alterShareGroupOffsetsRequest> {}

/** An error code by partition. */
export const alterShareGroupOffsetsResponse = response(
  { key: 91, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string().nullable(),
    responses: array(
      struct({
        topicName: string(),
        topicId: uuid(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            errorMessage: string().nullable(),
          }),
        ),
      }),
    ),
  },
)
export interface AlterShareGroupOffsetsResponse extends Message<typeof alterShareGroupOffsetsResponse> {}
