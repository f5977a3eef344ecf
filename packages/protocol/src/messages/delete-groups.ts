import { array, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Deletes groups without members (KIP-229). */
export const deleteGroupsRequest = request(
  { key: 42, versions: [0, 2], flexible: 2 },
  {
    groupsNames: array(string()),
  },
)
export interface DeleteGroupsRequest extends Message<typeof deleteGroupsRequest> {}

/** An error code by group. */
export const deleteGroupsResponse = response(
  { key: 42, versions: [0, 2], flexible: 2 },
  {
    throttleTimeMs: int32(),
    results: array(
      struct({
        groupId: string(),
        errorCode: int16(),
      }),
    ),
  },
)
export interface DeleteGroupsResponse extends Message<typeof deleteGroupsResponse> {}
