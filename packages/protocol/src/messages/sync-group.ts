import { array, bytes, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * The leader hands in everybody's assignment, the others ask for theirs.
 * v3: static membership (KIP-345). v5: protocol type and name, to be checked (KIP-559).
 */
export const syncGroupRequest = request(
  { key: 14, versions: [0, 5], flexible: 4 },
  {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    /** Identity that survives a restart. */
    groupInstanceId: string().nullable().since(3),
    protocolType: string().nullable().since(5).ignorable(),
    protocolName: string().nullable().since(5).ignorable(),
    assignments: array(
      struct({
        memberId: string(),
        assignment: bytes(),
      }),
    ),
  },
)
export interface SyncGroupRequest extends Message<typeof syncGroupRequest> {}

/** The member's own assignment, in bytes that only clients understand. */
export const syncGroupResponse = response(
  { key: 14, versions: [0, 5], flexible: 4 },
  {
    throttleTimeMs: int32().since(1).ignorable(),
    errorCode: int16(),
    protocolType: string().nullable().since(5).ignorable(),
    protocolName: string().nullable().since(5).ignorable(),
    assignment: bytes(),
  },
)
export interface SyncGroupResponse extends Message<typeof syncGroupResponse> {}
