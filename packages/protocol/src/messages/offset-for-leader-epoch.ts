import { array, int16, int32, int64, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Asks where leader epochs end, to find where two logs diverge (KIP-101). v3: replica id. */
export const offsetForLeaderEpochRequest = request(
  { key: 23, versions: [2, 4], flexible: 4 },
  {
    replicaId: int32().since(3).default(-2).ignorable(),
    topics: array(
      struct({
        topic: string(),
        partitions: array(
          struct({
            partition: int32(),
            currentLeaderEpoch: int32().default(-1).ignorable(),
            leaderEpoch: int32(),
          }),
        ),
      }),
    ),
  },
)
export interface OffsetForLeaderEpochRequest extends Message<typeof offsetForLeaderEpochRequest> {}

/** The end offset of each epoch, or of the greatest one below it. */
export const offsetForLeaderEpochResponse = response(
  { key: 23, versions: [2, 4], flexible: 4 },
  {
    throttleTimeMs: int32().ignorable(),
    topics: array(
      struct({
        topic: string(),
        partitions: array(
          struct({
            errorCode: int16(),
            partition: int32(),
            leaderEpoch: int32().default(-1).ignorable(),
            endOffset: int64().default(-1),
          }),
        ),
      }),
    ),
  },
)
export interface OffsetForLeaderEpochResponse extends Message<typeof offsetForLeaderEpochResponse> {}
