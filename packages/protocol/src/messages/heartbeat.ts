import { int16, int32, string } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Keeps a member of a classic group alive. v3: static membership (KIP-345). */
export const heartbeatRequest = request(
  { key: 12, versions: [0, 4], flexible: 4 },
  {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    /** Identity that survives a restart. */
    groupInstanceId: string().nullable().since(3),
  },
)
export interface HeartbeatRequest extends Message<typeof heartbeatRequest> {}

/** Tells the member whether a rebalance is on. */
export const heartbeatResponse = response(
  { key: 12, versions: [0, 4], flexible: 4 },
  {
    throttleTimeMs: int32().since(1).ignorable(),
    errorCode: int16(),
  },
)
export interface HeartbeatResponse extends Message<typeof heartbeatResponse> {}
