import { array, bool, bytes, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Enters a classic group, or rejoins it, with the assignors that the member knows.
 * v1: own rebalance timeout. v4: a member without an id gets one first (KIP-394). v5: static membership (KIP-345). v8:
 * a reason, for the log (KIP-800).
 */
export const joinGroupRequest = request(
  { key: 11, versions: [0, 9], flexible: 6 },
  {
    groupId: string(),
    sessionTimeoutMs: int32(),
    /** How long a rebalance waits for this member; -1 (v0): the session timeout. */
    rebalanceTimeoutMs: int32().since(1).default(-1).ignorable(),
    /** Empty at the first time. */
    memberId: string(),
    /** Identity that survives a restart. */
    groupInstanceId: string().nullable().since(5),
    protocolType: string(),
    /** Assignors in order of preference, each with the subscription in its own bytes. */
    protocols: array(
      struct({
        name: string(),
        metadata: bytes(),
      }),
    ),
    reason: string().nullable().since(8).ignorable(),
  },
)
export interface JoinGroupRequest extends Message<typeof joinGroupRequest> {}

/**
 * The generation that came out. The leader alone gets the members with their subscriptions.
 * v7: protocol type (KIP-559). v9: whether the leader may skip assigning (KIP-814).
 */
export const joinGroupResponse = response(
  { key: 11, versions: [0, 9], flexible: 6 },
  {
    throttleTimeMs: int32().since(2).ignorable(),
    errorCode: int16(),
    generationId: int32().default(-1),
    protocolType: string().nullable().since(7).ignorable(),
    protocolName: string().nullable(7).default(''),
    leader: string(),
    skipAssignment: bool().since(9),
    memberId: string(),
    members: array(
      struct({
        memberId: string(),
        groupInstanceId: string().nullable().since(5).ignorable(),
        metadata: bytes(),
      }),
    ),
  },
)
export interface JoinGroupResponse extends Message<typeof joinGroupResponse> {}
