import { createMemoryDisk, DiskError, type Platform } from '@odradek/platform'
import { absolutePath, createNodePlatform } from '@odradek/platform/node'
import { isRunning } from './core/cluster/cluster-image.ts'
import { type ClusterBroker, EmbeddedBroker } from './embedded/embedded-broker.ts'
import { brokerDirectory, refuseBrokerAt } from './log/broker-directories.ts'
import { dataDirectoryFailure } from './log/data-directory.ts'
import { localMetadataFile } from './log/file-names.ts'
import { type LogFields, type Logger, silentLogger } from './logger.ts'
import { LocalStore } from './metadata/local-store.ts'
import { SharedLocalStore } from './metadata/shared-local-store.ts'
import { OdradekError } from './odradek-error.ts'

export interface StartClusterOptions {
  /** How many; 3 unless given. They have the ids 1, 2, 3… */
  readonly brokers?: number
  /** Directory that keeps the records; made where it is missing. Without one all is kept in memory and gone at the end. */
  readonly data?: string
  /** Port of the first broker; the others get those behind it. Without it all take free ones. */
  readonly port?: number
  /** Where the brokers stand, one after the other, and again from the first when there are more brokers. */
  readonly racks?: readonly string[]
  /**
   * Settings of all brokers by Kafka's names. Other defaults than Kafka's: topics have as many copies as there are brokers, at
   * most three, and the cluster waits two seconds for a sign of life (broker.session.timeout.ms).
   */
  readonly config?: Readonly<Record<string, string | number | boolean>>
  /** Says nothing unless given. Each line has the field nodeId. */
  readonly logger?: Logger
  /** Demanded of an existing data directory; a new one takes it, or a random id. */
  readonly clusterId?: string
}

/** Several brokers that serve, all in this process. */
export interface RunningCluster extends AsyncDisposable {
  /** For clients: HOST:PORT of every broker, separated by commas. */
  readonly bootstrapServers: string
  readonly clusterId: string
  /** By node id. */
  readonly brokers: readonly ClusterBroker[]
  /** Throws OdradekError for an id that no broker has. */
  broker(nodeId: number): ClusterBroker
  /** Who leads a partition now, as the brokers know; null while nobody does. */
  leaderOf(topic: string, partition: number): ClusterBroker | null
  /** Who decides for the cluster now; null while nobody does. */
  controller(): ClusterBroker | null
  /** Lets go of everything. Bounded; idempotent. */
  stop(): Promise<void>
}

const brokersMax = 100
const memoryDirectory = '/odradek'
/** For the brokers to know each other and a controller, after each of them has started. */
const readyMs = 30_000
const pollMs = 2

/**
 * Starts several brokers in this process, on one event loop, and a store in memory that they share. When it resolves, all are
 * registered, know each other, and have a controller. Throws OdradekError with what to do.
 */
export async function startCluster(options: StartClusterOptions = {}): Promise<RunningCluster> {
  const count = options.brokers ?? 3
  checkOptions(options, count)
  const node = createNodePlatform()
  const data = options.data === undefined ? undefined : absolutePath(options.data)
  const store = await openStore(node, data)
  const brokers = Array.from({ length: count }, (_, index) => {
    const nodeId = index + 1
    return new EmbeddedBroker({
      nodeId,
      platform: data === undefined ? { ...node, disk: createMemoryDisk({ clock: node.clock }) } : node,
      dataDirectory: data === undefined ? memoryDirectory : brokerDirectory(data, nodeId),
      port: options.port === undefined ? 0 : options.port + index,
      config: configOf(options, { count, index }),
      logger: loggerOf(options.logger ?? silentLogger, nodeId),
      store,
      clusterId: options.clusterId,
    })
  })
  const cluster = new EmbeddedCluster(brokers, store)
  try {
    await Promise.all(brokers.map(broker => broker.start()))
    await becomeReady(brokers, node)
  } catch (error) {
    await cluster.stop()
    throw error
  }
  return cluster
}

class EmbeddedCluster implements RunningCluster {
  readonly brokers: readonly EmbeddedBroker[]
  readonly #store: SharedLocalStore
  #stopping: Promise<void> | null = null

  constructor(brokers: readonly EmbeddedBroker[], store: SharedLocalStore) {
    this.brokers = brokers
    this.#store = store
  }

  get bootstrapServers(): string {
    return this.brokers.map(({ host, port }) => `${host}:${port}`).join()
  }

  get clusterId(): string {
    return this.brokers[0]?.clusterId ?? ''
  }

  broker(nodeId: number): EmbeddedBroker {
    const broker = this.#find(nodeId)
    if (broker !== null) return broker
    throw new OdradekError('no-such-broker', `There is no broker ${nodeId}: they are 1 to ${this.brokers.length}.`)
  }

