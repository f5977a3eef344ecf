import { bool, int16, int32, int64, string } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Commits or aborts a transaction (KIP-98). v5: the answer carries the epoch of the next one (KIP-890). */
export const endTxnRequest = request(
  { key: 26, versions: [0, 5], flexible: 3 },
  {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    committed: bool(),
  },
)
export interface EndTxnRequest extends Message<typeof endTxnRequest> {}

/** v5: the producer's id and epoch for the next transaction (KIP-890). */
export const endTxnResponse = response(
  { key: 26, versions: [0, 5], flexible: 3 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    producerId: int64().since(5).default(-1).ignorable(),
    producerEpoch: int16().since(5).default(-1).ignorable(),
  },
)
export interface EndTxnResponse extends Message<typeof endTxnResponse> {}
