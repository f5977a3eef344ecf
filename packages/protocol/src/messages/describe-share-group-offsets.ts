import { array, int16, int32, int64, string, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Asks for the start offsets of share partitions (KIP-932). Null topics: all. v1: lag (KIP-1226). */
export const describeShareGroupOffsetsRequest = request(
  { key: 90, versions: [0, 1], flexible: 0 },
  {
    groups: array(
      struct({
        groupId: string(),
        topics: array(
          struct({
            topicName: string(),
            partitions: array(int32()),
          }),
        )
          .nullable()
          .default([]),
      }),
    ),
  },
)
export interface DescribeShareGroupOffsetsRequest extends Message<typeof describeShareGroupOffsetsRequest> {}

/** Start offsets by partition. v1: lag. */
export const describeShareGroupOffsetsResponse = response(
  { key: 90, versions: [0, 1], flexible: 0 },
  {
    throttleTimeMs: int32(),
    groups: array(
      struct({
        groupId: string(),
        topics: array(
          struct({
            topicName: string(),
            topicId: uuid(),
            partitions: array(
              struct({
                partitionIndex: int32(),
                startOffset: int64(),
                leaderEpoch: int32(),
                lag: int64().since(1).default(-1).ignorable(),
                errorCode: int16(),
                errorMessage: string().nullable(),
              }),
            ),
          }),
        ),
        errorCode: int16(),
        errorMessage: string().nullable(),
      }),
    ),
  },
)
export interface DescribeShareGroupOffsetsResponse extends Message<typeof describeShareGroupOffsetsResponse> {}
