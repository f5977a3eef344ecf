/** The composition root: reads like the parts list. The only file that knows everyone. */
import { DiskError, type Platform } from '@odradek/platform'
import { GroupCoordinator, offsetsTopic } from './coordinator/group-coordinator.ts'
import { groupCoordinatorConfig } from './coordinator/group-coordinator-config.ts'
import { PartitionCoordinatorLog } from './coordinator/partition-coordinator-log.ts'
import { type BrokerEndpoint, type ClusterImage, overridesOf } from './core/cluster/cluster-image.ts'
import { supportedFeatures } from './core/cluster/features.ts'
import { BrokerConfig, checkBrokerConfig } from './core/config/broker-config.ts'
import { DataDirectory, dataDirectoryFailure } from './log/data-directory.ts'
import { LogManager } from './log/log-manager.ts'
import type { Logger } from './logger.ts'
import { ClusterMetadata } from './metadata/cluster-metadata.ts'
import { Controller } from './metadata/controller.ts'
import { foundCluster } from './metadata/foundation.ts'
import { LocalStore } from './metadata/local-store.ts'
import { ClusterMembership, type Membership, SoleMembership } from './metadata/membership.ts'
import { type MetadataStore, MetadataStoreError } from './metadata/metadata-store.ts'
import { ProducerIds } from './metadata/producer-ids.ts'
import { OdradekError } from './odradek-error.ts'
import { FetchPurgatory } from './replication/fetch-purgatory.ts'
import { FetchSessionCache } from './replication/fetch-session-cache.ts'
import { IsrChanges } from './replication/isr-changes.ts'
import { LagWatch } from './replication/lag-watch.ts'
import { cleanerBackoffMsOf, logConfigOf, logManagerConfigOf } from './replication/log-configs.ts'
import { PartitionRegistry } from './replication/partition-registry.ts'
import { ReplicaFetchers } from './replication/replica-fetchers.ts'
import { fetcherConfigOf, lagMsMaxOf, upheldMsOf } from './replication/replication-config.ts'
import { Dispatcher } from './server/dispatcher.ts'
import { type HandlerDependencies, handlersOf } from './server/handlers.ts'
import { type ListenerPlan, planListeners } from './server/listener-config.ts'
import { type BoundListener, Server } from './server/server.ts'
import { serverConfigOf } from './server/server-config.ts'
import { Shutdown } from './shutdown.ts'

export interface BrokerOptions {
  readonly platform: Platform
  /** Settings by Kafka's names. */
  readonly config: Readonly<Record<string, string>>
  /** Absolute path on the platform's disk. */
  readonly dataDirectory: string
  readonly logger: Logger
  /** Demanded of an existing data directory; a new one takes it, or a random id. */
  readonly clusterId?: string
  /** One of several brokers; without it the broker is a cluster of its own. */
  readonly cluster?: SharedCluster
}

/** What the brokers of a cluster share. */
export interface SharedCluster {
  /** Opened for this broker, which closes it. */
  readonly store: MetadataStore
  /** How long the cluster waits for a sign of life of a broker. */
  readonly sessionTimeoutMs: number
}

/** A broker that serves. */
export interface Broker {
  readonly clusterId: string
  readonly brokerId: number
  /** In the order of the setting `listeners`, with the ports that they have got. */
  readonly listeners: readonly BoundListener[]
  /** Bounded and idempotent: see Shutdown. */
  stop(): Promise<void>
}

/** How long what is under way may take to be answered at a stop. */
const drainMs = 500

/** Starts a broker on a platform. Throws OdradekError with what to do; then nothing is left open. */
export async function createBroker(options: BrokerOptions): Promise<Broker> {
  const { platform, logger } = options
  const config = configOf(options)
  const listeners = planListeners({
    listeners: config.list('listeners'),
    advertisedListeners: config.list('advertised.listeners'),
    securityProtocolMap: config.string('listener.security.protocol.map'),
    controllerListenerNames: config.list('controller.listener.names'),
  })
  const shutdown = new Shutdown(platform.clock, logger)
  try {
    return await start({ ...options, config, listeners, shutdown })
  } catch (error) {
    await shutdown.run()
    throw error instanceof DiskError ? dataDirectoryFailure(options.dataDirectory, error) : error
  }
}

interface Plan extends Omit<BrokerOptions, 'config'> {
  readonly config: BrokerConfig
  readonly listeners: readonly ListenerPlan[]
  readonly shutdown: Shutdown
}

