import { array, bool, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Adds partitions to topics (KIP-195). */
export const createPartitionsRequest = request(
  { key: 37, versions: [0, 3], flexible: 2 },
  {
    topics: array(
      struct({
        name: string(),
        count: int32(),
        assignments: array(
          struct({
            brokerIds: array(int32()),
          }),
        )
          .nullable()
          .default([]),
      }),
    ),
    timeoutMs: int32(),
    validateOnly: bool(),
  },
)
export interface CreatePartitionsRequest extends Message<typeof createPartitionsRequest> {}

/** An error code by topic. */
export const createPartitionsResponse = response(
  { key: 37, versions: [0, 3], flexible: 2 },
  {
    throttleTimeMs: int32(),
    results: array(
      struct({
        name: string(),
        errorCode: int16(),
        errorMessage: string().nullable(),
      }),
    ),
  },
)
export interface CreatePartitionsResponse extends Message<typeof createPartitionsResponse> {}
