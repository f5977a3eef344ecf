import { array, bytes, int16, int32, int64, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Creates a delegation token (KIP-48). v3: for another owner (KIP-373). */
export const createDelegationTokenRequest = request(
  { key: 38, versions: [1, 3], flexible: 2 },
  {
    ownerPrincipalType: string().nullable().since(3).default(''),
    ownerPrincipalName: string().nullable().since(3).default(''),
    renewers: array(
      struct({
        principalType: string(),
        principalName: string(),
      }),
    ),
    maxLifetimeMs: int64(),
  },
)
export interface CreateDelegationTokenRequest extends Message<typeof createDelegationTokenRequest> {}

/** The token. */
export const createDelegationTokenResponse = response(
  { key: 38, versions: [1, 3], flexible: 2 },
  {
    errorCode: int16(),
    principalType: string(),
    principalName: string(),
    tokenRequesterPrincipalType: string().since(3),
    tokenRequesterPrincipalName: string().since(3),
    issueTimestampMs: int64(),
    expiryTimestampMs: int64(),
    maxTimestampMs: int64(),
    tokenId: string(),
    hmac: bytes(),
    throttleTimeMs: int32(),
  },
)
export interface CreateDelegationTokenResponse extends Message<typeof createDelegationTokenResponse> {}
