import { array, int16, int32, int64, string, struct, uint16, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Describes the KRaft quorum (KIP-595).
 * v1: timestamps of the replicas (KIP-836). v2: voters with directory ids and addresses (KIP-853).
 */
export const describeQuorumRequest = request(
  { key: 55, versions: [0, 2], flexible: 0 },
  {
    topics: array(
      struct({
        topicName: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
          }),
        ),
      }),
    ),
  },
)
export interface DescribeQuorumRequest extends Message<typeof describeQuorumRequest> {}

const replicaState = struct({
  replicaId: int32(),
  replicaDirectoryId: uuid().since(2),
  logEndOffset: int64(),
  lastFetchTimestamp: int64().since(1).default(-1).ignorable(),
  lastCaughtUpTimestamp: int64().since(1).default(-1).ignorable(),
})

/** Leader, voters and observers with how far they are. */
export const describeQuorumResponse = response(
  { key: 55, versions: [0, 2], flexible: 0 },
  {
    errorCode: int16(),
    errorMessage: string().nullable().since(2).default('').ignorable(),
    topics: array(
      struct({
        topicName: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            errorMessage: string().nullable().since(2).default('').ignorable(),
            leaderId: int32(),
            leaderEpoch: int32(),
            highWatermark: int64(),
            currentVoters: array(replicaState),
            observers: array(replicaState),
          }),
        ),
      }),
    ),
    nodes: array(
      struct({
        nodeId: int32(),
        listeners: array(
          struct({
            name: string(),
            host: string(),
            port: uint16(),
          }),
        ),
      }),
    ).since(2),
  },
)
export interface DescribeQuorumResponse extends Message<typeof describeQuorumResponse> {}
