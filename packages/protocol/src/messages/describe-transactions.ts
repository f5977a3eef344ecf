import { array, int16, int32, int64, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Describes transactions by transactional id (KIP-664). */
export const describeTransactionsRequest = request(
  { key: 65, versions: [0, 0], flexible: 0 },
  {
    transactionalIds: array(string()),
  },
)
export interface DescribeTransactionsRequest extends Message<typeof describeTransactionsRequest> {}

/** State, producer and partitions by transaction. */
export const describeTransactionsResponse = response(
  { key: 65, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    transactionStates: array(
      struct({
        errorCode: int16(),
        transactionalId: string(),
        transactionState: string(),
        transactionTimeoutMs: int32(),
        transactionStartTimeMs: int64(),
        producerId: int64(),
        producerEpoch: int16(),
        topics: array(
          struct({
            topic: string(),
            partitions: array(int32()),
          }),
        ),
      }),
    ),
  },
)
export interface DescribeTransactionsResponse extends Message<typeof describeTransactionsResponse> {}
