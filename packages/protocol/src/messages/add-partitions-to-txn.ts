import { array, bool, int16, int32, int64, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

const addPartitionsToTxnTopic = struct({
  name: string(),
  partitions: array(int32()),
})

/**
 * Adds partitions to a transaction.
 * v4: several transactions at once, for brokers that verify or add on behalf of their clients (KIP-890).
 */
export const addPartitionsToTxnRequest = request(
  { key: 24, versions: [0, 5], flexible: 3 },
  {
    transactions: array(
      struct({
        transactionalId: string(),
        producerId: int64(),
        producerEpoch: int16(),
        verifyOnly: bool(),
        topics: array(addPartitionsToTxnTopic),
      }),
    ).since(4),
    v3AndBelowTransactionalId: string().until(3),
    v3AndBelowProducerId: int64().until(3),
    v3AndBelowProducerEpoch: int16().until(3),
    v3AndBelowTopics: array(addPartitionsToTxnTopic).until(3),
  },
)
export interface AddPartitionsToTxnRequest extends Message<typeof addPartitionsToTxnRequest> {}

const addPartitionsToTxnPartitionResult = struct({
  partitionIndex: int32(),
  partitionErrorCode: int16(),
})

const addPartitionsToTxnTopicResult = struct({
  name: string(),
  resultsByPartition: array(addPartitionsToTxnPartitionResult),
})

/** An error code by partition. v4: by transaction. */
export const addPartitionsToTxnResponse = response(
  { key: 24, versions: [0, 5], flexible: 3 },
  {
    throttleTimeMs: int32(),
    errorCode: int16().since(4).ignorable(),
    resultsByTransaction: array(
      struct({
        transactionalId: string(),
        topicResults: array(addPartitionsToTxnTopicResult),
      }),
    ).since(4),
    resultsByTopicV3AndBelow: array(addPartitionsToTxnTopicResult).until(3),
  },
)
export interface AddPartitionsToTxnResponse extends Message<typeof addPartitionsToTxnResponse> {}
