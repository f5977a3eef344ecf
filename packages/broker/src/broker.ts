/** The composition root: reads like the parts list. The only file that knows everyone. */
import { DiskError, type Platform } from '@odradek/platform'
import { GroupCoordinator, offsetsTopic } from './coordinator/group-coordinator.ts'
import { groupCoordinatorConfig } from './coordinator/group-coordinator-config.ts'
import { PartitionCoordinatorLog } from './coordinator/partition-coordinator-log.ts'
import { type BrokerEndpoint, type ClusterImage, isRunning, registrationEpoch } from './core/cluster/cluster-image.ts'
import { supportedFeatures } from './core/cluster/features.ts'
import { followConfig } from './core/cluster/follow-config.ts'
import { BrokerConfig, checkBrokerConfig } from './core/config/broker-config.ts'
import { coveredSettings } from './core/config/covered-settings.ts'
import { checkDataDirectories, type OpenedDataDirectories, openDataDirectories } from './log/data-directories.ts'
import { DataDirectory, dataDirectoryFailure, readMetaProperties } from './log/data-directory.ts'
import { localMetadataFile } from './log/file-names.ts'
import { LogManager } from './log/log-manager.ts'
import { zeroTopicId } from './log/partition-metadata.ts'
import type { Logger } from './logger.ts'
import { ClusterMetadata } from './metadata/cluster-metadata.ts'
import { Controller } from './metadata/controller.ts'
import { foundCluster } from './metadata/foundation.ts'
import { LocalStore } from './metadata/local-store.ts'
import { ClusterMembership, type Membership, SoleMembership } from './metadata/membership.ts'
import { type MetadataStore, MetadataStoreError } from './metadata/metadata-store.ts'
import { allocateNodeId, noteNodeId } from './metadata/node-ids.ts'
import { ProducerIds } from './metadata/producer-ids.ts'
import { OdradekError } from './odradek-error.ts'
import { DeletionPurgatory } from './replication/deletion-purgatory.ts'
import { FetchPurgatory } from './replication/fetch-purgatory.ts'
import { FetchSessionCache } from './replication/fetch-session-cache.ts'
import { IsrChanges } from './replication/isr-changes.ts'
import { LagWatch } from './replication/lag-watch.ts'
import { cleanerBackoffMsOf, logConfigOf, logManagerConfigOf } from './replication/log-configs.ts'
import { OfflineReplicas } from './replication/offline-replicas.ts'
import { PartitionRegistry } from './replication/partition-registry.ts'
import { ReplicaFetchers } from './replication/replica-fetchers.ts'
import {
  fetcherConfigOf,
  lagMsMaxOf,
  sendsToNearReplicas,
  throttleConfigOf,
  upheldMsOf,
} from './replication/replication-config.ts'
import { ReplicationThrottle } from './replication/replication-throttle.ts'
import { Dispatcher } from './server/dispatcher.ts'
import { type HandlerDependencies, handlersOf } from './server/handlers.ts'
import { checkSharedListeners, type ListenerPlan, planListeners } from './server/listener-config.ts'
import { type BoundListener, Server } from './server/server.ts'
import { serverConfigOf } from './server/server-config.ts'
import { Shutdown } from './shutdown.ts'

export interface BrokerOptions {
  readonly platform: Platform
  /** Settings by Kafka's names. */
  readonly config: Readonly<Record<string, string>>
  /** Absolute path on the platform's disk: where the metadata lies that is the broker's own. */
  readonly dataDirectory: string
  /** Where the logs lie, as absolute paths; in the data directory unless given. */
  readonly logDirectories?: readonly string[]
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
  /** How long the cluster waits for a sign of life of this broker; broker.session.timeout.ms where it is left out. */
  readonly sessionTimeoutMs?: number
}

/** A broker that serves. */
export interface Broker {
  readonly clusterId: string
  readonly brokerId: number
  /** Of its registration; -1 while that may have ended, and this broker leads nothing. */
  readonly epoch: number
  /** Of the cluster, as this broker tells it to clients now. */
  readonly image: ClusterImage
  /** In the order of the setting `listeners`, with the ports that they have got. */
  readonly listeners: readonly BoundListener[]
  /** Bounded and idempotent: see Shutdown. */
  stop(): Promise<void>
}

/** How long what is under way may take to be answered at a stop. */
const drainMs = 500

