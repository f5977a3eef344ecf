import { int16, int32, int64 } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** A broker asks the controller for a block of producer ids (KIP-730). */
export const allocateProducerIdsRequest = request(
  { key: 67, versions: [0, 0], flexible: 0 },
  {
    brokerId: int32(),
    brokerEpoch: int64().default(-1),
  },
)
export interface AllocateProducerIdsRequest extends Message<typeof allocateProducerIdsRequest> {}

/** The block. */
export const allocateProducerIdsResponse = response(
  { key: 67, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    producerIdStart: int64(),
    producerIdLen: int32(),
  },
)
export interface AllocateProducerIdsResponse extends Message<typeof allocateProducerIdsResponse> {}
