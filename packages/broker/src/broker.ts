/** The composition root: reads like the parts list. The only file that knows everyone. */
import { DiskError, type Platform } from '@odradek/platform'
import { GroupCoordinator, offsetsTopic } from './coordinator/group-coordinator.ts'
import { groupCoordinatorConfig } from './coordinator/group-coordinator-config.ts'
import { PartitionCoordinatorLog } from './coordinator/partition-coordinator-log.ts'
import { type ClusterImage, overridesOf } from './core/cluster/cluster-image.ts'
import { supportedFeatures } from './core/cluster/features.ts'
import { BrokerConfig, checkBrokerConfig } from './core/config/broker-config.ts'
import { DataDirectory, dataDirectoryFailure } from './log/data-directory.ts'
import { LogManager } from './log/log-manager.ts'
import type { Logger } from './logger.ts'
import { ClusterMetadata } from './metadata/cluster-metadata.ts'
import { Controller } from './metadata/controller.ts'
import { joinCluster } from './metadata/join-cluster.ts'
import { LocalStore } from './metadata/local-store.ts'
import { ProducerIds } from './metadata/producer-ids.ts'
import { OdradekError } from './odradek-error.ts'
import { FetchPurgatory } from './replication/fetch-purgatory.ts'
import { FetchSessionCache } from './replication/fetch-session-cache.ts'
import { cleanerBackoffMsOf, logConfigOf, logManagerConfigOf } from './replication/log-configs.ts'
import { PartitionRegistry } from './replication/partition-registry.ts'
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

async function start({ platform, logger, config, listeners, shutdown, ...options }: Plan): Promise<Broker> {
  const { clock, random, disk } = platform
  const brokerId = config.number('node.id')

  const dataDirectory = DataDirectory.open({
    disk,
    random,
    logger,
    path: options.dataDirectory,
    nodeId: brokerId,
    ...(options.clusterId === undefined ? {} : { clusterId: options.clusterId }),
  })
  shutdown.add('data directory', () => dataDirectory.release())

  const { store, cutBytes } = await LocalStore.open({
    disk,
    clock,
    path: `${dataDirectory.path}/cluster-metadata.jsonl`,
  })
  shutdown.add('metadata store', () => store.close())
  if (cutBytes > 0) logger.warn('cut off the end of the cluster metadata, which was not whole', { cutBytes })
  const metadata = await ClusterMetadata.open(store)
  shutdown.add('metadata', () => metadata.close())
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

  const purgatory = new FetchPurgatory(clock)
  const partitions = new PartitionRegistry({
    logs,
    clock,
    purgatory,
    brokerId,
    configOf: (image, topic) => logConfigOf(config, image, topic),
    logger,
  })
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

  const controller = new Controller({ metadata, config, random, brokerId, logger })
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

  const clusterId = await joinCluster({
    metadata,
    random,
    brokerId,
    clusterId: dataDirectory.clusterId,
    registration: {
      rack: config.stringOrNull('broker.rack'),
      fenced: false,
      endpoints: listeners.map(({ listenerName, advertised }) => ({
        listenerName,
        securityProtocol: 'PLAINTEXT',
        advertised,
      })),
    },
  })
  server.serve()
  for (const { listenerName, host, port } of bound) logger.info('listening', { listener: listenerName, host, port })
  return { clusterId, brokerId, listeners: bound, stop: () => shutdown.run() }
}

/** Kafka's MIN_INCREMENTAL_FETCH_SESSION_EVICTION_MS. */
const fetchSessionEvictionMs = 120_000

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