/** Starts a broker on a platform. Throws OdradekError with what to do; then nothing is left open. */
export async function createBroker(options: BrokerOptions): Promise<Broker> {
  const { platform, logger, cluster } = options
  const shutdown = new Shutdown(platform.clock, logger)
  try {
    if (cluster !== undefined) shutdown.add('metadata store', () => cluster.store.close())
    checkSettings(options)
    checkDataDirectories(platform.disk, options.dataDirectory, logDirectoriesOf(options))
    return await start({ ...options, listeners: listenersOf(options), shutdown })
  } catch (error) {
    await shutdown.run()
    throw startFailure(options, error)
  }
}

interface Plan extends BrokerOptions {
  readonly listeners: readonly ListenerPlan[]
  readonly shutdown: Shutdown
}

async function start(plan: Plan): Promise<Broker> {
  const { platform, logger, listeners, shutdown, cluster } = plan
  const { clock, random, disk } = platform
  const { dataDirectory, metadata } = await (cluster === undefined ? openOwn(plan) : openShared(plan, cluster))
  const { clusterId, nodeId: brokerId } = dataDirectory
  const config = new BrokerConfig({ ...plan.config, 'node.id': String(brokerId) })
  await metadata.subscribe(image => followConfig(config, image, brokerId))
  for (const { problem } of coveredSettings(config, plan.config, brokerId)) logger.warn(problem)

  const logs = await LogManager.open({
    disk,
    clock,
    random,
    logger,
    ...openLogDirectories(plan, dataDirectory),
    config: logManagerConfigOf(config),
    configOf: topic => logConfigOf(config, metadata.image, topic),
  })
  shutdown.add('logs', () => logs.close())

  const membership: Membership =
    cluster === undefined
      ? new SoleMembership({ metadata, config, random, brokerId, clusterId })
      : new ClusterMembership({
          store: cluster.store,
          metadata,
          config,
          clock,
          random,
          logger,
          brokerId,
          clusterId,
          ttlMs: cluster.sessionTimeoutMs ?? config.number('broker.session.timeout.ms'),
          wasCleanShutdown: logs.wasCleanShutdown,
          onRegistered: () => partitions.noteLeaderEpochs(),
          onLost: () => partitions.resign(),
        })
  shutdown.add('membership', () => membership.leave())
  const controller = new Controller({ metadata, config, random, brokerId, logger })
  const isrChanges = new IsrChanges({ controller, membership, brokerId })
  const whenShown = () => metadata.appliedTo(partitions.revision)
  const offlineReplicas = new OfflineReplicas({ controller, whenShown })
  const purgatory = new FetchPurgatory(clock)
  const deletions = new DeletionPurgatory()
  const leaderThrottle = new ReplicationThrottle({ config: throttleConfigOf(config, 'leader'), brokerId, clock })
  const followerThrottle = new ReplicationThrottle({ config: throttleConfigOf(config, 'follower'), brokerId, clock })
  await metadata.subscribe((next, previous) => {
    leaderThrottle.apply(next, previous)
    followerThrottle.apply(next, previous)
  })
  const fetchers = new ReplicaFetchers({
    brokerId,
    brokerEpoch: () => membership.epoch,
    addressOf: id => interBrokerAddress(metadata.image, config, id),
    brokerEpochOf: id => registrationEpoch(metadata.image, id),
    onLeaderEnded: leader => {
      const ended = 'the process of a leader has ended: others may lead before its lease ends'
      // Where the store fails, the lease ends by itself.
      controller
        .fenceBroker(leader)
        .then(isFenced => isFenced && logger.warn(ended, { ...leader }))
        .catch(ignoreStoreError)
    },
    config: () => fetcherConfigOf(config),
    throttle: followerThrottle,
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
      deletions,
      mayLead: () => membership.isAlive,
      isLive: id => isRunning(metadata.image, id),
      lagMsMax: () => lagMsMaxOf(config),
      upheldMs: () => upheldMsOf(config),
      alterIsr: proposal => isrChanges.propose(proposal),
      sendsToNearReplicas: () => sendsToNearReplicas(config),
      rackOf: id => metadata.image.brokers.get(id)?.rack ?? null,
      giveUpReplica: replica => offlineReplicas.giveUp(replica),
    },
    fetchers,
    configOf: (image, topic) => logConfigOf(config, image, topic),
    logger,
  })
  const lagWatch = new LagWatch({ clock, partitions, lagMsMax: () => lagMsMaxOf(config) })
  shutdown.add('partitions', () => {
    lagWatch.stop()
    partitions.close()
  })
  await metadata.subscribe((next, previous) => partitions.apply(next, previous))
  await metadata.subscribe((next, previous) => {
    // A follower that has died is waited for no longer; whether it lives is asked of the image that is shown, which comes after this.
    if (next.brokers !== previous.brokers) void metadata.appliedTo(next.revision).then(() => deletions.checkAll())
  })
  await metadata.subscribe(() => logs.updateCleanerBackoff(cleanerBackoffMsOf(config)))
  logs.setAsideStrays(({ topic, partition, topicId }) => {
    const now = metadata.image.topics.get(topic)
    const isSame = topicId === zeroTopicId || topicId === now?.topicId
    return isSame && now?.partitions[partition]?.replicas.includes(brokerId) === true
  })

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
  const producerIds = new ProducerIds(controller, () => logs.highestProducerId)
  const dependencies: HandlerDependencies = {
    platform,
    logger,
    config,
    brokerId,
    image: () => metadata.image,
    hasSession: () => membership.isAlive,
    supportedFeatures,
    controller,
    producerIds,
    partitions,
    purgatory,
    deletions,
    sessions,
    leaderThrottle,
    groups,
    logs,
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
    deletions.close()
    await drained
  })
  const bound = await server.listen(listeners)

  shutdown.add('leadership', () => membership.handOver())
  await membership.join({
    rack: config.stringOrNull('broker.rack'),
    endpoints: endpointsOf(listeners, bound, cluster !== undefined),
  })
  lagWatch.start()
  server.serve()
  // A store that is shared can be out of reach later; one of the broker's own is not asked before it must be.
  if (cluster !== undefined) void producerIds.takeAhead()
  for (const { listenerName, host, port } of bound) logger.info('listening', { listener: listenerName, host, port })
  return {
    clusterId,
    brokerId,
    get epoch() {
      return membership.epoch
    },
    get image() {
      return metadata.image
    },
    listeners: bound,
    stop: () => shutdown.run(),
  }
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
  const dataDirectory = openDataDirectory(plan, { nodeId: demandedNodeId(plan), clusterId: plan.clusterId })
  const path = `${dataDirectory.path}/${localMetadataFile}`
  const { store, cutBytes } = await LocalStore.open({ disk, clock, path })
  shutdown.add('metadata store', () => store.close())
  if (cutBytes > 0) logger.warn('cut off the end of the cluster metadata, which was not whole', { cutBytes })
  return { dataDirectory, metadata: await openMetadata(plan, store) }
}

