import { bytes, int16, int32, int64 } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Changes when a delegation token expires, or ends it at once (KIP-48). */
export const expireDelegationTokenRequest = request(
  { key: 40, versions: [1, 2], flexible: 2 },
  {
    hmac: bytes(),
    expiryTimePeriodMs: int64(),
  },
)
export interface ExpireDelegationTokenRequest extends Message<typeof expireDelegationTokenRequest> {}

/** When it expires now. */
export const expireDelegationTokenResponse = response(
  { key: 40, versions: [1, 2], flexible: 2 },
  {
    errorCode: int16(),
    expiryTimestampMs: int64(),
    throttleTimeMs: int32(),
  },
)
export interface ExpireDelegationTokenResponse extends Message<typeof expireDelegationTokenResponse> {}
