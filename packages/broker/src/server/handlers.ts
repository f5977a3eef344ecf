import type { Platform } from '@odradek/platform'
import type { GroupCoordinator } from '../coordinator/group-coordinator.ts'
import type { ClusterImage } from '../core/cluster/cluster-image.ts'
import type { BrokerConfig } from '../core/config/broker-config.ts'
import type { Logger } from '../logger.ts'
import type { Controller } from '../metadata/controller.ts'
import type { ProducerIds } from '../metadata/producer-ids.ts'
import type { FetchPurgatory } from '../replication/fetch-purgatory.ts'
import type { FetchSessionCache } from '../replication/fetch-session-cache.ts'
import type { PartitionRegistry } from '../replication/partition-registry.ts'
import type { ApiHandler } from './api-handler.ts'
import { apiVersionsHandler, type SupportedFeatures } from './handlers/api-versions.ts'
import { deleteGroupsHandler } from './handlers/delete-groups.ts'
import { deleteRecordsHandler } from './handlers/delete-records.ts'
import { describeGroupsHandler } from './handlers/describe-groups.ts'
import { describeLogDirsHandler } from './handlers/describe-log-dirs.ts'
import { describeProducersHandler } from './handlers/describe-producers.ts'
import { fetchHandler } from './handlers/fetch.ts'
import { findCoordinatorHandler } from './handlers/find-coordinator.ts'
import { heartbeatHandler } from './handlers/heartbeat.ts'
import { joinGroupHandler } from './handlers/join-group.ts'
import { leaveGroupHandler } from './handlers/leave-group.ts'
import { listGroupsHandler } from './handlers/list-groups.ts'
import { listOffsetsHandler } from './handlers/list-offsets.ts'
import { offsetCommitHandler } from './handlers/offset-commit.ts'
import { offsetDeleteHandler } from './handlers/offset-delete.ts'
import { offsetFetchHandler } from './handlers/offset-fetch.ts'
import { offsetForLeaderEpochHandler } from './handlers/offset-for-leader-epoch.ts'
import { produceHandler } from './handlers/produce.ts'
import { syncGroupHandler } from './handlers/sync-group.ts'
import { nodeEndpointsOf } from './node-endpoints.ts'

/** What the handlers are made of. */
export interface HandlerDependencies {
  readonly platform: Platform
  readonly logger: Logger
  readonly config: BrokerConfig
  readonly brokerId: number
  readonly image: () => ClusterImage
  readonly supportedFeatures: SupportedFeatures
  readonly controller: Controller
  readonly producerIds: ProducerIds
  readonly partitions: PartitionRegistry
  readonly purgatory: FetchPurgatory
  readonly sessions: FetchSessionCache
  readonly groups: GroupCoordinator
  readonly logDirectory: string
}

/** One handler an API: what is in this list is what the broker serves. */
export function handlersOf(dependencies: HandlerDependencies): ApiHandler[] {
  const { platform, config, image, controller, partitions, purgatory, sessions, groups } = dependencies
  const { clock, disk } = platform
  const nodeEndpoints = nodeEndpointsOf(image)
  const handlers: ApiHandler[] = [
    apiVersionsHandler({ handlers: () => handlers, supportedFeatures: dependencies.supportedFeatures, image }),
    // records
    produceHandler({ partitions, nodeEndpoints }),
    fetchHandler({
      partitions,
      purgatory,
      sessions,
      clock,
      nodeEndpoints,
      fetchMaxBytes: () => config.number('fetch.max.bytes'),
    }),
    listOffsetsHandler({ partitions }),
    offsetForLeaderEpochHandler({ partitions }),
    deleteRecordsHandler({ partitions }),
    describeLogDirsHandler({ partitions, disk, logDir: dependencies.logDirectory }),
    describeProducersHandler({ partitions }),
    // groups
    findCoordinatorHandler({
      groups,
      image,
      nodeEndpoints,
      createOffsetsTopic: async () => {
        await controller.createInternalTopic('__consumer_offsets')
      },
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
