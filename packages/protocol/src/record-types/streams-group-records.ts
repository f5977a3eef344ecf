import { array, int8, int16, int32, int64, string, struct, uint16 } from '../schema/field.ts'
import { data, type Message } from '../schema/schema.ts'

/** Key of a streams group (KIP-1071). */
export const streamsGroupMetadataKey = data(
  { name: 'StreamsGroupMetadataKey', key: 17, versions: [0, 0] },
  {
    groupId: string(),
  },
)
export interface StreamsGroupMetadataKey extends Message<typeof streamsGroupMetadataKey> {}

const lastAssignmentConfig = struct({
  key: string(),
  value: string(),
})

/** A streams group's epochs. */
export const streamsGroupMetadataValue = data(
  { name: 'StreamsGroupMetadataValue', key: 17, versions: [0, 0], flexible: 0 },
  {
    epoch: int32(),
    metadataHash: int64(),
    validatedTopologyEpoch: int32().tagged(0).default(-1),
    lastAssignmentConfigs: array(lastAssignmentConfig).nullable().tagged(1).default([]),
  },
)
export interface StreamsGroupMetadataValue extends Message<typeof streamsGroupMetadataValue> {}

/** Key of a streams group's member. */
export const streamsGroupMemberMetadataKey = data(
  { name: 'StreamsGroupMemberMetadataKey', key: 19, versions: [0, 0] },
  {
    groupId: string(),
    memberId: string(),
  },
)
export interface StreamsGroupMemberMetadataKey extends Message<typeof streamsGroupMemberMetadataKey> {}

const endpoint = struct({
  host: string(),
  port: uint16(),
})

const keyValue = struct({
  key: string(),
  value: string(),
})

/** What a streams group's member said of itself. */
export const streamsGroupMemberMetadataValue = data(
  { name: 'StreamsGroupMemberMetadataValue', key: 19, versions: [0, 0], flexible: 0 },
  {
    instanceId: string().nullable().default(''),
    rackId: string().nullable().default(''),
    clientId: string(),
    clientHost: string(),
    rebalanceTimeoutMs: int32().default(-1),
    topologyEpoch: int32(),
    processId: string(),
    userEndpoint: endpoint.nullable(),
    clientTags: array(keyValue),
  },
)
export interface StreamsGroupMemberMetadataValue extends Message<typeof streamsGroupMemberMetadataValue> {}

/** Key of a streams group's assignment epoch. */
export const streamsGroupTargetAssignmentMetadataKey = data(
  { name: 'StreamsGroupTargetAssignmentMetadataKey', key: 20, versions: [0, 0] },
  {
    groupId: string(),
  },
)
export interface StreamsGroupTargetAssignmentMetadataKey
  extends Message<typeof streamsGroupTargetAssignmentMetadataKey> {}

/** The epoch of a streams group's target assignment. */
export const streamsGroupTargetAssignmentMetadataValue = data(
  { name: 'StreamsGroupTargetAssignmentMetadataValue', key: 20, versions: [0, 0], flexible: 0 },
  {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64().tagged(0).ignorable(),
  },
)
export interface StreamsGroupTargetAssignmentMetadataValue
  extends Message<typeof streamsGroupTargetAssignmentMetadataValue> {}

/** Key of a member's target assignment. */
export const streamsGroupTargetAssignmentMemberKey = data(
  { name: 'StreamsGroupTargetAssignmentMemberKey', key: 21, versions: [0, 0] },
  {
    groupId: string(),
    memberId: string(),
  },
)
export interface StreamsGroupTargetAssignmentMemberKey extends Message<typeof streamsGroupTargetAssignmentMemberKey> {}

const taskIds = struct({
  subtopologyId: string(),
  partitions: array(int32()),
})

/** The tasks that a streams group's member shall run. */
export const streamsGroupTargetAssignmentMemberValue = data(
  { name: 'StreamsGroupTargetAssignmentMemberValue', key: 21, versions: [0, 0], flexible: 0 },
  {
    activeTasks: array(taskIds),
    standbyTasks: array(taskIds),
    warmupTasks: array(taskIds),
  },
)
export interface StreamsGroupTargetAssignmentMemberValue
  extends Message<typeof streamsGroupTargetAssignmentMemberValue> {}

/** Key of a member's current assignment. */
export const streamsGroupCurrentMemberAssignmentKey = data(
  { name: 'StreamsGroupCurrentMemberAssignmentKey', key: 22, versions: [0, 0] },
  {
    groupId: string(),
    memberId: string(),
  },
)
export interface StreamsGroupCurrentMemberAssignmentKey
  extends Message<typeof streamsGroupCurrentMemberAssignmentKey> {}

const streamsGroupCurrentMemberAssignmentValueTaskIds = struct({
  subtopologyId: string(),
  partitions: array(int32()),
  assignmentEpochs: array(int32()).nullable().tagged(0).default([]),
})

/** The tasks that a streams group's member runs, and those that it must still give back. */
export const streamsGroupCurrentMemberAssignmentValue = data(
  { name: 'StreamsGroupCurrentMemberAssignmentValue', key: 22, versions: [0, 0], flexible: 0 },
  {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    activeTasks: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
    standbyTasks: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
    warmupTasks: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
    activeTasksPendingRevocation: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
    standbyTasksPendingRevocation: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
    warmupTasksPendingRevocation: array(streamsGroupCurrentMemberAssignmentValueTaskIds),
  },
)
export interface StreamsGroupCurrentMemberAssignmentValue
  extends Message<typeof streamsGroupCurrentMemberAssignmentValue> {}

/** Key of a streams group's topology. */
export const streamsGroupTopologyKey = data(
  { name: 'StreamsGroupTopologyKey', key: 23, versions: [0, 0] },
  {
    groupId: string(),
  },
)
export interface StreamsGroupTopologyKey extends Message<typeof streamsGroupTopologyKey> {}

const topicConfig = struct({
  key: string(),
  value: string(),
})

const topicInfo = struct({
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: array(topicConfig),
})

/** A streams group's topology, as its members sent it. */
export const streamsGroupTopologyValue = data(
  { name: 'StreamsGroupTopologyValue', key: 23, versions: [0, 0], flexible: 0 },
  {
    epoch: int32(),
    subtopologies: array(
      struct({
        subtopologyId: string(),
        sourceTopics: array(string()),
        sourceTopicRegex: array(string()),
        stateChangelogTopics: array(topicInfo),
        repartitionSinkTopics: array(string()),
        repartitionSourceTopics: array(topicInfo),
        copartitionGroups: array(
          struct({
            sourceTopics: array(int16()),
            sourceTopicRegex: array(int16()),
            repartitionSourceTopics: array(int16()),
          }),
        ),
      }),
    ),
  },
)
export interface StreamsGroupTopologyValue extends Message<typeof streamsGroupTopologyValue> {}