async function start(plan: Plan): Promise<Broker> {
  const { platform, logger, config, listeners, shutdown, cluster } = plan
  const { clock, random, disk } = platform
  const brokerId = config.number('node.id')
  const { dataDirectory, metadata } = await (cluster === undefined ? openOwn(plan) : openShared(plan, cluster))
  const { clusterId } = dataDirectory
  await metadata.subscribe(image => followConfig(config, image, brokerId))

  const logs = await LogManager.open({
    disk,
    clock,
    random,
    logger,
    dataDirectory,
    config: logManagerConfigOf(config),
    configOf: topic => logConfigOf(config, metadata.image, topic),
  })
  shutdown.add('logs', () => logs.close())

  const membership: Membership =
    cluster === undefined
      ? new SoleMembership({ metadata, random, brokerId, clusterId })
      : new ClusterMembership({
          store: cluster.store,
          metadata,
          config,
          clock,
          random,
          logger,
          brokerId,
          clusterId,
          ttlMs: cluster.sessionTimeoutMs,
          wasCleanShutdown: logs.wasCleanShutdown,
          onLost: () => partitions.resign(),
        })
  shutdown.add('membership', () => membership.leave())
  const controller = new Controller({ metadata, config, random, brokerId, logger })
  const isrChanges = new IsrChanges({ controller, membership, brokerId })
  const purgatory = new FetchPurgatory(clock)
  const fetchers = new ReplicaFetchers({
    brokerId,
    brokerEpoch: () => membership.epoch,
    addressOf: id => interBrokerAddress(metadata.image, id),
    config: () => fetcherConfigOf(config),
    network: platform.network,
    clock,
    logger,
  })
  shutdown.add('replica fetchers', () => fetchers.stop())
  const partitions = new PartitionRegistry({
    logs,
    host: {
      brokerId,
      clock,
      purgatory,
      mayLead: () => membership.isAlive,
      isLive: id => metadata.image.brokers.get(id)?.fenced === false,
      lagMsMax: () => lagMsMaxOf(config),
      upheldMs: () => upheldMsOf(config),
      alterIsr: proposal => isrChanges.propose(proposal),
      giveUpLeadership: ({ topicId, index, leaderEpoch }) => {
        controller.giveUpLeadership({ topicId, index, leaderEpoch }).catch(error => {
          // The controller has logged it, and the lag watch asks again.
          if (!(error instanceof MetadataStoreError)) throw error
        })
      },
    },
    fetchers,
    configOf: (image, topic) => logConfigOf(config, image, topic),
    logger,
  })
  const lagWatch = new LagWatch({ clock, partitions, lagMsMax: () => lagMsMaxOf(config) })
  shutdown.add('lag watch', () => lagWatch.stop())
  await metadata.subscribe((next, previous) => partitions.apply(next, previous))
  await metadata.subscribe(() => logs.updateCleanerBackoff(cleanerBackoffMsOf(config)))
  logs.setAsideStrays(log => metadata.image.topics.get(log.topic)?.partitions[log.partition] !== undefined)

  const groups = new GroupCoordinator({
    clock,
    random,
    logger,
    config: groupCoordinatorConfig(config),
    logOf: index => {
      const partition = partitions.get(offsetsTopic, index)
      return partition?.isLeader ? new PartitionCoordinatorLog(partition) : undefined
    },
  })
  await metadata.subscribe((next, previous) => groups.apply(next, previous))
  groups.start()

  const sessions = new FetchSessionCache({
    slots: config.number('max.incremental.fetch.session.cache.slots'),
    evictionMs: fetchSessionEvictionMs,
    randomId: () => 1 + random.integer(0x7fffffff),
  })
  const dependencies: HandlerDependencies = {
    platform,
    logger,
    config,
    brokerId,
    image: () => metadata.image,
    supportedFeatures,
    controller,
    producerIds: new ProducerIds(controller, () => logs.highestProducerId),
    partitions,
    purgatory,
    sessions,
    groups,
    logDirectory: dataDirectory.path,
    directoryId: dataDirectory.directoryId,
  }
  const server = new Server({
    platform,
    logger,
    dispatcher: new Dispatcher({ handlers: handlersOf(dependencies), clock, logger }),
    batches: purgatory,
    config: () => serverConfigOf(config),
  })
  // Those who wait are answered first, so that their connections can drain. Added before there are any: the groups' timers
  // run already, and a port that is taken must leave nothing behind.
  shutdown.add('connections', async () => {
    const drained = server.stop(drainMs)
    groups.stop()
    purgatory.close()
    await drained
  })
  const bound = await server.listen(listeners)

  shutdown.add('leadership', () => membership.handOver())
  await membership.join({
    rack: config.stringOrNull('broker.rack'),
    fenced: false,
    endpoints: endpointsOf(listeners, bound, cluster !== undefined),
  })
  lagWatch.start()
  server.serve()
  for (const { listenerName, host, port } of bound) logger.info('listening', { listener: listenerName, host, port })
  return { clusterId, brokerId, listeners: bound, stop: () => shutdown.run() }
}

