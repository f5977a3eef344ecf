import { array, int16, int32, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Moves replicas between the log directories of a broker (KIP-113). */
export const alterReplicaLogDirsRequest = request(
  { key: 34, versions: [1, 2], flexible: 2 },
  {
    dirs: array(
      struct({
        path: string(),
        topics: array(
          struct({
            name: string(),
            partitions: array(int32()),
          }),
        ),
      }),
    ),
  },
)
export interface AlterReplicaLogDirsRequest extends Message<typeof alterReplicaLogDirsRequest> {}

/** An error code by partition. */
export const alterReplicaLogDirsResponse = response(
  { key: 34, versions: [1, 2], flexible: 2 },
  {
    throttleTimeMs: int32(),
    results: array(
      struct({
        topicName: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
          }),
        ),
      }),
    ),
  },
)
export interface AlterReplicaLogDirsResponse extends Message<typeof alterReplicaLogDirsResponse> {}
