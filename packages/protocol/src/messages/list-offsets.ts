import { array, int8, int16, int32, int64, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Finds offsets by timestamp; negative timestamps stand for places in the log, such as -1 for its end and -2 for its
 * start.
 * v2: isolation level (KIP-98). v4: leader epoch (KIP-320). v7: -3, the greatest timestamp (KIP-734). v8: -4, the
 * start of the local log (KIP-405). v9: -5, the end of the tiered log (KIP-1005). v10: a timeout, as remote storage
 * can be slow (KIP-1075). v11: -6, the earliest offset still to be tiered (KIP-1023).
 */
export const listOffsetsRequest = request(
  { key: 2, versions: [1, 11], flexible: 6 },
  {
    /** -1: a consumer. -2: a debugging consumer. */
    replicaId: int32(),
    /** 0: the end is the high watermark. 1: the last stable offset. */
    isolationLevel: int8().since(2),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            currentLeaderEpoch: int32().since(4).default(-1).ignorable(),
            timestamp: int64(),
          }),
        ),
      }),
    ),
    timeoutMs: int32().since(10).ignorable(),
  },
)
export interface ListOffsetsRequest extends Message<typeof listOffsetsRequest> {}

/** An offset and its timestamp by partition; -1 for both where there is no such record. */
export const listOffsetsResponse = response(
  { key: 2, versions: [1, 11], flexible: 6 },
  {
    throttleTimeMs: int32().since(2).ignorable(),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
            timestamp: int64().default(-1),
            offset: int64().default(-1),
            leaderEpoch: int32().since(4).default(-1),
          }),
        ),
      }),
    ),
  },
)
export interface ListOffsetsResponse extends Message<typeof listOffsetsResponse> {}
