import { array, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Lists the groups that this broker coordinates. v4: filter by state (KIP-518). v5: filter by type (KIP-848). */
export const listGroupsRequest = request(
  { key: 16, versions: [0, 5], flexible: 3 },
  {
    /** Empty: all states. */
    statesFilter: array(string()).since(4),
    /** Empty: all types. */
    typesFilter: array(string()).since(5),
  },
)
export interface ListGroupsRequest extends Message<typeof listGroupsRequest> {}

/** Groups with their protocol types. v4: states. v5: types. */
export const listGroupsResponse = response(
  { key: 16, versions: [0, 5], flexible: 3 },
  {
    throttleTimeMs: int32().since(1).ignorable(),
    errorCode: int16(),
    groups: array(
      struct({
        groupId: string(),
        protocolType: string(),
        groupState: string().since(4).ignorable(),
        groupType: string().since(5).ignorable(),
      }),
    ),
  },
)
export interface ListGroupsResponse extends Message<typeof listGroupsResponse> {}
