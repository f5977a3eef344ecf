import { array, bytes, int8, int32, int64, string, struct, uuid } from '../schema/field.ts'
import { data, type Message } from '../schema/schema.ts'

const taskId = struct({
  topicGroupId: int32().until(6),
  partition: int32().until(6),
})

const partitionToOffsetSum = struct({
  partition: int32().since(7).until(9),
  offsetSum: int64().since(7).until(9),
})

const clientTag = struct({
  key: bytes().since(11),
  value: bytes().since(11),
})

const taskOffsetSum = struct({
  topicGroupId: int32().since(7),
  partition: int32().since(10),
  offsetSum: int64().since(10),
  namedTopology: string().nullable().since(10).default(''),
  partitionToOffsetSum: array(partitionToOffsetSum).since(7).until(9),
})

/** What a Kafka Streams client says of itself in the user data of its subscription. */
export const subscriptionInfoData = data(
  { name: 'SubscriptionInfoData', versions: [1, 11] },
  {
    version: int32(),
    latestSupportedVersion: int32().since(3).default(-1),
    processId: uuid(),
    prevTasks: array(taskId).until(6),
    standbyTasks: array(taskId).until(6),
    userEndPoint: bytes().since(2),
    taskOffsetSums: array(taskOffsetSum).since(7),
    uniqueField: int8().since(8),
    errorCode: int32().since(9),
    clientTags: array(clientTag).since(11),
  },
)
export interface SubscriptionInfoData extends Message<typeof subscriptionInfoData> {}
