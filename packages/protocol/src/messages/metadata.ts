import { array, bool, int16, int32, string, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Asks for brokers, topics and who leads each partition. Null topics: all of them (an empty list in v0).
 * v4: whether to create missing topics. v8: authorized operations (KIP-430). v10: topic ids (KIP-516). v11: the
 * cluster's authorized operations moved to DescribeCluster (KIP-700).
 */
export const metadataRequest = request(
  { key: 3, versions: [0, 13], flexible: 9 },
  {
    topics: array(
      struct({
        topicId: uuid().since(10).ignorable(),
        name: string().nullable(10).default(''),
      }),
    )
      .nullable(1)
      .default([]),
    allowAutoTopicCreation: bool().since(4).default(true),
    includeClusterAuthorizedOperations: bool().since(8).until(10),
    includeTopicAuthorizedOperations: bool().since(8),
  },
)
export interface MetadataRequest extends Message<typeof metadataRequest> {}

/**
 * Brokers and topics as this broker sees them.
 * v1: racks, controller, internal topics. v7: leader epochs (KIP-320). v10: topic ids. v13: an error for the whole
 * answer (KIP-1102: the client shall start again from its bootstrap servers).
 */
export const metadataResponse = response(
  { key: 3, versions: [0, 13], flexible: 9 },
  {
    throttleTimeMs: int32().since(3).ignorable(),
    brokers: array(
      struct({
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string().nullable().since(1).ignorable(),
      }),
    ),
    clusterId: string().nullable().since(2).ignorable(),
    controllerId: int32().since(1).default(-1).ignorable(),
    topics: array(
      struct({
        errorCode: int16(),
        name: string().nullable(12).default(''),
        topicId: uuid().since(10).ignorable(),
        isInternal: bool().since(1).ignorable(),
        partitions: array(
          struct({
            errorCode: int16(),
            partitionIndex: int32(),
            leaderId: int32(),
            leaderEpoch: int32().since(7).default(-1).ignorable(),
            replicaNodes: array(int32()),
            isrNodes: array(int32()),
            offlineReplicas: array(int32()).since(5).ignorable(),
          }),
        ),
        /** A bit for each operation; the least int32 where it was not asked for. */
        topicAuthorizedOperations: int32().since(8).default(-2147483648),
      }),
    ),
    /** A bit for each operation; the least int32 where it was not asked for. */
    clusterAuthorizedOperations: int32().since(8).until(10).default(-2147483648),
    errorCode: int16().since(13).ignorable(),
  },
)
export interface MetadataResponse extends Message<typeof metadataResponse> {}
