import { array, int8, int16, int32, int64, string, struct, uuid } from '../schema/field.ts'
import { data, type Message } from '../schema/schema.ts'

/** Key of a share partition's whole state in `__share_group_state` (KIP-932). */
export const shareSnapshotKey = data(
  { name: 'ShareSnapshotKey', key: 0, versions: [0, 0] },
  {
    groupId: string(),
    topicId: uuid(),
    partition: int32(),
  },
)
export interface ShareSnapshotKey extends Message<typeof shareSnapshotKey> {}

/** A share partition's whole state. */
export const shareSnapshotValue = data(
  { name: 'ShareSnapshotValue', key: 0, versions: [0, 0], flexible: 0 },
  {
    snapshotEpoch: int32(),
    stateEpoch: int32(),
    leaderEpoch: int32(),
    startOffset: int64(),
    deliveryCompleteCount: int32().tagged(0).default(-1),
    createTimestamp: int64(),
    writeTimestamp: int64(),
    stateBatches: array(
      struct({
        firstOffset: int64(),
        lastOffset: int64(),
        deliveryState: int8(),
        deliveryCount: int16(),
      }),
    ),
  },
)
export interface ShareSnapshotValue extends Message<typeof shareSnapshotValue> {}

/** Key of a change to a share partition's state. */
export const shareUpdateKey = data(
  { name: 'ShareUpdateKey', key: 1, versions: [0, 0] },
  {
    groupId: string(),
    topicId: uuid(),
    partition: int32(),
  },
)
export interface ShareUpdateKey extends Message<typeof shareUpdateKey> {}

/** What changed in a share partition's state since its last snapshot. */
export const shareUpdateValue = data(
  { name: 'ShareUpdateValue', key: 1, versions: [0, 0], flexible: 0 },
  {
    snapshotEpoch: int32(),
    leaderEpoch: int32(),
    startOffset: int64(),
    deliveryCompleteCount: int32().tagged(0).default(-1),
    stateBatches: array(
      struct({
        firstOffset: int64(),
        lastOffset: int64(),
        deliveryState: int8(),
        deliveryCount: int16(),
      }),
    ),
  },
)
export interface ShareUpdateValue extends Message<typeof shareUpdateValue> {}
