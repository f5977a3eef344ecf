import { int16, int32, int64, string } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Adds a group's offsets to a transaction, before TxnOffsetCommit (KIP-98). */
export const addOffsetsToTxnRequest = request(
  { key: 25, versions: [0, 4], flexible: 3 },
  {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    groupId: string(),
  },
)
export interface AddOffsetsToTxnRequest extends Message<typeof addOffsetsToTxnRequest> {}

/** An error code. */
export const addOffsetsToTxnResponse = response(
  { key: 25, versions: [0, 4], flexible: 3 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
  },
)
export interface AddOffsetsToTxnResponse extends Message<typeof addOffsetsToTxnResponse> {}
