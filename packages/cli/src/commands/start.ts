import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { UsageError } from '../output/failure.ts'
import { printText } from '../output/print.ts'
import { keyValue } from './cluster-options.ts'

interface Flags {
  readonly listen: string
  readonly data: string
  readonly memory?: boolean
  readonly config?: string
  readonly set: ReadonlyMap<string, string>
  readonly logFormat?: 'text' | 'json'
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
}

export function startCommand(): Command {
  return new Command('start')
    .description('start a broker')
    .option('-l, --listen <host:port>', 'address to serve on; port 0 takes a free one', '127.0.0.1:9092')
    .option('-d, --data <dir>', 'directory that keeps the records', './odradek-data')
    .option('-m, --memory', 'keep everything in memory; it is gone at the end')
    .option('--config <file>', "settings by Kafka's names, as in its server.properties")
    .option('--set <key=value>', 'one setting; goes before the file (may be repeated)', keyValue('--set'), new Map())
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
  odradek start --data /var/lib/odradek --listen 0.0.0.0:9092 --set num.partitions=4`,
    )
    .action(start)
}

async function start(flags: Flags): Promise<void> {
  const { startBroker, createLogger } = await import('odradek')
  const logger = await createLogger({
    format: flags.logFormat ?? (process.stdout.isTTY ? 'text' : 'json'),
    level: flags.logLevel,
  })
  const broker = await startBroker({
    listen: flags.listen,
    ...(flags.memory ? {} : { data: resolve(flags.data) }),
    config: { ...(flags.config === undefined ? {} : readProperties(flags.config)), ...Object.fromEntries(flags.set) },
    logger,
  })
  const where = flags.memory ? 'in memory' : resolve(flags.data)
  printText(`Odradek serves on ${broker.bootstrapServers} (${where}). Stop it with Ctrl+C.\n`)
  await signalled()
  await broker.stop()
}
