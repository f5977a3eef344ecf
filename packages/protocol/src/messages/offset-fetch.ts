import { array, bool, int16, int32, int64, string, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Reads a group's committed offsets. Null topics: all that it has.
 * v7: wait for transactions in flight (KIP-447). v8: several groups at once (KIP-709). v9: member epoch (KIP-848).
 * v10: topic ids.
 */
export const offsetFetchRequest = request(
  { key: 9, versions: [1, 10], flexible: 6 },
  {
    groupId: string().until(7),
    topics: array(
      struct({
        name: string(),
        partitionIndexes: array(int32()),
      }),
    )
      .nullable(2)
      .until(7)
      .default([]),
    groups: array(
      struct({
        groupId: string(),
        memberId: string().nullable().since(9).ignorable(),
        memberEpoch: int32().since(9).default(-1).ignorable(),
        topics: array(
          struct({
            name: string().until(9).ignorable(),
            topicId: uuid().since(10).ignorable(),
            partitionIndexes: array(int32()),
          }),
        )
          .nullable()
          .default([]),
      }),
    ).since(8),
    /** Refuse offsets that a transaction in flight may still change. */
    requireStable: bool().since(7),
  },
)
export interface OffsetFetchRequest extends Message<typeof offsetFetchRequest> {}

/** Committed offsets, -1 where there is none. Up to v7 of one group, from v8 on of several. */
export const offsetFetchResponse = response(
  { key: 9, versions: [1, 10], flexible: 6 },
  {
    throttleTimeMs: int32().since(3).ignorable(),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            committedOffset: int64(),
            committedLeaderEpoch: int32().since(5).default(-1).ignorable(),
            metadata: string().nullable().default(''),
            errorCode: int16(),
          }),
        ),
      }),
    ).until(7),
    errorCode: int16().since(2).until(7).ignorable(),
    groups: array(
      struct({
        groupId: string(),
        topics: array(
          struct({
            name: string().until(9).ignorable(),
            topicId: uuid().since(10).ignorable(),
            partitions: array(
              struct({
                partitionIndex: int32(),
                committedOffset: int64(),
                committedLeaderEpoch: int32().default(-1).ignorable(),
                metadata: string().nullable().default(''),
                errorCode: int16(),
              }),
            ),
          }),
        ),
        errorCode: int16(),
      }),
    ).since(8),
  },
)
export interface OffsetFetchResponse extends Message<typeof offsetFetchResponse> {}
