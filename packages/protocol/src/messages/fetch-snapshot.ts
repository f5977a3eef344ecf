import { array, int16, int32, int64, records, string, struct, uint16, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Reads a KRaft snapshot piece by piece (KIP-630). v1: directory ids (KIP-853). */
export const fetchSnapshotRequest = request(
  { key: 59, versions: [0, 1], flexible: 0 },
  {
    clusterId: string().nullable().tagged(0),
    replicaId: int32().default(-1),
    maxBytes: int32().default(2147483647),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            partition: int32(),
            currentLeaderEpoch: int32(),
            snapshotId: struct({
              endOffset: int64(),
              epoch: int32(),
            }),
            position: int64(),
            replicaDirectoryId: uuid().since(1).tagged(0).ignorable(),
          }),
        ),
      }),
    ),
  },
)
export interface FetchSnapshotRequest extends Message<typeof fetchSnapshotRequest> {}

/** A piece of the snapshot, not aligned to batches. */
export const fetchSnapshotResponse = response(
  { key: 59, versions: [0, 1], flexible: 0 },
  {
    throttleTimeMs: int32().ignorable(),
    errorCode: int16(),
    topics: array(
      struct({
        name: string(),
        partitions: array(
          struct({
            index: int32(),
            errorCode: int16(),
            snapshotId: struct({
              endOffset: int64(),
              epoch: int32(),
            }),
            currentLeader: struct({
              leaderId: int32(),
              leaderEpoch: int32(),
            }).tagged(0),
            size: int64(),
            position: int64(),
            unalignedRecords: records(),
          }),
        ),
      }),
    ),
    nodeEndpoints: array(
      struct({
        nodeId: int32(),
        host: string(),
        port: uint16(),
      }),
    )
      .since(1)
      .tagged(0),
  },
)
export interface FetchSnapshotResponse extends Message<typeof fetchSnapshotResponse> {}
