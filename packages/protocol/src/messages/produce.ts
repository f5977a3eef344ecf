import { array, int16, int32, int64, records, string, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Appends record batches to partitions. Nothing is answered when acks is 0.
 * v7: zstd (KIP-110). v9: flexible. v10: the answer may name the new leader (KIP-951). v12: transactions of KIP-890.
 * v13: topic ids instead of names.
 */
export const produceRequest = request(
  { key: 0, versions: [3, 13], flexible: 9 },
  {
    transactionalId: string().nullable(),
    /** 0: no answer. 1: the leader has it. -1: all in-sync replicas have it. */
    acks: int16(),
    timeoutMs: int32(),
    topicData: array(
      struct({
        name: string().until(12).ignorable(),
        topicId: uuid().since(13).ignorable(),
        partitionData: array(
          struct({
            index: int32(),
            records: records().nullable(),
          }),
        ),
      }),
    ),
  },
)
export interface ProduceRequest extends Message<typeof produceRequest> {}

/**
 * What became of each partition's batches.
 * v5: log start offset. v8: which records were bad (KIP-467). v10: new leaders and their addresses (KIP-951).
 */
export const produceResponse = response(
  { key: 0, versions: [3, 13], flexible: 9 },
  {
    responses: array(
      struct({
        name: string().until(12).ignorable(),
        topicId: uuid().since(13).ignorable(),
        partitionResponses: array(
          struct({
            index: int32(),
            errorCode: int16(),
            baseOffset: int64(),
            /** -1 where the topic keeps the times of the producer. */
            logAppendTimeMs: int64().default(-1).ignorable(),
            logStartOffset: int64().since(5).default(-1).ignorable(),
            recordErrors: array(
              struct({
                batchIndex: int32(),
                batchIndexErrorMessage: string().nullable(),
              }),
            )
              .since(8)
              .ignorable(),
            errorMessage: string().nullable().since(8).ignorable(),
            /** With NOT_LEADER_OR_FOLLOWER: who leads now. */
            currentLeader: struct({
              leaderId: int32().default(-1),
              leaderEpoch: int32().default(-1),
            })
              .since(10)
              .tagged(0),
          }),
        ),
      }),
    ),
    throttleTimeMs: int32().ignorable(),
    /** Addresses of the leaders that are named above. */
    nodeEndpoints: array(
      struct({
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string().nullable(),
      }),
    )
      .since(10)
      .tagged(0),
  },
)
export interface ProduceResponse extends Message<typeof produceResponse> {}
