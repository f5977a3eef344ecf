import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { createNodePlatform } from '@odradek/platform/node'
import { Command, Option } from 'commander'
import { UsageError } from '../output/failure.ts'
import { printText } from '../output/print.ts'
import { integer, keyValue } from './cluster-options.ts'
import { addEtcdOptions, clusterAddress, type EtcdFlags } from './etcd-options.ts'
import { stopSignal } from './stop-signal.ts'

interface Flags extends EtcdFlags {
  readonly listen?: string
  readonly data?: string
  readonly memory?: boolean
  readonly clusterId?: string
  readonly nodeId?: number
  readonly rack?: string
  readonly processes: number
  readonly config?: string
  readonly set?: ReadonlyMap<string, string>
  readonly logFormat?: 'text' | 'json'
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
}

export function startCommand(): Command {
  return addEtcdOptions(new Command('start'))
    .description('start a broker')
    .option('-l, --listen <host:port>', 'address to serve on (default: 127.0.0.1:9092); port 0 takes a free one')
    .option('-d, --data <dir>', 'directory that keeps the records (default: ./odradek-data)')
    .option('-m, --memory', 'keep everything in memory; it is gone at the end')
    .option('--cluster-id <id>', 'the cluster that the data must belong to; a new one takes it')
    .option(
      '--node-id <n>',
      'number of this broker (default: as the data has it, else the next that is free)',
      integer(0),
    )
    .option('--rack <name>', 'where this broker stands: copies are spread over racks')
    .option(
      '--processes <n>',
      'so many brokers of the cluster on this host, one for each core that they may use',
      integer(1, 1000),
      1,
    )
    .option('--config <file>', "settings by Kafka's names, as in its server.properties")
    .option('--set <key=value>', 'one setting; goes before the file (may be repeated)', keyValue('--set'))
    .addOption(
      new Option('--log-format <format>', 'log lines for people or programs (default: text on a terminal)').choices([
        'text',
        'json',
      ]),
    )
    .addOption(
      new Option('--log-level <level>', 'the least important lines to log')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .addHelpText(
      'after',
      `
Examples:
  odradek start
  odradek start --memory --listen 127.0.0.1:0
  odradek start --data /var/lib/odradek --listen 0.0.0.0:9092 --set num.partitions=4
  odradek start --cluster etcd://etcd-1:2379,etcd-2:2379,etcd-3:2379/orders --listen broker-1:9092 --rack a
  odradek start --cluster etcd://etcd-1:2379/orders --listen broker-1:9092 --processes 4`,
    )
    .action(start)
}

const DEFAULT_LISTEN = '127.0.0.1:9092'
const DEFAULT_DATA = './odradek-data'

async function start(flags: Flags): Promise<void> {
  // From now on: who stops a broker while it starts wants it to stop in order, too.
  const stop = stopSignal()
  const config: Record<string, string> = {
    ...(flags.config === undefined ? {} : await readProperties(flags.config)),
    ...Object.fromEntries(flags.set ?? []),
    ...(flags.nodeId === undefined ? {} : { 'node.id': String(flags.nodeId) }),
    ...(flags.rack === undefined ? {} : { 'broker.rack': flags.rack }),
  }
  if (flags.processes > 1) return startSeveral(flags, config, stop)
  const { startBroker, createLogger } = await import('odradek')
  const cluster = clusterAddress(flags)
  const listen = flags.listen ?? ('listeners' in config ? undefined : DEFAULT_LISTEN)
  const data = dataDirectories(flags, config)
  if (data === null) {
    // Where the file would keep the data says nothing when nothing is kept.
    delete config['log.dirs']
    delete config['log.dir']
    delete config['metadata.log.dir']
  } else if (data.length > 1) config['log.dirs'] = data.join()
  const logger = await createLogger({
    format: flags.logFormat ?? (process.stderr.isTTY ? 'text' : 'json'),
    level: flags.logLevel,
  })
  const broker = await startBroker({
    config,
    logger,
    ...(listen === undefined ? {} : { listen }),
    ...(data?.length === 1 && data[0] !== undefined ? { data: data[0] } : {}),
    ...(flags.clusterId === undefined ? {} : { clusterId: flags.clusterId }),
    ...(cluster === undefined ? {} : { cluster }),
  })
  const where = data === null ? 'in memory' : `data in ${data.map(shortest).join(', ')}`
  const who = cluster === undefined ? 'Odradek' : `Node ${broker.nodeId} of cluster ${broker.clusterId}`
  printText(`${who} serves on ${broker.bootstrapServers}, ${where}. Stop it with Ctrl+C.\n`)
  const signal = await stop
  logger.info('stopping', { signal })
  await broker.stop()
  logger.info('stopped')
}

/** Settings that can be only one broker's. */
const ownSettings = ['node.id', 'broker.id', 'listeners', 'advertised.listeners']

async function startSeveral(flags: Flags, config: Record<string, string>, stop: Promise<unknown>): Promise<void> {
  const cluster = clusterAddress(flags)
  if (cluster === undefined) {
    throw new UsageError('--processes needs --cluster: the brokers find each other there (odradek dev needs none)')
  }
  const own = ownSettings.find(name => name in config)
  if (own !== undefined) {
    throw new UsageError(
      `--processes starts several brokers, and ${own} can be the setting of one only: leave it out. Each gets and keeps a node id of its own, and a port behind that of --listen`,
    )
  }
  const directories = dataDirectories(flags, config)
  if (directories !== null && directories.length > 1) {
    throw new UsageError('--processes keeps the data of all brokers in one directory: name one in log.dirs')
  }
  const several = { count: flags.processes, listen: flags.listen ?? DEFAULT_LISTEN, data: directories?.[0] ?? null }
  const { checkSeveral } = await import('odradek')
  checkSeveral({ ...several, disk: createNodePlatform().disk, cluster, config })
  const { startProcesses } = await import('./start-processes.ts')
  await startProcesses({ ...several, args: process.argv.slice(2), rack: config['broker.rack'] }, stop)
}

/** As a person would write it from here. */
export function shortest(path: string): string {
  const fromHere = relative(process.cwd(), path)
  return fromHere.startsWith('..') || fromHere.length > path.length ? path : fromHere || '.'
}

/** Null for memory. */
function dataDirectories(flags: Flags, config: Record<string, string>): string[] | null {
  if (flags.memory) {
    if (flags.data !== undefined) throw new UsageError('--memory keeps nothing in a directory: leave out --data')
    return null
  }
  if (flags.data !== undefined) return [resolve(flags.data)]
  const named = (config['log.dirs'] ?? config['log.dir'] ?? DEFAULT_DATA).split(',').map(directory => directory.trim())
  if (named.includes('')) throw new UsageError('log.dirs has a directory without a name')
  return named.map(directory => resolve(directory))
}

async function readProperties(path: string): Promise<Record<string, string>> {
  const { parse } = await import('dot-properties')
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read the settings in ${path} (--config): ${whyUnreadable(error)}`)
  }
  const settings: Record<string, string> = {}
  for (const [name, value] of Object.entries(parse(text))) settings[name] = String(value)
  return settings
}

function whyUnreadable(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  switch ('code' in error ? error.code : '') {
    case 'ENOENT':
      return 'there is no such file'
    case 'EISDIR':
      return 'it is a directory'
    case 'EACCES':
      return 'this user may not read it'
    default:
      return error.message
  }
}
