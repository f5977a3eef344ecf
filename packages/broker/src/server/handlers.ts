import type { Platform } from '@odradek/platform'
import { type GroupCoordinator, offsetsTopic } from '../coordinator/group-coordinator.ts'
import type { ClusterImage } from '../core/cluster/cluster-image.ts'
import type { BrokerConfig } from '../core/config/broker-config.ts'
import type { LogManager } from '../log/log-manager.ts'
import type { Logger } from '../logger.ts'
import type { Controller } from '../metadata/controller.ts'
import type { ProducerIds } from '../metadata/producer-ids.ts'
import { TopicCreation } from '../metadata/topic-creation.ts'
import type { DeletionPurgatory } from '../replication/deletion-purgatory.ts'
import { newFetchMemories } from '../replication/fetch-memory.ts'
import type { FetchPurgatory } from '../replication/fetch-purgatory.ts'
import type { FetchSessionCache } from '../replication/fetch-session-cache.ts'
import type { PartitionRegistry } from '../replication/partition-registry.ts'
import type { ReplicationThrottle } from '../replication/replication-throttle.ts'
import type { ApiHandler } from './api-handler.ts'
import { alterConfigsHandler } from './handlers/alter-configs.ts'
import { alterPartitionReassignmentsHandler } from './handlers/alter-partition-reassignments.ts'
import { alterReplicaLogDirsHandler } from './handlers/alter-replica-log-dirs.ts'
import { apiVersionsHandler, type SupportedFeatures } from './handlers/api-versions.ts'
import { createPartitionsHandler } from './handlers/create-partitions.ts'
import { createTopicsHandler } from './handlers/create-topics.ts'
import { deleteGroupsHandler } from './handlers/delete-groups.ts'
import { deleteRecordsHandler } from './handlers/delete-records.ts'
import { deleteTopicsHandler } from './handlers/delete-topics.ts'
import { describeClientQuotasHandler } from './handlers/describe-client-quotas.ts'
import { describeClusterHandler } from './handlers/describe-cluster.ts'
import { describeConfigsHandler } from './handlers/describe-configs.ts'
import { describeGroupsHandler } from './handlers/describe-groups.ts'
import { describeLogDirsHandler } from './handlers/describe-log-dirs.ts'
import { describeProducersHandler } from './handlers/describe-producers.ts'
import { describeQuorumHandler } from './handlers/describe-quorum.ts'
import { describeTopicPartitionsHandler } from './handlers/describe-topic-partitions.ts'
import { describeUserScramCredentialsHandler } from './handlers/describe-user-scram-credentials.ts'
import { electLeadersHandler } from './handlers/elect-leaders.ts'
import { fetchHandler } from './handlers/fetch.ts'
import { findCoordinatorHandler } from './handlers/find-coordinator.ts'
import { heartbeatHandler } from './handlers/heartbeat.ts'
import { incrementalAlterConfigsHandler } from './handlers/incremental-alter-configs.ts'
import { initProducerIdHandler } from './handlers/init-producer-id.ts'
import { joinGroupHandler } from './handlers/join-group.ts'
import { leaveGroupHandler } from './handlers/leave-group.ts'
import { listConfigResourcesHandler } from './handlers/list-config-resources.ts'
import { listGroupsHandler } from './handlers/list-groups.ts'
import { listOffsetsHandler } from './handlers/list-offsets.ts'
import { listPartitionReassignmentsHandler } from './handlers/list-partition-reassignments.ts'
import { metadataHandler } from './handlers/metadata.ts'
import { offsetCommitHandler } from './handlers/offset-commit.ts'
import { offsetDeleteHandler } from './handlers/offset-delete.ts'
import { offsetFetchHandler } from './handlers/offset-fetch.ts'
import { offsetForLeaderEpochHandler } from './handlers/offset-for-leader-epoch.ts'
import { produceHandler } from './handlers/produce.ts'
import { syncGroupHandler } from './handlers/sync-group.ts'
import { unregisterBrokerHandler } from './handlers/unregister-broker.ts'
import { updateFeaturesHandler } from './handlers/update-features.ts'
import { nodeEndpointsOf } from './node-endpoints.ts'

