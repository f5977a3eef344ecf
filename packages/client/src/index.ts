export {
  type BrokerDescription,
  type ClusterDescription,
  describeCluster,
  describeFeatures,
  describeLogDirs,
  type LogDirDescription,
  unregisterBroker,
} from './admin/cluster.ts'
export {
  alterBrokerConfigs,
  alterTopicConfigs,
  type ConfigChanges,
  type ConfigValue,
  describeTopicConfigs,
  topicConfigOf,
} from './admin/configs.ts'
export {
  type CommittedOffset,
  commitOffsets,
  committedOffsets,
  deleteGroup,
  describeGroup,
  type GroupDescription,
  type GroupListing,
  type GroupMember,
  listGroups,
} from './admin/groups.ts'
export { EARLIEST, LATEST, listOffsets, type PartitionOffset } from './admin/offsets.ts'
export {
  electPreferredLeaders,
  listReassignments,
  type OngoingReassignment,
  type PartitionPlace,
  type Reassignment,
  reassignPartitions,
} from './admin/reassignments.ts'
export {
  createPartitions,
  createTopic,
  deleteTopic,
  describeTopics,
  type NewTopic,
  type PartitionDescription,
  type TopicDescription,
} from './admin/topics.ts'
export type { RequestSchema, ResponseSchema } from './api.ts'
export { BrokerConnection, type ConnectionOptions, type SendOptions } from './broker-connection.ts'
export { ClusterClient, type ClusterOptions, type Destination, parseBootstrap } from './cluster-client.ts'
export { ConnectionError, KafkaError } from './kafka-error.ts'
