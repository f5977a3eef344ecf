import { array, int8, int32, int64, string, struct, uuid } from '../schema/field.ts'
import { data, type Message } from '../schema/schema.ts'

/** Key of a share group's member (KIP-932). */
export const shareGroupMemberMetadataKey = data(
  { name: 'ShareGroupMemberMetadataKey', key: 10, versions: [0, 0] },
  {
    groupId: string(),
    memberId: string(),
  },
)
export interface ShareGroupMemberMetadataKey extends Message<typeof shareGroupMemberMetadataKey> {}

/** What a share group's member said of itself. */
export const shareGroupMemberMetadataValue = data(
  { name: 'ShareGroupMemberMetadataValue', key: 10, versions: [0, 0], flexible: 0 },
  {
    rackId: string().nullable().default(''),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: array(string()),
  },
)
export interface ShareGroupMemberMetadataValue extends Message<typeof shareGroupMemberMetadataValue> {}

/** Key of a share group (KIP-932). */
export const shareGroupMetadataKey = data(
  { name: 'ShareGroupMetadataKey', key: 11, versions: [0, 0] },
  {
    groupId: string(),
  },
)
export interface ShareGroupMetadataKey extends Message<typeof shareGroupMetadataKey> {}

/** A share group's epoch. */
export const shareGroupMetadataValue = data(
  { name: 'ShareGroupMetadataValue', key: 11, versions: [0, 0], flexible: 0 },
  {
    epoch: int32(),
    metadataHash: int64(),
  },
)
export interface ShareGroupMetadataValue extends Message<typeof shareGroupMetadataValue> {}

/** Key of a share group's assignment epoch. */
export const shareGroupTargetAssignmentMetadataKey = data(
  { name: 'ShareGroupTargetAssignmentMetadataKey', key: 12, versions: [0, 0] },
  {
    groupId: string(),
  },
)
export interface ShareGroupTargetAssignmentMetadataKey extends Message<typeof shareGroupTargetAssignmentMetadataKey> {}

/** The epoch of a share group's target assignment. */
export const shareGroupTargetAssignmentMetadataValue = data(
  { name: 'ShareGroupTargetAssignmentMetadataValue', key: 12, versions: [0, 0], flexible: 0 },
  {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64().tagged(0).ignorable(),
  },
)
export interface ShareGroupTargetAssignmentMetadataValue
  extends Message<typeof shareGroupTargetAssignmentMetadataValue> {}

/** Key of a member's target assignment. */
export const shareGroupTargetAssignmentMemberKey = data(
  { name: 'ShareGroupTargetAssignmentMemberKey', key: 13, versions: [0, 0] },
  {
    groupId: string(),
    memberId: string(),
  },
)
export interface ShareGroupTargetAssignmentMemberKey extends Message<typeof shareGroupTargetAssignmentMemberKey> {}

/** What a share group's member shall read. */
export const shareGroupTargetAssignmentMemberValue = data(
  { name: 'ShareGroupTargetAssignmentMemberValue', key: 13, versions: [0, 0], flexible: 0 },
  {
    topicPartitions: array(
      struct({
        topicId: uuid(),
        partitions: array(int32()),
      }),
    ),
  },
)
export interface ShareGroupTargetAssignmentMemberValue extends Message<typeof shareGroupTargetAssignmentMemberValue> {}

/** Key of a member's current assignment. */
export const shareGroupCurrentMemberAssignmentKey = data(
  { name: 'ShareGroupCurrentMemberAssignmentKey', key: 14, versions: [0, 0] },
  {
    groupId: string(),
    memberId: string(),
  },
)
export interface ShareGroupCurrentMemberAssignmentKey extends Message<typeof shareGroupCurrentMemberAssignmentKey> {}

const topicPartitions = struct({
  topicId: uuid(),
  partitions: array(int32()),
})

/** What a share group's member reads. */
export const shareGroupCurrentMemberAssignmentValue = data(
  { name: 'ShareGroupCurrentMemberAssignmentValue', key: 14, versions: [0, 0], flexible: 0 },
  {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: array(topicPartitions),
  },
)
export interface ShareGroupCurrentMemberAssignmentValue
  extends Message<typeof shareGroupCurrentMemberAssignmentValue> {}

/** Key of the share partitions that a group has state for. */
export const shareGroupStatePartitionMetadataKey = data(
  { name: 'ShareGroupStatePartitionMetadataKey', key: 15, versions: [0, 0] },
  {
    groupId: string(),
  },
)
export interface ShareGroupStatePartitionMetadataKey extends Message<typeof shareGroupStatePartitionMetadataKey> {}

const topicPartitionsInfo = struct({
  topicId: uuid(),
  topicName: string(),
  partitions: array(int32()),
})

const topicInfo = struct({
  topicId: uuid(),
  topicName: string(),
})

/** The share partitions that are initialized, being so, or being deleted. */
export const shareGroupStatePartitionMetadataValue = data(
  { name: 'ShareGroupStatePartitionMetadataValue', key: 15, versions: [0, 0], flexible: 0 },
  {
    initializingTopics: array(topicPartitionsInfo),
    initializedTopics: array(topicPartitionsInfo),
    deletingTopics: array(topicInfo),
  },
)
export interface ShareGroupStatePartitionMetadataValue extends Message<typeof shareGroupStatePartitionMetadataValue> {}