/** What the handlers are made of. */
export interface HandlerDependencies {
  readonly platform: Platform
  readonly logger: Logger
  readonly config: BrokerConfig
  readonly brokerId: number
  readonly image: () => ClusterImage
  /** Whether the broker is registered with its cluster, so that what it knows of it is of now. */
  readonly hasSession: () => boolean
  readonly supportedFeatures: SupportedFeatures
  readonly controller: Controller
  readonly producerIds: ProducerIds
  readonly partitions: PartitionRegistry
  readonly purgatory: FetchPurgatory
  readonly deletions: DeletionPurgatory
  readonly sessions: FetchSessionCache
  readonly leaderThrottle: ReplicationThrottle
  readonly groups: GroupCoordinator
  readonly logs: LogManager
  readonly directoryId: string
}

/** One handler an API: what is in this list is what the broker serves. */
export function handlersOf(dependencies: HandlerDependencies): ApiHandler[] {
  const { platform, config, image, controller, logs, partitions, purgatory, sessions, groups } = dependencies
  const { clock } = platform
  const nodeEndpoints = nodeEndpointsOf(image)
  const topicCreation = new TopicCreation(controller)
  const handlers: ApiHandler[] = [
    apiVersionsHandler({ handlers: () => handlers, supportedFeatures: dependencies.supportedFeatures, image }),
    // records
    produceHandler({ partitions, nodeEndpoints, clock: platform.clock }),
    fetchHandler({
      partitions,
      purgatory,
      sessions,
      memories: newFetchMemories(),
      leaderThrottle: dependencies.leaderThrottle,
      clock,
      nodeEndpoints,
      fetchMaxBytes: () => config.number('fetch.max.bytes'),
    }),
    listOffsetsHandler({ partitions }),
    offsetForLeaderEpochHandler({ partitions }),
    deleteRecordsHandler({ partitions, deletions: dependencies.deletions, clock }),
    describeLogDirsHandler({ partitions, logs }),
    alterReplicaLogDirsHandler({ partitions, logs }),
    describeProducersHandler({ partitions }),
    initProducerIdHandler({ producerIds: dependencies.producerIds }),
    // topics and the cluster
    metadataHandler({ image, config, topicCreation, nodeEndpoints }),
    describeTopicPartitionsHandler({ image, config, nodeEndpoints }),
    describeClusterHandler({ image, nodeEndpoints, hasSession: dependencies.hasSession }),
    describeQuorumHandler({ image, clock, nodeEndpoints, directoryId: dependencies.directoryId }),
    createTopicsHandler({ controller, config }),
    deleteTopicsHandler({ controller }),
    createPartitionsHandler({ controller }),
    updateFeaturesHandler({ controller }),
    electLeadersHandler({ controller, image }),
    alterPartitionReassignmentsHandler({ controller }),
    listPartitionReassignmentsHandler({ image }),
    unregisterBrokerHandler({ controller }),
    // settings
    describeConfigsHandler({ image, config, brokerId: dependencies.brokerId }),
    alterConfigsHandler({ controller }),
    incrementalAlterConfigsHandler({ controller }),
    listConfigResourcesHandler({ image }),
    describeClientQuotasHandler(),
    describeUserScramCredentialsHandler(),
    // groups
    findCoordinatorHandler({
      groups,
      image,
      nodeEndpoints,
      createOffsetsTopic: () => topicCreation.createMissing([offsetsTopic]),
    }),
    joinGroupHandler({ groups }),
    syncGroupHandler({ groups }),
    heartbeatHandler({ groups }),
    leaveGroupHandler({ groups }),
    offsetCommitHandler({ groups, image }),
    offsetFetchHandler({ groups, image }),
    offsetDeleteHandler({ groups, image }),
    describeGroupsHandler({ groups }),
    listGroupsHandler({ groups }),
    deleteGroupsHandler({ groups }),
  ]
  return handlers
}
