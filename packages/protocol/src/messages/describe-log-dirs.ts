import { array, bool, int16, int32, int64, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Asks how large the replicas on a broker are, by log directory (KIP-113). Null topics: all. */
export const describeLogDirsRequest = request(
  { key: 35, versions: [1, 5], flexible: 2 },
  {
    topics: array(
      struct({
        topic: string(),
        partitions: array(int32()),
      }),
    )
      .nullable()
      .default([]),
  },
)
export interface DescribeLogDirsRequest extends Message<typeof describeLogDirsRequest> {}

/**
 * Log directories with their replicas.
 * v4: total and usable bytes of the volume (KIP-827). v5: cordoned directories (KIP-1066).
 */
export const describeLogDirsResponse = response(
  { key: 35, versions: [1, 5], flexible: 2 },
  {
    throttleTimeMs: int32(),
    errorCode: int16().since(3).ignorable(),
    results: array(
      struct({
        errorCode: int16(),
        logDir: string(),
        topics: array(
          struct({
            name: string(),
            partitions: array(
              struct({
                partitionIndex: int32(),
                partitionSize: int64(),
                /** How far a future replica is behind the current one, or that behind the high watermark. */
                offsetLag: int64(),
                /** Being moved here from another directory. */
                isFutureKey: bool(),
              }),
            ),
          }),
        ),
        /** Of the volume, -1 where it is not known. */
        totalBytes: int64().since(4).default(-1).ignorable(),
        /** Of the volume, -1 where it is not known. */
        usableBytes: int64().since(4).default(-1).ignorable(),
        isCordoned: bool().since(5).ignorable(),
      }),
    ),
  },
)
export interface DescribeLogDirsResponse extends Message<typeof describeLogDirsResponse> {}
