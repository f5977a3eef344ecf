import { array, int16, int32, int64, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Stores a group's offsets as part of a transaction (KIP-98). v3: group generation, to fence zombies (KIP-447). */
export const txnOffsetCommitRequest = request(
  { key: 28, versions: [0, 5], flexible: 3 },
  {
    transactionalId: string(),
    groupId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    generationId: int32().since(3).default(-1),
    memberId: string().since(3),
    groupInstanceId: string().nullable().since(3),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            committedOffset: int64(),
            committedLeaderEpoch: int32().since(2).default(-1).ignorable(),
            committedMetadata: string().nullable().default(''),
          }),
        ),
      }),
    ),
  },
)
export interface TxnOffsetCommitRequest extends Message<typeof txnOffsetCommitRequest> {}

/** An error code by partition. */
export const txnOffsetCommitResponse = response(
  { key: 28, versions: [0, 5], flexible: 3 },
  {
    throttleTimeMs: int32(),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
          }),
        ),
      }),
    ),
  },
)
export interface TxnOffsetCommitResponse extends Message<typeof txnOffsetCommitResponse> {}
