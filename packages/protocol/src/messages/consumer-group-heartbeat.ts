import { array, int16, int32, string, struct, uuid } from '../schema/field.ts'
import { type Message, request, response } from '../schema/schema.ts'

/**
 * Everything that a member of a consumer group says: joining, leaving, subscriptions, what it owns (KIP-848). Null
 * fields: as before.
 * v1: subscription by regular expression, member ids made by the client (KIP-1082).
 */
export const consumerGroupHeartbeatRequest = request(
  { key: 68, versions: [0, 1], flexible: 0 },
  {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    instanceId: string().nullable(),
    rackId: string().nullable(),
    rebalanceTimeoutMs: int32().default(-1),
    subscribedTopicNames: array(string()).nullable(),
    subscribedTopicRegex: string().nullable().since(1),
    serverAssignor: string().nullable(),
    topicPartitions: array(
      struct({
        topicId: uuid(),
        partitions: array(int32()),
      }),
    ).nullable(),
  },
)
export interface ConsumerGroupHeartbeatRequest extends Message<typeof consumerGroupHeartbeatRequest> {}

const topicPartitions = struct({
  topicId: uuid(),
  partitions: array(int32()),
})

/** The member's epoch, and its assignment when it changed. */
export const consumerGroupHeartbeatResponse = response(
  { key: 68, versions: [0, 1], flexible: 0 },
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
export interface ConsumerGroupHeartbeatResponse extends Message<typeof consumerGroupHeartbeatResponse> {}