  leaderOf(topic: string, partition: number): EmbeddedBroker | null {
    return this.#find(this.#image()?.topics.get(topic)?.partitions[partition]?.leader)
  }

  controller(): EmbeddedBroker | null {
    return this.#find(this.#image()?.controllerId)
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #stop(): Promise<void> {
    await Promise.all(this.brokers.map(broker => broker.retire()))
    await this.#store.close()
  }

  #find(nodeId: number | undefined): EmbeddedBroker | null {
    return this.brokers.find(broker => broker.nodeId === nodeId) ?? null
  }

  /** Of whoever knows most. */
  #image() {
    const images = this.brokers.map(({ image }) => image).filter(image => image !== null)
    return images.sort((a, b) => b.revision - a.revision)[0] ?? null
  }
}

const ids = 'the brokers have the ids 1, 2, 3…'
const racks = 'the option racks of startCluster says where they stand'
const ports = 'the option port says where they serve'
const directories = 'the option data says where their data lie'
/** Settings that would have to be different for each broker, and what there is instead. */
const ownSettings = {
  'node.id': ids,
  'broker.id': ids,
  'broker.rack': racks,
  listeners: ports,
  'advertised.listeners': ports,
  'log.dir': directories,
  'log.dirs': directories,
}

function checkOptions({ config = {}, port = 0, racks }: StartClusterOptions, count: number): void {
  const refuse = (problem: string) => new OdradekError('invalid-config', problem)
  if (!Number.isInteger(count) || count < 1 || count > brokersMax) {
    throw refuse(`brokers is ${count}: it must be a whole number from 1 to ${brokersMax}`)
  }
  if (!Number.isInteger(port) || port < 0 || port + count - 1 > 65_535) {
    throw refuse(`port is ${port}: there are no ${count} ports from there on`)
  }
  if (racks?.length === 0) throw refuse('racks is empty: leave it out, or name one')
  for (const [name, instead] of Object.entries(ownSettings)) {
    if (name in config) throw refuse(`the setting ${name} would be the same for all brokers: leave it out, ${instead}`)
  }
}

function configOf(
  options: StartClusterOptions,
  { count, index }: { count: number; index: number },
): Record<string, string> {
  const copies = String(Math.min(count, 3))
  const config: Record<string, string> = {
    'broker.session.timeout.ms': '2000',
    'default.replication.factor': copies,
    'offsets.topic.replication.factor': copies,
  }
  for (const [name, value] of Object.entries(options.config ?? {})) config[name] = String(value)
  const racks = options.racks ?? []
  const rack = racks[index % racks.length]
  return rack === undefined ? config : { ...config, 'broker.rack': rack }
}

/** It is no broker: no fault befalls it. */
async function openStore({ clock, disk }: Platform, data: string | undefined): Promise<SharedLocalStore> {
  const directory = data === undefined ? memoryDirectory : `${data}/metadata`
  const own = data === undefined ? createMemoryDisk({ clock }) : disk
  if (data !== undefined) refuseBrokerAt(disk, data, { mayJoin: false })
  try {
    own.makeDirectorySync(directory)
    const { store } = await LocalStore.open({ disk: own, clock, path: `${directory}/${localMetadataFile}` })
    return new SharedLocalStore(store)
  } catch (error) {
    throw error instanceof DiskError ? dataDirectoryFailure(directory, error) : error
  }
}

function loggerOf(logger: Logger, nodeId: number): Logger {
  const own = (fields?: LogFields): LogFields => ({ nodeId, ...fields })
  return {
    get debugEnabled() {
      return logger.debugEnabled
    },
    debug: (message, fields) => logger.debug(message, own(fields)),
    info: (message, fields) => logger.info(message, own(fields)),
    warn: (message, fields) => logger.warn(message, own(fields)),
    error: (message, fields) => logger.error(message, own(fields)),
  }
}

/** A broker serves as soon as it is registered; here the others are to know of it, too. */
async function becomeReady(brokers: readonly EmbeddedBroker[], { clock }: Platform): Promise<void> {
  const untilMs = clock.monotonic() + readyMs
  const isReady = ({ image }: EmbeddedBroker) =>
    image !== null && [image.controllerId, ...brokers.map(({ nodeId }) => nodeId)].every(id => isRunning(image, id))
  while (!brokers.every(isReady)) {
    if (clock.monotonic() > untilMs) {
      throw new OdradekError('cluster-not-ready', `The brokers have not found each other within ${readyMs} ms.`)
    }
    await new Promise<void>(resolve => void clock.after(pollMs, resolve))
  }
}
