import { array, bytes, int8, int32, int64, string, struct, uuid } from '../schema/field.ts'
import { data, type Message } from '../schema/schema.ts'

/** Key of a consumer group (KIP-848). */
export const consumerGroupMetadataKey = data(
  { name: 'ConsumerGroupMetadataKey', key: 3, versions: [0, 0] },
  {
    groupId: string(),
  },
)
export interface ConsumerGroupMetadataKey extends Message<typeof consumerGroupMetadataKey> {}

/** A consumer group's epoch (KIP-848). */
export const consumerGroupMetadataValue = data(
  { name: 'ConsumerGroupMetadataValue', key: 3, versions: [0, 0], flexible: 0 },
  {
    epoch: int32(),
    metadataHash: int64().tagged(0),
  },
)
export interface ConsumerGroupMetadataValue extends Message<typeof consumerGroupMetadataValue> {}

/**
 * Key of the partitions that a consumer group subscribes to. Since the metadata hash of KIP-1101 only tombstones of it
 * are written.
 */
export const consumerGroupPartitionMetadataKey = data(
  { name: 'ConsumerGroupPartitionMetadataKey', key: 4, versions: [0, 0] },
  {
    groupId: string(),
  },
)
export interface ConsumerGroupPartitionMetadataKey extends Message<typeof consumerGroupPartitionMetadataKey> {}

/** The topics that a consumer group subscribes to, with their partitions. */
export const consumerGroupPartitionMetadataValue = data(
  { name: 'ConsumerGroupPartitionMetadataValue', key: 4, versions: [0, 0], flexible: 0 },
  {
    topics: array(
      struct({
        topicId: uuid(),
        topicName: string(),
        numPartitions: int32(),
        partitionMetadata: array(
          struct({
            partition: int32(),
            racks: array(string()),
          }),
        ),
      }),
    ),
  },
)
export interface ConsumerGroupPartitionMetadataValue extends Message<typeof consumerGroupPartitionMetadataValue> {}

/** Key of a consumer group's member. */
export const consumerGroupMemberMetadataKey = data(
  { name: 'ConsumerGroupMemberMetadataKey', key: 5, versions: [0, 0] },
  {
    groupId: string(),
    memberId: string(),
  },
)
export interface ConsumerGroupMemberMetadataKey extends Message<typeof consumerGroupMemberMetadataKey> {}

/** What a consumer group's member said of itself. */
export const consumerGroupMemberMetadataValue = data(
  { name: 'ConsumerGroupMemberMetadataValue', key: 5, versions: [0, 0], flexible: 0 },
  {
    instanceId: string().nullable().default(''),
    rackId: string().nullable().default(''),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: array(string()),
    subscribedTopicRegex: string().nullable().default(''),
    rebalanceTimeoutMs: int32().default(-1),
    serverAssignor: string().nullable().default(''),
    classicMemberMetadata: struct({
      sessionTimeoutMs: int32(),
      supportedProtocols: array(
        struct({
          name: string(),
          metadata: bytes(),
        }),
      ),
    })
      .nullable()
      .tagged(0)
      .default({}),
  },
)
export interface ConsumerGroupMemberMetadataValue extends Message<typeof consumerGroupMemberMetadataValue> {}

/** Key of a consumer group's assignment epoch. */
export const consumerGroupTargetAssignmentMetadataKey = data(
  { name: 'ConsumerGroupTargetAssignmentMetadataKey', key: 6, versions: [0, 0] },
  {
    groupId: string(),
  },
)
export interface ConsumerGroupTargetAssignmentMetadataKey
  extends Message<typeof consumerGroupTargetAssignmentMetadataKey> {}

/** The epoch of a consumer group's target assignment. */
export const consumerGroupTargetAssignmentMetadataValue = data(
  { name: 'ConsumerGroupTargetAssignmentMetadataValue', key: 6, versions: [0, 0], flexible: 0 },
  {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64().tagged(0).ignorable(),
  },
)
export interface ConsumerGroupTargetAssignmentMetadataValue
  extends Message<typeof consumerGroupTargetAssignmentMetadataValue> {}

/** Key of a member's target assignment. */
export const consumerGroupTargetAssignmentMemberKey = data(
  { name: 'ConsumerGroupTargetAssignmentMemberKey', key: 7, versions: [0, 0] },
  {
    groupId: string(),
    memberId: string(),
  },
)
export interface ConsumerGroupTargetAssignmentMemberKey
  extends Message<typeof consumerGroupTargetAssignmentMemberKey> {}

/** What a consumer group's member shall own. */
export const consumerGroupTargetAssignmentMemberValue = data(
  { name: 'ConsumerGroupTargetAssignmentMemberValue', key: 7, versions: [0, 0], flexible: 0 },
  {
    topicPartitions: array(
      struct({
        topicId: uuid(),
        partitions: array(int32()),
      }),
    ),
  },
)
export interface ConsumerGroupTargetAssignmentMemberValue
  extends Message<typeof consumerGroupTargetAssignmentMemberValue> {}

/** Key of a member's current assignment. */
export const consumerGroupCurrentMemberAssignmentKey = data(
  { name: 'ConsumerGroupCurrentMemberAssignmentKey', key: 8, versions: [0, 0] },
  {
    groupId: string(),
    memberId: string(),
  },
)
export interface ConsumerGroupCurrentMemberAssignmentKey
  extends Message<typeof consumerGroupCurrentMemberAssignmentKey> {}

const topicPartitions = struct({
  topicId: uuid(),
  partitions: array(int32()),
  assignmentEpochs: array(int32()).nullable().tagged(0).default([]),
})

/** What a consumer group's member owns, and what it must still give back. */
export const consumerGroupCurrentMemberAssignmentValue = data(
  { name: 'ConsumerGroupCurrentMemberAssignmentValue', key: 8, versions: [0, 0], flexible: 0 },
  {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: array(topicPartitions),
    partitionsPendingRevocation: array(topicPartitions),
  },
)
export interface ConsumerGroupCurrentMemberAssignmentValue
  extends Message<typeof consumerGroupCurrentMemberAssignmentValue> {}

/** Key of a regular expression that members subscribe with. */
export const consumerGroupRegularExpressionKey = data(
  { name: 'ConsumerGroupRegularExpressionKey', key: 16, versions: [0, 0] },
  {
    groupId: string(),
    regularExpression: string(),
  },
)
export interface ConsumerGroupRegularExpressionKey extends Message<typeof consumerGroupRegularExpressionKey> {}

/** The topics that a regular expression stood for when it was last resolved. */
export const consumerGroupRegularExpressionValue = data(
  { name: 'ConsumerGroupRegularExpressionValue', key: 16, versions: [0, 0], flexible: 0 },
  {
    topics: array(string()),
    version: int64(),
    timestamp: int64(),
  },
)
export interface ConsumerGroupRegularExpressionValue extends Message<typeof consumerGroupRegularExpressionValue> {}