/** Kafka's MIN_INCREMENTAL_FETCH_SESSION_EVICTION_MS. */
const fetchSessionEvictionMs = 120_000

interface Opened {
  readonly dataDirectory: DataDirectory
  readonly metadata: ClusterMetadata
}

/** A cluster of one: its metadata lies in the data directory. */
async function openOwn(plan: Plan): Promise<Opened> {
  const { platform, logger, shutdown } = plan
  const { disk, clock } = platform
  const dataDirectory = openDataDirectory(plan, plan.clusterId)
  const path = `${dataDirectory.path}/cluster-metadata.jsonl`
  const { store, cutBytes } = await LocalStore.open({ disk, clock, path })
  shutdown.add('metadata store', () => store.close())
  if (cutBytes > 0) logger.warn('cut off the end of the cluster metadata, which was not whole', { cutBytes })
  return { dataDirectory, metadata: await openMetadata(plan, store) }
}

/** The cluster comes first: a new data directory belongs to it. */
async function openShared(plan: Plan, { store }: SharedCluster): Promise<Opened> {
  plan.shutdown.add('metadata store', () => store.close())
  const metadata = await openMetadata(plan, store)
  const { random } = plan.platform
  const clusterId = await foundCluster(metadata, { random, clusterId: plan.clusterId })
  return { dataDirectory: openDataDirectory(plan, clusterId), metadata }
}

function openDataDirectory({ platform, logger, config, shutdown, ...plan }: Plan, clusterId?: string): DataDirectory {
  const dataDirectory = DataDirectory.open({
    disk: platform.disk,
    random: platform.random,
    logger,
    path: plan.dataDirectory,
    nodeId: config.number('node.id'),
    ...(clusterId === undefined ? {} : { clusterId }),
  })
  shutdown.add('data directory', () => dataDirectory.release())
  return dataDirectory
}

async function openMetadata({ shutdown }: Plan, store: MetadataStore): Promise<ClusterMetadata> {
  const metadata = await ClusterMetadata.open(store)
  shutdown.add('metadata', () => metadata.close())
  return metadata
}

/** Brokers of a cluster have to know each other's addresses, so that those are told that were bound, unless others are advertised. */
function endpointsOf(
  plans: readonly ListenerPlan[],
  bound: readonly BoundListener[],
  isShared: boolean,
): BrokerEndpoint[] {
  return plans.map(({ listenerName, host, advertised }, index) => {
    const port = bound[index]?.port
    if (isShared && advertised === null && host === '0.0.0.0') {
      throw new OdradekError(
        'invalid-config',
        `the listener ${listenerName} is on all addresses: set advertised.listeners to the one at which the other brokers of the cluster reach it`,
      )
    }
    const told = isShared && port !== undefined ? (advertised ?? { host, port }) : advertised
    return { listenerName, securityProtocol: 'PLAINTEXT', advertised: told }
  })
}

/** Where other brokers reach a broker: on its first listener. */
function interBrokerAddress({ brokers }: ClusterImage, brokerId: number): { host: string; port: number } | undefined {
  return brokers.get(brokerId)?.endpoints[0]?.advertised ?? undefined
}

function configOf({ config, logger }: BrokerOptions): BrokerConfig {
  const { problems, notices } = checkBrokerConfig(config)
  if (problems.length > 0) {
    throw new OdradekError('invalid-config', problems.map(({ problem }) => problem).join('\n'))
  }
  for (const { problem } of notices) logger.warn(problem)
  return new BrokerConfig(config)
}

function followConfig(config: BrokerConfig, image: ClusterImage, brokerId: number): void {
  config.setDynamic({
    broker: overridesOf(image, { type: 'broker', name: String(brokerId) }),
    allBrokers: overridesOf(image, { type: 'broker', name: '' }),
  })
}
