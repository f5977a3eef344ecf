import { array, int16, int32, string, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/** Everything that a member of a share group says (KIP-932). */
export const shareGroupHeartbeatRequest = request(
  { key: 76, versions: [1, 1], flexible: 0 },
  {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    rackId: string().nullable(),
    subscribedTopicNames: array(string()).nullable(),
  },
)
export interface ShareGroupHeartbeatRequest extends Message<typeof shareGroupHeartbeatRequest> {}

const topicPartitions = struct({
  topicId: uuid(),
  partitions: array(int32()),
})

/** The member's epoch, and its assignment when it changed. */
export const shareGroupHeartbeatResponse = response(
  { key: 76, versions: [1, 1], flexible: 0 },
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string().nullable(),
    memberId: string().nullable(),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    assignment: struct({
      topicPartitions: array(topicPartitions),
    }).nullable(),
  },
)
export interface ShareGroupHeartbeatResponse extends Message<typeof shareGroupHeartbeatResponse> {}
