import { array, bool, int16, int32, int64, string, struct, uint16 } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Describes streams groups (KIP-1071). */
export const streamsGroupDescribeRequest = request(
  { key: 89, versions: [0, 0], flexible: 0 },
  {
    groupIds: array(string()),
    includeAuthorizedOperations: bool(),
  },
)
export interface StreamsGroupDescribeRequest extends Message<typeof streamsGroupDescribeRequest> {}

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

const assignment = struct({
  activeTasks: array(taskIds),
  standbyTasks: array(taskIds),
  warmupTasks: array(taskIds),
})

/** Topology, epochs, members with their tasks. */
export const streamsGroupDescribeResponse = response(
  { key: 89, versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32(),
    groups: array(
      struct({
        errorCode: int16(),
        errorMessage: string().nullable(),
        groupId: string(),
        groupState: string(),
        groupEpoch: int32(),
        assignmentEpoch: int32(),
        topology: struct({
          epoch: int32(),
          subtopologies: array(
            struct({
              subtopologyId: string(),
              sourceTopics: array(string()),
              repartitionSinkTopics: array(string()),
              stateChangelogTopics: array(topicInfo),
              repartitionSourceTopics: array(topicInfo),
            }),
          ).nullable(),
        }).nullable(),
        members: array(
          struct({
            memberId: string(),
            memberEpoch: int32(),
            instanceId: string().nullable(),
            rackId: string().nullable(),
            clientId: string(),
            clientHost: string(),
            topologyEpoch: int32(),
            processId: string(),
            userEndpoint: endpoint.nullable(),
            clientTags: array(keyValue),
            taskOffsets: array(taskOffset),
            taskEndOffsets: array(taskOffset),
            assignment: assignment,
            targetAssignment: assignment,
            isClassic: bool(),
          }),
        ),
        authorizedOperations: int32().default(-2147483648),
      }),
    ),
  },
)
export interface StreamsGroupDescribeResponse extends Message<typeof streamsGroupDescribeResponse> {}
