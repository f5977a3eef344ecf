import { array, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Deletes a group's offsets for partitions that it does not consume (KIP-496). */
export const offsetDeleteRequest = request(
  { key: 47, versions: [0, 0] },
  {
    groupId: string(),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
          }),
        ),
      }),
    ),
  },
)
export interface OffsetDeleteRequest extends Message<typeof offsetDeleteRequest> {}

/** An error code by partition. */
export const offsetDeleteResponse = response(
  { key: 47, versions: [0, 0] },
  {
    errorCode: int16(),
    throttleTimeMs: int32().ignorable(),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
          }),
        ),
      }),
    ),
  },
)
export interface OffsetDeleteResponse extends Message<typeof offsetDeleteResponse> {}
