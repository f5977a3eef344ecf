import { array, int16, int32, int64, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** A broker tells the controller in which log directories its replicas are (KIP-858). */
export const assignReplicasToDirsRequest = request(
  { key: 73, versions: [0, 0], flexible: 0 },
  {
    brokerId: int32(),
    brokerEpoch: int64().default(-1),
    directories: array(
      struct({
        id: uuid(),
        topics: array(
          struct({
            topicId: uuid(),
            partitions: array(
              struct({
                partitionIndex: int32(),
              }),
            ),
          }),
        ),
      }),
    ),
  },
)
export interface AssignReplicasToDirsRequest extends Message<typeof assignReplicasToDirsRequest> {}

/** An error code by partition. */
export const assignReplicasToDirsResponse = response(
  { key: 73, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    directories: array(
      struct({
        id: uuid(),
        topics: array(
          struct({
            topicId: uuid(),
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
export interface AssignReplicasToDirsResponse extends Message<typeof assignReplicasToDirsResponse> {}
