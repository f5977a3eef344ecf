import { array, bytes, int32, int64, string, struct, uuid } from '../schema/field.ts'
import { data, type Message } from '../schema/schema.ts'

/** Key of a committed offset as brokers before 0.9 wrote it. */
export const legacyOffsetCommitKey = data(
  { name: 'LegacyOffsetCommitKey', key: 0, versions: [0, 0] },
  {
    group: string(),
    topic: string(),
    partition: int32(),
  },
)
export interface LegacyOffsetCommitKey extends Message<typeof legacyOffsetCommitKey> {}

/** A committed offset as brokers before 0.9 wrote it. */
export const legacyOffsetCommitValue = data(
  { name: 'LegacyOffsetCommitValue', key: 0, versions: [0, 0] },
  {
    offset: int64(),
    metadata: string(),
    commitTimestamp: int64(),
  },
)
export interface LegacyOffsetCommitValue extends Message<typeof legacyOffsetCommitValue> {}

/** Key of a group's committed offset for one partition. */
export const offsetCommitKey = data(
  { name: 'OffsetCommitKey', key: 1, versions: [0, 0] },
  {
    group: string(),
    topic: string(),
    partition: int32(),
  },
)
export interface OffsetCommitKey extends Message<typeof offsetCommitKey> {}

/**
 * A group's committed offset for one partition.
 * v1: an own expiry time. v2: expiry by the group's retention. v3: leader epoch (KIP-320). v4: topic id.
 */
export const offsetCommitValue = data(
  { name: 'OffsetCommitValue', key: 1, versions: [0, 4], flexible: 4 },
  {
    offset: int64(),
    leaderEpoch: int32().since(3).default(-1).ignorable(),
    metadata: string(),
    commitTimestamp: int64(),
    /** -1: by the retention of the group. */
    expireTimestamp: int64().since(1).until(1).default(-1).ignorable(),
    topicId: uuid().since(4).tagged(0).ignorable(),
  },
)
export interface OffsetCommitValue extends Message<typeof offsetCommitValue> {}

/** Key of a classic group. */
export const groupMetadataKey = data(
  { name: 'GroupMetadataKey', key: 2, versions: [0, 0] },
  {
    group: string(),
  },
)
export interface GroupMetadataKey extends Message<typeof groupMetadataKey> {}

const memberMetadata = struct({
  memberId: string(),
  groupInstanceId: string().nullable().since(3).ignorable(),
  clientId: string(),
  clientHost: string(),
  rebalanceTimeout: int32().since(1).default(-1).ignorable(),
  sessionTimeout: int32(),
  subscription: bytes(),
  assignment: bytes(),
})

/**
 * A classic group, stored at each completed rebalance.
 * v1: rebalance timeout. v2: when its state last changed. v3: static members (KIP-345).
 */
export const groupMetadataValue = data(
  { name: 'GroupMetadataValue', key: 2, versions: [0, 4], flexible: 4 },
  {
    protocolType: string(),
    generation: int32(),
    protocol: string().nullable().default(''),
    leader: string().nullable().default(''),
    currentStateTimestamp: int64().since(2).default(-1).ignorable(),
    members: array(memberMetadata),
  },
)
export interface GroupMetadataValue extends Message<typeof groupMetadataValue> {}
