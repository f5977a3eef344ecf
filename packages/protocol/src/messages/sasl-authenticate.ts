import { bytes, int16, int64, string } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Carries one token of the SASL exchange (KIP-152). */
export const saslAuthenticateRequest = request(
  { key: 36, versions: [0, 2], flexible: 2 },
  {
    authBytes: bytes(),
  },
)
export interface SaslAuthenticateRequest extends Message<typeof saslAuthenticateRequest> {}

/** The broker's token. v1: how long the session may live (KIP-368). */
export const saslAuthenticateResponse = response(
  { key: 36, versions: [0, 2], flexible: 2 },
  {
    errorCode: int16(),
    errorMessage: string().nullable().default(''),
    authBytes: bytes(),
    sessionLifetimeMs: int64().since(1).ignorable(),
  },
)
export interface SaslAuthenticateResponse extends Message<typeof saslAuthenticateResponse> {}
