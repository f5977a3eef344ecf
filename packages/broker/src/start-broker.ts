import { createMemoryDisk } from '@odradek/platform'
import { absolutePath, createNodePlatform } from '@odradek/platform/node'
import { createBroker } from './broker.ts'
import { type Logger, silentLogger } from './logger.ts'
import { OdradekError } from './odradek-error.ts'
import { type ClusterAddress, openEtcdStore } from './open-etcd-store.ts'
import { isWildcard, listenerAt } from './server/listener-config.ts'

export interface StartBrokerOptions {
  /**
   * Directory that keeps the records; made where it is missing. Several are named by the setting log.dirs instead.
   * Without one all is kept in memory and gone at the end.
   */
  readonly data?: string
  /** HOST:PORT; port 0, the default, takes a free one. Config `listeners` says more, and then this must be left out. */
  readonly listen?: string
  /** A broker's settings by Kafka's names. */
  readonly config?: Readonly<Record<string, string | number | boolean>>
  /** Says nothing unless given. */
  readonly logger?: Logger
  /** Demanded of an existing data directory; a new one takes it, or a random id. */
  readonly clusterId?: string
  /** One of several brokers, which share what is stored there. Without it the broker is a cluster of its own. */
  readonly cluster?: ClusterAddress
}

/** A broker that serves. */
export interface RunningBroker extends AsyncDisposable {
  /** For clients: HOST:PORT of the first listener. */
  readonly bootstrapServers: string
  readonly host: string
  readonly port: number
  readonly clusterId: string
  readonly nodeId: number
  /** Lets go of everything: answers what is under way, writes what is owed, frees port and directory. Bounded; idempotent. */
  stop(): Promise<void>
}

const memoryDirectory = '/odradek'

/** Starts a broker in this process. When it resolves, clients are served. Throws OdradekError with what to do. */
export async function startBroker(options: StartBrokerOptions = {}): Promise<RunningBroker> {
  const config: Record<string, string> = {}
  for (const [name, value] of Object.entries(options.config ?? {})) config[name] = String(value)
  const logDirectories = logDirectoriesOf(options.data, config)
  const node = createNodePlatform()
  const platform = logDirectories === null ? { ...node, disk: createMemoryDisk({ clock: node.clock }) } : node
  const listeners = listenersOf(options.listen, config)
  const broker = await createBroker({
    platform,
    ...(options.cluster === undefined ? {} : { cluster: { store: await openEtcdStore(options.cluster, platform) } }),
    ...directoriesOf(logDirectories, options, config),
    config: { ...config, ...listeners },
    logger: options.logger ?? silentLogger,
    ...(options.clusterId === undefined ? {} : { clusterId: options.clusterId }),
  })
  const [first] = broker.listeners
  if (first === undefined) throw new Error('a broker has at least one listener')
  const host = isWildcard(first.host) ? 'localhost' : first.host
  return {
    bootstrapServers: host.includes(':') ? `[${host}]:${first.port}` : `${host}:${first.port}`,
    host,
    port: first.port,
    clusterId: broker.clusterId,
    nodeId: broker.brokerId,
    stop: () => broker.stop(),
    [Symbol.asyncDispose]: () => broker.stop(),
  }
}

/** Absolute; null for memory. */
function logDirectoriesOf(data: string | undefined, config: Readonly<Record<string, string>>): string[] | null {
  const named = data === undefined ? (config['log.dirs'] ?? config['log.dir']) : undefined
  if (named === undefined) return data === undefined ? null : [absolutePath(data)]
  const directories = named
    .split(',')
    .map(directory => directory.trim())
    .filter(directory => directory !== '')
  if (directories.length > 0) return directories.map(absolutePath)
  throw new OdradekError('invalid-config', 'log.dirs names no directory')
}

/** Metadata that is the broker's own lies in metadata.log.dir, or in the first of the others. */
function directoriesOf(
  logDirectories: readonly string[] | null,
  { cluster }: StartBrokerOptions,
  config: Readonly<Record<string, string>>,
): { dataDirectory: string; logDirectories?: readonly string[] } {
  if (logDirectories === null) return { dataDirectory: memoryDirectory }
  const chosen = cluster === undefined ? config['metadata.log.dir'] : undefined
  const dataDirectory = chosen === undefined ? (logDirectories[0] ?? memoryDirectory) : absolutePath(chosen)
  const isFirst = (directory: string) => directory === dataDirectory
  // A broker cannot do without the first one.
  return { dataDirectory, logDirectories: logDirectories.toSorted((a, b) => Number(isFirst(b)) - Number(isFirst(a))) }
}

function listenersOf(listen: string | undefined, config: Readonly<Record<string, string>>): Record<string, string> {
  if (listen === undefined) return 'listeners' in config ? {} : { listeners: 'PLAINTEXT://127.0.0.1:0' }
  if ('listeners' in config) {
    throw new OdradekError('invalid-config', 'say either listen or the setting listeners, not both')
  }
  return { listeners: listenerAt(listen) }
}
