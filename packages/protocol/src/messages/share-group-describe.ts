import { array, bool, int16, int32, string, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Describes share groups (KIP-932). */
export const shareGroupDescribeRequest = request(
  { key: 77, versions: [1, 1], flexible: 0 },
  {
    groupIds: array(string()),
    includeAuthorizedOperations: bool(),
  },
)
export interface ShareGroupDescribeRequest extends Message<typeof shareGroupDescribeRequest> {}

const topicPartitions = struct({
  topicId: uuid(),
  topicName: string(),
  partitions: array(int32()),
})

const assignment = struct({
  topicPartitions: array(topicPartitions),
})

/** State, epochs and members of each group. */
export const shareGroupDescribeResponse = response(
  { key: 77, versions: [1, 1], flexible: 0 },
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
            rackId: string().nullable(),
            memberEpoch: int32(),
            clientId: string(),
            clientHost: string(),
            subscribedTopicNames: array(string()),
            assignment: assignment,
          }),
        ),
        authorizedOperations: int32().default(-2147483648),
      }),
    ),
  },
)
export interface ShareGroupDescribeResponse extends Message<typeof shareGroupDescribeResponse> {}
