import { array, int16, int32, int64, string, struct } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Moves the log start offsets of partitions up, so that what lies below is gone (KIP-107). Offset -1: up to the high
 * watermark.
 */
export const deleteRecordsRequest = request(
  { key: 21, versions: [0, 2], flexible: 2 },
  {
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            offset: int64(),
          }),
        ),
      }),
    ),
    timeoutMs: int32(),
  },
)
export interface DeleteRecordsRequest extends Message<typeof deleteRecordsRequest> {}

/** The new log start offsets. */
export const deleteRecordsResponse = response(
  { key: 21, versions: [0, 2], flexible: 2 },
  {
    throttleTimeMs: int32(),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partitionIndex: int32(),
            lowWatermark: int64(),
            errorCode: int16(),
          }),
        ),
      }),
    ),
  },
)
export interface DeleteRecordsResponse extends Message<typeof deleteRecordsResponse> {}