/** The cluster comes first: a new data directory belongs to it, and gets its node id from it. */
async function openShared(plan: Plan, { store }: SharedCluster): Promise<Opened> {
  const { disk, random } = plan.platform
  const metadata = await openMetadata(plan, store)
  const found = readMetaProperties(disk, plan.dataDirectory)
  checkCluster(plan, { present: metadata.image.clusterId, found: found?.isShared ? found.clusterId : undefined })
  const config = new BrokerConfig(plan.config)
  const clusterId = await foundCluster(metadata, { random, config, clusterId: plan.clusterId ?? found?.clusterId })
  const demanded = demandedNodeId(plan) ?? found?.nodeId
  const nodeId = demanded ?? (await allocateNodeId(store))
  const dataDirectory = openDataDirectory(plan, { nodeId, clusterId, isShared: true })
  if (demanded !== undefined) await noteNodeId(store, demanded)
  return { dataDirectory, metadata }
}

/** Before anything is founded or written. An empty image has the cluster id ''. */
function checkCluster(plan: Plan, { present, found }: { present: string; found: string | undefined }): void {
  if (present !== '' && plan.clusterId !== undefined && plan.clusterId !== present) {
    throw new OdradekError(
      'other-cluster',
      `The metadata store has cluster ${present} under this prefix, not ${plan.clusterId}. Name the prefix of that cluster, or leave its id out.`,
    )
  }
  if (present === '' && found !== undefined) {
    throw new OdradekError(
      'no-cluster',
      `The data directory ${plan.dataDirectory} belongs to cluster ${found}, but the metadata store has no cluster under this prefix. Look whether the prefix is right; if the store has lost its data, restore it from a backup.`,
    )
  }
}

