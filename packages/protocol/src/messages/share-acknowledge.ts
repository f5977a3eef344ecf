import { array, bool, int8, int16, int32, int64, string, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Acknowledges, releases or rejects acquired records (KIP-932). v2: renews their locks (KIP-1222). */
export const shareAcknowledgeRequest = request(
  { key: 79, versions: [1, 2], flexible: 0 },
  {
    groupId: string().nullable(),
    memberId: string().nullable().default(''),
    shareSessionEpoch: int32(),
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
  },
)
export interface ShareAcknowledgeRequest extends Message<typeof shareAcknowledgeRequest> {}

/** An error code by partition. */
export const shareAcknowledgeResponse = response(
  { key: 79, versions: [1, 2], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string().nullable(),
    acquisitionLockTimeoutMs: int32().since(2).ignorable(),
    responses: array(
      struct({
        topicId: uuid(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            errorMessage: string().nullable(),
            currentLeader: struct({
              leaderId: int32(),
              leaderEpoch: int32(),
            }),
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
export interface ShareAcknowledgeResponse extends Message<typeof shareAcknowledgeResponse> {}
