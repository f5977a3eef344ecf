import { bytes, int16, int32, int64 } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Prolongs a delegation token (KIP-48). */
export const renewDelegationTokenRequest = request(
  { key: 39, versions: [1, 2], flexible: 2 },
  {
    hmac: bytes(),
    renewPeriodMs: int64(),
  },
)
export interface RenewDelegationTokenRequest extends Message<typeof renewDelegationTokenRequest> {}

/** When it expires now. */
export const renewDelegationTokenResponse = response(
  { key: 39, versions: [1, 2], flexible: 2 },
  {
    errorCode: int16(),
    expiryTimestampMs: int64(),
    throttleTimeMs: int32(),
  },
)
export interface RenewDelegationTokenResponse extends Message<typeof renewDelegationTokenResponse> {}
