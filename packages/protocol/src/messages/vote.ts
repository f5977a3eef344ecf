import { array, bool, int16, int32, int64, string, struct, uint16, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** A KRaft candidate asks for a vote (KIP-595). v1: directory ids (KIP-853). v2: pre-vote (KIP-996). */
export const voteRequest = request(
  { key: 52, versions: [0, 2], flexible: 0 },
  {
    clusterId: string().nullable(),
    voterId: int32().since(1).default(-1).ignorable(),
    topics: array(
      struct({
        topicName: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            replicaEpoch: int32(),
            replicaId: int32(),
            replicaDirectoryId: uuid().since(1).ignorable(),
            voterDirectoryId: uuid().since(1).ignorable(),
            lastOffsetEpoch: int32(),
            lastOffset: int64(),
            preVote: bool().since(2),
          }),
        ),
      }),
    ),
  },
)
export interface VoteRequest extends Message<typeof voteRequest> {}

/** Whether the vote was granted, and who leads. */
export const voteResponse = response(
  { key: 52, versions: [0, 2], flexible: 0 },
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
            voteGranted: bool(),
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
export interface VoteResponse extends Message<typeof voteResponse> {}
