import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { printText } from '../output/print.ts'
import { table } from '../output/table.ts'
import { integer, keyValue } from './cluster-options.ts'
import { shortest } from './start.ts'
import { stopSignal } from './stop-signal.ts'

interface Flags {
  readonly brokers: number
  readonly port: number
  readonly data?: string
  readonly set?: ReadonlyMap<string, string>
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
}

const brokersByDefault = 3
const portByDefault = 9092

export function devCommand(): Command {
  return new Command('dev')
    .description('start a cluster of several brokers in one process, to develop against')
    .option('-n, --brokers <n>', 'how many brokers', integer(1, 100), brokersByDefault)
    .option(
      '-p, --port <port>',
      'port of the first broker; the others get those behind it; 0 takes free ones',
      integer(0, 65_535),
      portByDefault,
    )
    .option('-d, --data <dir>', 'directory that keeps the records (default: in memory, gone at the end)')
    .option('--set <key=value>', 'a setting of all brokers (may be repeated)', keyValue('--set'))
    .addOption(
      new Option('--log-level <level>', 'the least important lines to log')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('warn'),
    )
    .addHelpText(
      'after',
      `
Several brokers that are meant to survive anything are processes of their own: odradek start --cluster.

Examples:
  odradek dev
  odradek dev --brokers 5 --port 0 --set min.insync.replicas=2`,
    )
    .action(dev)
}

async function dev(flags: Flags): Promise<void> {
  const stop = stopSignal()
  const { startCluster, createLogger } = await import('odradek')
  const logger = await createLogger({ format: process.stderr.isTTY ? 'text' : 'json', level: flags.logLevel })
  const data = flags.data === undefined ? undefined : resolve(flags.data)
  const cluster = await startCluster({
    brokers: flags.brokers,
    config: Object.fromEntries(flags.set ?? []),
    logger,
    ...(flags.port === 0 ? {} : { port: flags.port }),
    ...(data === undefined ? {} : { data }),
  })
  const rows = cluster.brokers.map(({ nodeId, host, port }) => [nodeId, `${host}:${port}`])
  printText(`${table(['BROKER', 'ADDRESS'], rows)}\n`)
  const what = `${flags.brokers} ${flags.brokers === 1 ? 'broker' : 'brokers'}`
  const where = data === undefined ? 'in memory' : `data in ${shortest(data)}`
  printText(`A cluster of ${what} serves on ${cluster.bootstrapServers}, ${where}. Stop it with Ctrl+C.\n`)
  await stop
  await cluster.stop()
}
