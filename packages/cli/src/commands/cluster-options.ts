import { setTimeout as pause } from 'node:timers/promises'
import { ClusterClient, KafkaError } from '@odradek/client'
import { createNodePlatform } from '@odradek/platform/node'
import { errorCodes, isRetriable } from '@odradek/protocol'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { OutputFormat } from '../output/print.ts'
import { bootstrapBrokers } from './record-client.ts'

export interface ClusterFlags {
  readonly bootstrap: string
  readonly format: OutputFormat
}

/** Under which help lists them. */
export const clusterOptionsHeading = 'Cluster and output:'

/** The options that every command on a cluster has. */
export function addClusterOptions(command: Command): Command {
  return command
    .addOption(
      new Option('-b, --bootstrap <host:port>', 'brokers to ask first, separated by commas')
        .default('127.0.0.1:9092')
        .env('ODRADEK_BOOTSTRAP')
        .helpGroup(clusterOptionsHeading),
    )
    .addOption(
      new Option('--format <format>', 'how the result is printed')
        .choices(['text', 'json'])
        .default('text')
        .helpGroup(clusterOptionsHeading),
    )
}

/** Runs with a client of the cluster, which is closed afterwards. */
export async function withCluster<T>(flags: ClusterFlags, run: (cluster: ClusterClient) => Promise<T>): Promise<T> {
  const cluster = new ClusterClient({
    platform: createNodePlatform(),
    bootstrap: checkBootstrap(flags.bootstrap),
    clientId: 'odradek-cli',
    timeoutMs: 15_000,
    retryForMs: 30_000,
  })
  try {
    return await run(cluster)
  } finally {
    await cluster.close()
  }
}

/** How long a topic that is made on first use may take to be led. */
const creationMs = 2000

/**
 * The topic's number of partitions. A first word with the cluster before the client library is loaded: it reconnects for
 * ever to a broker that is not there, and waits long for a topic that does not come.
 *
 * @param create - asks the broker to make the topic where it makes topics on first use
 */
export async function partitionCount(flags: ClusterFlags, topic: string, create = false): Promise<number> {
  return withCluster(flags, async cluster => {
    // A broker may answer before the topic that it makes has a leader.
    const untilMs = performance.now() + (create ? creationMs : 0)
    for (;;) {
      const [found] = (await cluster.metadata([topic], { allowAutoTopicCreation: create })).topics
      if (found?.errorCode === errorCodes.NONE) return found.partitions.length
      if (found === undefined || performance.now() >= untilMs || !isRetriable(found.errorCode)) {
        throw absentTopic(topic, found?.errorCode ?? errorCodes.UNKNOWN_TOPIC_OR_PARTITION, create)
      }
      await pause(100)
    }
  })
}

function absentTopic(topic: string, errorCode: number, create: boolean): KafkaError {
  if (errorCode === errorCodes.LEADER_NOT_AVAILABLE) {
    return new KafkaError(errorCode, `topic '${topic}' has no leader: odradek cluster health may tell why`)
  }
  if (errorCode !== errorCodes.UNKNOWN_TOPIC_OR_PARTITION) return new KafkaError(errorCode)
  const advice = create ? `, and the broker does not make topics on first use: odradek topic create ${topic}` : ''
  return new KafkaError(errorCode, `topic '${topic}' does not exist${advice}`)
}

/** As it was given, or a UsageError that says what is wrong with it. */
function checkBootstrap(bootstrap: string): string {
  bootstrapBrokers(bootstrap)
  return bootstrap
}

/** 'KEY=VALUE' options gathered into a map; the reason for a refusal names the option. */
export function keyValue(optionName: string) {
  return (text: string, before: ReadonlyMap<string, string> | undefined = new Map()): ReadonlyMap<string, string> => {
    const at = text.indexOf('=')
    if (at < 1) throw new InvalidArgumentError(`${optionName} takes KEY=VALUE.`)
    return new Map([...before, [text.slice(0, at).trim(), text.slice(at + 1).trim()]])
  }
}

/** An option that may be given several times. */
export function repeated(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}

/** A whole number in a range. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER) {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
  return (text: string): number => {
    const value = Number(text)
    if (!/^-?\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`It must be a whole number ${range}.`)
    }
    return value
  }
}
