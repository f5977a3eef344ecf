import { array, bytes, int16, int32, int64, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Lists delegation tokens (KIP-48). Null owners: all that the caller may see. */
export const describeDelegationTokenRequest = request(
  { key: 41, versions: [1, 3], flexible: 2 },
  {
    owners: array(
      struct({
        principalType: string(),
        principalName: string(),
      }),
    )
      .nullable()
      .default([]),
  },
)
export interface DescribeDelegationTokenRequest extends Message<typeof describeDelegationTokenRequest> {}

/** The tokens. */
export const describeDelegationTokenResponse = response(
  { key: 41, versions: [1, 3], flexible: 2 },
  {
    errorCode: int16(),
    tokens: array(
      struct({
        principalType: string(),
        principalName: string(),
        tokenRequesterPrincipalType: string().since(3),
        tokenRequesterPrincipalName: string().since(3),
        issueTimestamp: int64(),
        expiryTimestamp: int64(),
        maxTimestamp: int64(),
        tokenId: string(),
        hmac: bytes(),
        renewers: array(
          struct({
            principalType: string(),
            principalName: string(),
          }),
        ),
      }),
    ),
    throttleTimeMs: int32(),
  },
)
export interface DescribeDelegationTokenResponse extends Message<typeof describeDelegationTokenResponse> {}
