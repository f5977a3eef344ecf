import { array, int8, int16, int32, int64, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * A partition's leader tells the controller its in-sync replicas (KIP-497).
 * v3: with their broker epochs (KIP-903).
 */
export const alterPartitionRequest = request(
  { key: 56, versions: [2, 3], flexible: 0 },
  {
    brokerId: int32(),
    brokerEpoch: int64().default(-1),
    topics: array(
      struct({
        topicId: uuid().ignorable(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            leaderEpoch: int32(),
            newIsr: array(int32()).until(2),
            newIsrWithEpochs: array(
              struct({
                brokerId: int32(),
                brokerEpoch: int64().default(-1),
              }),
            ).since(3),
            leaderRecoveryState: int8(),
            partitionEpoch: int32(),
          }),
        ),
      }),
    ),
  },
)
export interface AlterPartitionRequest extends Message<typeof alterPartitionRequest> {}

/** The partition state that holds now. */
export const alterPartitionResponse = response(
  { key: 56, versions: [2, 3], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    topics: array(
      struct({
        topicId: uuid().ignorable(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            leaderId: int32(),
            leaderEpoch: int32(),
            isr: array(int32()),
            leaderRecoveryState: int8().ignorable(),
            partitionEpoch: int32(),
          }),
        ),
      }),
    ),
  },
)
export interface AlterPartitionResponse extends Message<typeof alterPartitionResponse> {}
