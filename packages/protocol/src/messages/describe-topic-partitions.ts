import { array, bool, int16, int32, string, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Describes topics page by page, with eligible leader replicas (KIP-966). */
export const describeTopicPartitionsRequest = request(
  { key: 75, versions: [0, 0], flexible: 0 },
  {
    topics: array(
      struct({
        name: string(),
      }),
    ),
    responsePartitionLimit: int32().default(2000),
    cursor: struct({
      topicName: string(),
      partitionIndex: int32(),
    }).nullable(),
  },
)
export interface DescribeTopicPartitionsRequest extends Message<typeof describeTopicPartitionsRequest> {}

/** A page of partitions, and the cursor of the next. */
export const describeTopicPartitionsResponse = response(
  { key: 75, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32().ignorable(),
    topics: array(
      struct({
        errorCode: int16(),
        name: string().nullable().default(''),
        topicId: uuid().ignorable(),
        isInternal: bool().ignorable(),
        partitions: array(
          struct({
            errorCode: int16(),
            partitionIndex: int32(),
            leaderId: int32(),
            leaderEpoch: int32().default(-1).ignorable(),
            replicaNodes: array(int32()),
            isrNodes: array(int32()),
            eligibleLeaderReplicas: array(int32()).nullable(),
            lastKnownElr: array(int32()).nullable(),
            offlineReplicas: array(int32()).ignorable(),
          }),
        ),
        /** A bit for each operation; the least int32 where it was not asked for. */
        topicAuthorizedOperations: int32().default(-2147483648),
      }),
    ),
    nextCursor: struct({
      topicName: string(),
      partitionIndex: int32(),
    }).nullable(),
  },
)
export interface DescribeTopicPartitionsResponse extends Message<typeof describeTopicPartitionsResponse> {}
