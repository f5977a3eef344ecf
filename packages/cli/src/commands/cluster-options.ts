import { ClusterClient } from '@odradek/client'
import { createNodePlatform } from '@odradek/platform/node'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { OutputFormat } from '../output/print.ts'
import { bootstrapBrokers } from './record-client.ts'

export interface ClusterFlags {
  readonly bootstrap: string
  readonly format: OutputFormat
}

/** The options that every command on a cluster has. */
export function addClusterOptions(command: Command): Command {
  return command
    .addOption(
      new Option('-b, --bootstrap <host:port>', 'brokers to ask first, separated by commas')
        .default('127.0.0.1:9092')
        .env('ODRADEK_BOOTSTRAP'),
    )
    .addOption(new Option('--format <format>', 'how the result is printed').choices(['text', 'json']).default('text'))
}

/** Runs with a client of the cluster, which is closed afterwards. */
export async function withCluster(flags: ClusterFlags, run: (cluster: ClusterClient) => Promise<void>): Promise<void> {
  const cluster = new ClusterClient({
    platform: createNodePlatform(),
    bootstrap: checkBootstrap(flags.bootstrap),
    clientId: 'odradek-cli',
    timeoutMs: 15_000,
    retryForMs: 15_000,
  })
  try {
    await run(cluster)
  } finally {
    await cluster.close()
  }
}

/** As it was given, or a UsageError that says what is wrong with it. */
function checkBootstrap(bootstrap: string): string {
  bootstrapBrokers(bootstrap)
  return bootstrap
}

/** 'KEY=VALUE' options gathered into a map; the reason for a refusal names the option. */
export function keyValue(optionName: string) {
  return (text: string, before: ReadonlyMap<string, string> = new Map()): ReadonlyMap<string, string> => {
    const at = text.indexOf('=')
    if (at < 1) throw new InvalidArgumentError(`${optionName} takes KEY=VALUE`)
    return new Map([...before, [text.slice(0, at).trim(), text.slice(at + 1).trim()]])
  }
}

/** A whole number in a range. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text)
    if (!/^-?\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`it must be a whole number of at least ${min}`)
    }
    return value
  }
}
