import { array, int16, int32, string, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Deletes topics, by name; from v6 on by name or id (KIP-516). */
export const deleteTopicsRequest = request(
  { key: 20, versions: [1, 6], flexible: 4 },
  {
    topics: array(
      struct({
        name: string().nullable(),
        topicId: uuid(),
      }),
    ).since(6),
    topicNames: array(string()).until(5).ignorable(),
    timeoutMs: int32(),
  },
)
export interface DeleteTopicsRequest extends Message<typeof deleteTopicsRequest> {}

/** An error code by topic. v5: with a message. */
export const deleteTopicsResponse = response(
  { key: 20, versions: [1, 6], flexible: 4 },
  {
    throttleTimeMs: int32().ignorable(),
    responses: array(
      struct({
        name: string().nullable(6).default(''),
        topicId: uuid().since(6).ignorable(),
        errorCode: int16(),
        errorMessage: string().nullable().since(5).ignorable(),
      }),
    ),
  },
)
export interface DeleteTopicsResponse extends Message<typeof deleteTopicsResponse> {}
