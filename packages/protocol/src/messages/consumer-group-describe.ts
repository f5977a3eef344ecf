import { array, bool, int8, int16, int32, string, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Describes consumer groups (KIP-848). */
export const consumerGroupDescribeRequest = request(
  { key: 69, versions: [0, 1], flexible: 0 },
  {
    groupIds: array(string()),
    includeAuthorizedOperations: bool(),
  },
)
export interface ConsumerGroupDescribeRequest extends Message<typeof consumerGroupDescribeRequest> {}

const topicPartitions = struct({
  topicId: uuid(),
  topicName: string(),
  partitions: array(int32()),
})

const assignment = struct({
  topicPartitions: array(topicPartitions),
})

/**
 * State, epochs, members with current and target assignments.
 * v1: whether a member speaks the classic protocol (KIP-1099).
 */
export const consumerGroupDescribeResponse = response(
  { key: 69, versions: [0, 1], flexible: 0 },
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
        assignorName: string(),
        members: array(
          struct({
            memberId: string(),
            instanceId: string().nullable(),
            rackId: string().nullable(),
            memberEpoch: int32(),
            clientId: string(),
            clientHost: string(),
            subscribedTopicNames: array(string()),
            subscribedTopicRegex: string().nullable(),
            assignment: assignment,
            targetAssignment: assignment,
            memberType: int8().since(1).default(-1).ignorable(),
          }),
        ),
        authorizedOperations: int32().default(-2147483648),
      }),
    ),
  },
)
export interface ConsumerGroupDescribeResponse extends Message<typeof consumerGroupDescribeResponse> {}
