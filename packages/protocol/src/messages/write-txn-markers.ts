import { array, bool, int8, int16, int32, int64, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** The transaction coordinator tells partition leaders to write markers that end transactions (KIP-98). */
export const writeTxnMarkersRequest = request(
  { key: 27, versions: [1, 2], flexible: 1 },
  {
    markers: array(
      struct({
        producerId: int64(),
        producerEpoch: int16(),
        transactionResult: bool(),
        topics: array(
          struct({
            name: string(),
            partitionIndexes: array(int32()),
          }),
        ),
        coordinatorEpoch: int32(),
        transactionVersion: int8().since(2).ignorable(),
      }),
    ),
  },
)
export interface WriteTxnMarkersRequest extends Message<typeof writeTxnMarkersRequest> {}

/** An error code by producer and partition. */
export const writeTxnMarkersResponse = response(
  { key: 27, versions: [1, 2], flexible: 1 },
  {
    markers: array(
      struct({
        producerId: int64(),
        topics: array(
          struct({
            name: string(),
            partitions: array(
              struct({
                partitionIndex: int32(),
                errorCode: int16(),
              }),
            ),
          }),
        ),
      }),
    ),
  },
)
export interface WriteTxnMarkersResponse extends Message<typeof writeTxnMarkersResponse> {}
