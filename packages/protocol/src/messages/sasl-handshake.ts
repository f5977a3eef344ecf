import { array, int16, string } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Chooses the SASL mechanism. v1: the tokens that follow travel in SaslAuthenticate (KIP-152). */
export const saslHandshakeRequest = request(
  { key: 17, versions: [0, 1] },
  {
    mechanism: string(),
  },
)
export interface SaslHandshakeRequest extends Message<typeof saslHandshakeRequest> {}

/** The mechanisms that the broker offers. */
export const saslHandshakeResponse = response(
  { key: 17, versions: [0, 1] },
  {
    errorCode: int16(),
    mechanisms: array(string()),
  },
)
export interface SaslHandshakeResponse extends Message<typeof saslHandshakeResponse> {}
