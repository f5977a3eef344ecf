import { array, int16, int32, string, struct, uint16, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** A resigning KRaft leader asks the voters for an election (KIP-595). v1: directory ids and addresses (KIP-853). */
export const endQuorumEpochRequest = request(
  { key: 54, versions: [0, 1], flexible: 1 },
  {
    clusterId: string().nullable(),
    topics: array(
      struct({
        topicName: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            leaderId: int32(),
            leaderEpoch: int32(),
            preferredSuccessors: array(int32()).until(0).ignorable(),
            preferredCandidates: array(
              struct({
                candidateId: int32(),
                candidateDirectoryId: uuid(),
              }),
            )
              .since(1)
              .ignorable(),
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
export interface EndQuorumEpochRequest extends Message<typeof endQuorumEpochRequest> {}

/** An error code, and who leads. */
export const endQuorumEpochResponse = response(
  { key: 54, versions: [0, 1], flexible: 1 },
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
export interface EndQuorumEpochResponse extends Message<typeof endQuorumEpochResponse> {}
