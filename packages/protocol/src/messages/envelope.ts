import { bytes, int16 } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Wraps a request that a broker forwards to the controller (KIP-590). */
export const envelopeRequest = request(
  { key: 58, versions: [0, 0], flexible: 0 },
  {
    requestData: bytes(),
    requestPrincipal: bytes().nullable().default(Buffer.alloc(0)),
    clientHostAddress: bytes(),
  },
)
export interface EnvelopeRequest extends Message<typeof envelopeRequest> {}

/** Wraps the controller's answer. */
export const envelopeResponse = response(
  { key: 58, versions: [0, 0], flexible: 0 },
  {
    responseData: bytes().nullable(),
    errorCode: int16(),
  },
)
export interface EnvelopeResponse extends Message<typeof envelopeResponse> {}
