import { int16, int32, string } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Removes a broker that is gone for good (KIP-631). */
export const unregisterBrokerRequest = request(
  { key: 64, versions: [0, 0], flexible: 0 },
  {
    brokerId: int32(),
  },
)
export interface UnregisterBrokerRequest extends Message<typeof unregisterBrokerRequest> {}

/** An error code. */
export const unregisterBrokerResponse = response(
  { key: 64, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string().nullable().default(''),
  },
)
export interface UnregisterBrokerResponse extends Message<typeof unregisterBrokerResponse> {}
