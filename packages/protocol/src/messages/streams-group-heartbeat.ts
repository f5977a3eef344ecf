import { array, bool, int8, int16, int32, int64, string, struct, uint16 } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

const keyValue = struct({
  key: string(),
  value: string(),
})

const topicInfo = struct({
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: array(keyValue),
})

const endpoint = struct({
  host: string(),
  port: uint16(),
})

const taskOffset = struct({
  subtopologyId: string(),
  partition: int32(),
  offset: int64(),
})

const taskIds = struct({
  subtopologyId: string(),
  partitions: array(int32()),
})

/** Everything that a member of a streams group says: topology, tasks, their lag (KIP-1071). Null fields: as before. */
export const streamsGroupHeartbeatRequest = request(
  { key: 88, versions: [0, 0], flexible: 0 },
  {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    endpointInformationEpoch: int32(),
    instanceId: string().nullable(),
    rackId: string().nullable(),
    rebalanceTimeoutMs: int32().default(-1),
    topology: struct({
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
    }).nullable(),
    activeTasks: array(taskIds).nullable(),
    standbyTasks: array(taskIds).nullable(),
    warmupTasks: array(taskIds).nullable(),
    processId: string().nullable(),
    userEndpoint: endpoint.nullable(),
    clientTags: array(keyValue).nullable(),
    taskOffsets: array(taskOffset).nullable(),
    taskEndOffsets: array(taskOffset).nullable(),
    shutdownApplication: bool(),
  },
)
export interface StreamsGroupHeartbeatRequest extends Message<typeof streamsGroupHeartbeatRequest> {}

const status = struct({
  statusCode: int8(),
  statusDetail: string(),
})

const topicPartition = struct({
  topic: string(),
  partitions: array(int32()),
})

/** The member's epoch, tasks, and what is wrong with the group. */
export const streamsGroupHeartbeatResponse = response(
  { key: 88, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string().nullable(),
    memberId: string(),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    acceptableRecoveryLag: int32(),
    taskOffsetIntervalMs: int32(),
    status: array(status).nullable().default([]),
    activeTasks: array(taskIds).nullable(),
    standbyTasks: array(taskIds).nullable(),
    warmupTasks: array(taskIds).nullable(),
    endpointInformationEpoch: int32(),
    partitionsByUserEndpoint: array(
      struct({
        userEndpoint: endpoint,
        activePartitions: array(topicPartition),
        standbyPartitions: array(topicPartition),
      }),
    ).nullable(),
  },
)
export interface StreamsGroupHeartbeatResponse extends Message<typeof streamsGroupHeartbeatResponse> {}
