import { array, bool, int8, int16, int32, int64, records, string, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Acquires records for a share group's member, and acknowledges earlier ones (KIP-932).
 * v2: acquire modes and renewal of locks (KIP-1206, KIP-1222).
 */
export const shareFetchRequest = request(
  { key: 78, versions: [1, 2], flexible: 0 },
  {
    groupId: string().nullable(),
    memberId: string().nullable().default(''),
    shareSessionEpoch: int32(),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32().default(2147483647),
    maxRecords: int32(),
    batchSize: int32(),
    shareAcquireMode: int8().since(2).ignorable(),
    isRenewAck: bool().since(2),
    topics: array(
      struct({
        topicId: uuid(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            acknowledgementBatches: array(
              struct({
                firstOffset: int64(),
                lastOffset: int64(),
                acknowledgeTypes: array(int8()),
              }),
            ),
          }),
        ),
      }),
    ),
    forgottenTopicsData: array(
      struct({
        topicId: uuid(),
        partitions: array(int32()),
      }),
    ),
  },
)
export interface ShareFetchRequest extends Message<typeof shareFetchRequest> {}

/** Record batches with the ranges that were acquired. */
export const shareFetchResponse = response(
  { key: 78, versions: [1, 2], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string().nullable(),
    acquisitionLockTimeoutMs: int32(),
    responses: array(
      struct({
        topicId: uuid(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            errorMessage: string().nullable(),
            acknowledgeErrorCode: int16(),
            acknowledgeErrorMessage: string().nullable(),
            currentLeader: struct({
              leaderId: int32(),
              leaderEpoch: int32(),
            }),
            records: records(),
            acquiredRecords: array(
              struct({
                firstOffset: int64(),
                lastOffset: int64(),
                deliveryCount: int16(),
              }),
            ),
          }),
        ),
      }),
    ),
    nodeEndpoints: array(
      struct({
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string().nullable(),
      }),
    ),
  },
)
export interface ShareFetchResponse extends Message<typeof shareFetchResponse> {}
