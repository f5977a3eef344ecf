import { array, int16, int32, int64, string, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Stores a group's offsets. Without a generation (-1) it comes from a consumer that manages its partitions itself.
 * v6: leader epoch (KIP-320). v7: static membership (KIP-345). v9: members of the consumer protocol (KIP-848). v10:
 * topic ids.
 */
export const offsetCommitRequest = request(
  { key: 8, versions: [2, 10], flexible: 8 },
  {
    groupId: string(),
    /** -1 from a consumer without a group membership. */
    generationIdOrMemberEpoch: int32().default(-1).ignorable(),
    memberId: string().ignorable(),
    /** Identity that survives a restart. */
    groupInstanceId: string().nullable().since(7),
    /** -1: as the broker is configured. */
    retentionTimeMs: int64().until(4).default(-1).ignorable(),
    topics: array(
      struct({
        name: string().until(9).ignorable(),
        topicId: uuid().since(10).ignorable(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            committedOffset: int64(),
            committedLeaderEpoch: int32().since(6).default(-1).ignorable(),
            committedMetadata: string().nullable().default(''),
          }),
        ),
      }),
    ),
  },
)
export interface OffsetCommitRequest extends Message<typeof offsetCommitRequest> {}

/** An error code by partition. */
export const offsetCommitResponse = response(
  { key: 8, versions: [2, 10], flexible: 8 },
  {
    throttleTimeMs: int32().since(3).ignorable(),
    topics: array(
      struct({
        name: string().until(9).ignorable(),
        topicId: uuid().since(10).ignorable(),
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
export interface OffsetCommitResponse extends Message<typeof offsetCommitResponse> {}
