import { array, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Takes members out of a classic group.
 * v3: several at once, also by their static ids (KIP-345). v5: a reason, for the log (KIP-800).
 */
export const leaveGroupRequest = request(
  { key: 13, versions: [0, 5], flexible: 4 },
  {
    groupId: string(),
    memberId: string().until(2),
    members: array(
      struct({
        memberId: string(),
        groupInstanceId: string().nullable(),
        reason: string().nullable().since(5).ignorable(),
      }),
    ).since(3),
  },
)
export interface LeaveGroupRequest extends Message<typeof leaveGroupRequest> {}

/** What became of each member. */
export const leaveGroupResponse = response(
  { key: 13, versions: [0, 5], flexible: 4 },
  {
    throttleTimeMs: int32().since(1).ignorable(),
    errorCode: int16(),
    members: array(
      struct({
        memberId: string(),
        groupInstanceId: string().nullable().default(''),
        errorCode: int16(),
      }),
    ).since(3),
  },
)
export interface LeaveGroupResponse extends Message<typeof leaveGroupResponse> {}
