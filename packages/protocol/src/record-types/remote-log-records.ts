import { array, bool, bytes, int8, int32, int64, string, struct, uuid } from '../schema/field.ts'
import { data, type Message } from '../schema/schema.ts'

/** A segment is being copied to remote storage (KIP-405). */
export const remoteLogSegmentMetadataRecord = data(
  { name: 'RemoteLogSegmentMetadataRecord', key: 0, versions: [0, 0], flexible: 0 },
  {
    remoteLogSegmentId: struct({
      topicIdPartition: struct({
        name: string(),
        id: uuid(),
        partition: int32(),
      }),
      id: uuid(),
    }),
    startOffset: int64(),
    endOffset: int64(),
    brokerId: int32(),
    maxTimestampMs: int64(),
    eventTimestampMs: int64(),
    segmentLeaderEpochs: array(
      struct({
        leaderEpoch: int32(),
        offset: int64(),
      }),
    ),
    segmentSizeInBytes: int32(),
    customMetadata: bytes().nullable(),
    remoteLogSegmentState: int8(),
    txnIndexEmpty: bool().tagged(0),
  },
)
export interface RemoteLogSegmentMetadataRecord extends Message<typeof remoteLogSegmentMetadataRecord> {}

/** A remote segment has a new state. */
export const remoteLogSegmentMetadataUpdateRecord = data(
  { name: 'RemoteLogSegmentMetadataUpdateRecord', key: 1, versions: [0, 0], flexible: 0 },
  {
    remoteLogSegmentId: struct({
      topicIdPartition: struct({
        name: string(),
        id: uuid(),
        partition: int32(),
      }),
      id: uuid(),
    }),
    brokerId: int32(),
    eventTimestampMs: int64(),
    customMetadata: bytes().nullable(),
    remoteLogSegmentState: int8(),
  },
)
export interface RemoteLogSegmentMetadataUpdateRecord extends Message<typeof remoteLogSegmentMetadataUpdateRecord> {}

/** A partition's remote segments are being deleted. */
export const remotePartitionDeleteMetadataRecord = data(
  { name: 'RemotePartitionDeleteMetadataRecord', key: 2, versions: [0, 0], flexible: 0 },
  {
    topicIdPartition: struct({
      name: string(),
      id: uuid(),
      partition: int32(),
    }),
    brokerId: int32(),
    eventTimestampMs: int64(),
    remotePartitionDeleteState: int8(),
  },
)
export interface RemotePartitionDeleteMetadataRecord extends Message<typeof remotePartitionDeleteMetadataRecord> {}

/** A remote segment in a snapshot of the remote log's metadata. */
export const remoteLogSegmentMetadataSnapshotRecord = data(
  { name: 'RemoteLogSegmentMetadataSnapshotRecord', key: 3, versions: [0, 0], flexible: 0 },
  {
    segmentId: uuid(),
    startOffset: int64(),
    endOffset: int64(),
    brokerId: int32(),
    maxTimestampMs: int64(),
    eventTimestampMs: int64(),
    segmentLeaderEpochs: array(
      struct({
        leaderEpoch: int32(),
        offset: int64(),
      }),
    ),
    segmentSizeInBytes: int32(),
    customMetadata: bytes().nullable(),
    remoteLogSegmentState: int8(),
    txnIndexEmpty: bool().tagged(0),
  },
)
export interface RemoteLogSegmentMetadataSnapshotRecord
  extends Message<typeof remoteLogSegmentMetadataSnapshotRecord> {}
