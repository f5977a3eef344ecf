import { array, int8, int16, int32, int64, string, struct } from '../schema/field.ts'
import { data, type Message } from '../schema/schema.ts'

/** Key of a transactional id in `__transaction_state`. */
export const transactionLogKey = data(
  { name: 'TransactionLogKey', key: 0, versions: [0, 0] },
  {
    transactionalId: string(),
  },
)
export interface TransactionLogKey extends Message<typeof transactionLogKey> {}

/** A transaction's state. v1: flexible, with the producer ids before and after the present one (KIP-890). */
export const transactionLogValue = data(
  { name: 'TransactionLogValue', key: 0, versions: [0, 1], flexible: 1 },
  {
    producerId: int64(),
    previousProducerId: int64().since(1).tagged(0).default(-1),
    nextProducerId: int64().since(1).tagged(1).default(-1),
    producerEpoch: int16(),
    nextProducerEpoch: int16().since(1).tagged(3).default(-1),
    transactionTimeoutMs: int32(),
    transactionStatus: int8(),
    transactionPartitions: array(
      struct({
        topic: string(),
        partitionIds: array(int32()),
      }),
    )
      .nullable()
      .default([]),
    transactionLastUpdateTimestampMs: int64(),
    transactionStartTimestampMs: int64(),
    clientTransactionVersion: int16().since(1).tagged(2),
  },
)
export interface TransactionLogValue extends Message<typeof transactionLogValue> {}