function openDataDirectory(
  { platform, logger, shutdown, dataDirectory: path }: Plan,
  owner: { readonly nodeId?: number | undefined; readonly clusterId?: string | undefined; readonly isShared?: boolean },
): DataDirectory {
  const { nodeId, clusterId, isShared = false } = owner
  const dataDirectory = DataDirectory.open({
    disk: platform.disk,
    random: platform.random,
    logger,
    path,
    isShared,
    ...(nodeId === undefined ? {} : { nodeId }),
    ...(clusterId === undefined ? {} : { clusterId }),
  })
  shutdown.add('data directory', () => dataDirectory.release())
  return dataDirectory
}

function logDirectoriesOf({ logDirectories, dataDirectory }: BrokerOptions): readonly string[] {
  return logDirectories ?? [dataDirectory]
}

function openLogDirectories(plan: Plan, home: DataDirectory): OpenedDataDirectories {
  const { platform, logger, shutdown, cluster } = plan
  const { disk, random } = platform
  const isShared = cluster !== undefined
  const opened = openDataDirectories(logDirectoriesOf(plan), { disk, random, logger, home, isShared })
  shutdown.add('log directories', () => {
    for (const directory of opened.dataDirectories) if (directory !== home) directory.release()
  })
  return opened
}

/** The controller has logged it. */
function ignoreStoreError(error: unknown): void {
  if (!(error instanceof MetadataStoreError)) throw error
}

/** Without one a data directory keeps the id that it has. */
function demandedNodeId({ config }: Plan): number | undefined {
  const isSet = 'node.id' in config || 'broker.id' in config
  return isSet ? new BrokerConfig(config).number('node.id') : undefined
}

async function openMetadata({ shutdown }: Plan, store: MetadataStore): Promise<ClusterMetadata> {
  const metadata = await ClusterMetadata.open(store)
  shutdown.add('metadata', () => metadata.close())
  return metadata
}

function listenersOf({ config, cluster }: BrokerOptions): ListenerPlan[] {
  const settings = new BrokerConfig(config)
  const listeners = planListeners({
    listeners: settings.list('listeners'),
    advertisedListeners: settings.list('advertised.listeners'),
    securityProtocolMap: settings.string('listener.security.protocol.map'),
    controllerListenerNames: settings.list('controller.listener.names'),
  })
  return cluster === undefined ? listeners : checkSharedListeners(listeners, settings)
}

/** Brokers of a cluster have to know each other's addresses, so that those are told that were bound, unless others are advertised. */
function endpointsOf(
  plans: readonly ListenerPlan[],
  bound: readonly BoundListener[],
  isShared: boolean,
): BrokerEndpoint[] {
  return plans.map(({ listenerName, host, advertised }, index) => {
    const port = bound[index]?.port
    const told = isShared && port !== undefined ? (advertised ?? { host, port }) : advertised
    return { listenerName, securityProtocol: 'PLAINTEXT', advertised: told }
  })
}

/** Where other brokers reach a broker: on inter.broker.listener.name, or its first listener. */
function interBrokerAddress(
  { brokers }: ClusterImage,
  config: BrokerConfig,
  brokerId: number,
): { host: string; port: number } | undefined {
  const endpoints = brokers.get(brokerId)?.endpoints ?? []
  const name = config.stringOrNull('inter.broker.listener.name')
  const endpoint = endpoints.find(({ listenerName }) => listenerName === name) ?? endpoints[0]
  return endpoint?.advertised ?? undefined
}

function checkSettings({ config, cluster, logger }: BrokerOptions): void {
  const { problems, notices } = checkBrokerConfig(config, { isAlone: cluster === undefined })
  if (problems.length > 0) {
    throw new OdradekError('invalid-config', problems.map(({ problem }) => problem).join('\n'))
  }
  for (const { problem } of notices) logger.warn(problem)
  if (cluster !== undefined) checkSessionTimeout(new BrokerConfig(config))
}

/** A store ends leases within a second or two, and a busy broker may be late by some ten milliseconds. */
const sessionTimeoutMsMin = 100

function checkSessionTimeout(config: BrokerConfig): void {
  const name = 'broker.session.timeout.ms'
  const timeoutMs = config.number(name)
  if (timeoutMs >= sessionTimeoutMsMin) return
  throw new OdradekError('invalid-config', `${name} is ${timeoutMs}, but must be at least ${sessionTimeoutMsMin}`)
}

/** In words that say what to do; bugs as they are. */
function startFailure({ dataDirectory }: BrokerOptions, error: unknown): unknown {
  if (error instanceof DiskError) return dataDirectoryFailure(dataDirectory, error)
  if (error instanceof MetadataStoreError) return new OdradekError('metadata-store', error.message, { cause: error })
  return error
}
