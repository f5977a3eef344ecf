import { array, bool, bytes, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Describes classic groups.
 * v3: authorized operations (KIP-430). v4: static members (KIP-345). v6: GROUP_ID_NOT_FOUND for unknown groups
 * (KIP-1043).
 */
export const describeGroupsRequest = request(
  { key: 15, versions: [0, 6], flexible: 5 },
  {
    groups: array(string()),
    includeAuthorizedOperations: bool().since(3),
  },
)
export interface DescribeGroupsRequest extends Message<typeof describeGroupsRequest> {}

/** State, protocol and members of each group. */
export const describeGroupsResponse = response(
  { key: 15, versions: [0, 6], flexible: 5 },
  {
    throttleTimeMs: int32().since(1).ignorable(),
    groups: array(
      struct({
        errorCode: int16(),
        errorMessage: string().nullable().since(6),
        groupId: string(),
        groupState: string(),
        protocolType: string(),
        protocolData: string(),
        members: array(
          struct({
            memberId: string(),
            groupInstanceId: string().nullable().since(4).ignorable(),
            clientId: string(),
            clientHost: string(),
            memberMetadata: bytes(),
            memberAssignment: bytes(),
          }),
        ),
        /** A bit for each operation; the least int32 where it was not asked for. */
        authorizedOperations: int32().since(3).default(-2147483648),
      }),
    ),
  },
)
export interface DescribeGroupsResponse extends Message<typeof describeGroupsResponse> {}
