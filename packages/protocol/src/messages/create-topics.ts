import { array, bool, int8, int16, int32, string, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Creates topics.
 * v4: -1 for partitions and replication factor means the broker's default (KIP-464). v5: the answer tells the
 * configuration (KIP-525). v7: topic ids.
 */
export const createTopicsRequest = request(
  { key: 19, versions: [2, 7], flexible: 5 },
  {
    topics: array(
      struct({
        name: string(),
        numPartitions: int32(),
        replicationFactor: int16(),
        /** Replicas by partition; when given, the two numbers above are -1. */
        assignments: array(
          struct({
            partitionIndex: int32(),
            brokerIds: array(int32()),
          }),
        ),
        configs: array(
          struct({
            name: string(),
            value: string().nullable().default(''),
          }),
        ),
      }),
    ),
    timeoutMs: int32().default(60000),
    /** Only check. */
    validateOnly: bool(),
  },
)
export interface CreateTopicsRequest extends Message<typeof createTopicsRequest> {}

/** An error code by topic. v5: partitions and configuration as created. v7: topic ids (KIP-516). */
export const createTopicsResponse = response(
  { key: 19, versions: [2, 7], flexible: 5 },
  {
    throttleTimeMs: int32().ignorable(),
    topics: array(
      struct({
        name: string(),
        topicId: uuid().since(7).ignorable(),
        errorCode: int16(),
        errorMessage: string().nullable().default('').ignorable(),
        topicConfigErrorCode: int16().since(5).tagged(0).ignorable(),
        numPartitions: int32().since(5).default(-1).ignorable(),
        replicationFactor: int16().since(5).default(-1).ignorable(),
        configs: array(
          struct({
            name: string(),
            value: string().nullable().default(''),
            readOnly: bool(),
            /** See DescribeConfigs. */
            configSource: int8().default(-1).ignorable(),
            isSensitive: bool(),
          }),
        )
          .nullable()
          .since(5)
          .default([])
          .ignorable(),
      }),
    ),
  },
)
export interface CreateTopicsResponse extends Message<typeof createTopicsResponse> {}
