import { array, int16, int32, int64, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Asks for the producers that a partition's leader remembers (KIP-664). */
export const describeProducersRequest = request(
  { key: 61, versions: [0, 0], flexible: 0 },
  {
    topics: array(
      struct({
        name: string(),
        partitionIndexes: array(int32()),
      }),
    ),
  },
)
export interface DescribeProducersRequest extends Message<typeof describeProducersRequest> {}

/** Producer states by partition. */
export const describeProducersResponse = response(
  { key: 61, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            errorMessage: string().nullable(),
            activeProducers: array(
              struct({
                producerId: int64(),
                producerEpoch: int32(),
                lastSequence: int32().default(-1),
                lastTimestamp: int64().default(-1),
                coordinatorEpoch: int32(),
                /** -1 when no transaction is open. */
                currentTxnStartOffset: int64().default(-1),
              }),
            ),
          }),
        ),
      }),
    ),
  },
)
export interface DescribeProducersResponse extends Message<typeof describeProducersResponse> {}
