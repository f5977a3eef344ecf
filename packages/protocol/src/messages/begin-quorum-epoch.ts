import { array, int16, int32, string, struct, uint16, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** A new KRaft leader announces itself to the voters (KIP-595). v1: directory ids and addresses (KIP-853). */
export const beginQuorumEpochRequest = request(
  { key: 53, versions: [0, 1], flexible: 1 },
  {
    clusterId: string().nullable(),
    voterId: int32().since(1).default(-1).ignorable(),
    topics: array(
      struct({
        topicName: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            voterDirectoryId: uuid().since(1).ignorable(),
            leaderId: int32(),
            leaderEpoch: int32(),
          }),
        ),
      }),
    ),
    leaderEndpoints: array(
      struct({
        name: string(),
        host: string(),
        port: uint16(),
      }),
    )
      .since(1)
      .ignorable(),
  },
)
export interface BeginQuorumEpochRequest extends Message<typeof beginQuorumEpochRequest> {}

/** An error code, and who leads. */
export const beginQuorumEpochResponse = response(
  { key: 53, versions: [0, 1], flexible: 1 },
  {
    errorCode: int16(),
    topics: array(
      struct({
        topicName: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            leaderId: int32(),
            leaderEpoch: int32(),
          }),
        ),
      }),
    ),
    nodeEndpoints: array(
      struct({
        nodeId: int32(),
        host: string(),
        port: uint16(),
      }),
    )
      .since(1)
      .tagged(0),
  },
)
export interface BeginQuorumEpochResponse extends Message<typeof beginQuorumEpochResponse> {}
