import { createReadStream } from 'node:fs'
import { Command, Option } from 'commander'
import { UsageError } from '../output/failure.ts'
import { printNote } from '../output/print.ts'
import { type RecordInput, recordFromJson } from '../records/json.ts'
import { lines } from '../records/lines.ts'
import { addClusterOptions, type ClusterFlags, integer, keyValue } from './cluster-options.ts'
import { bootstrapBrokers } from './record-client.ts'

interface Flags extends ClusterFlags {
  readonly key?: string
  readonly keyDelimiter?: string
  readonly header: ReadonlyMap<string, string>
  readonly partition?: number
  readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  readonly acks: 'all' | '1' | '0'
  readonly emptyAsNull?: boolean
  readonly quiet?: boolean
}

export function produceCommand(): Command {
  return addClusterOptions(new Command('produce'))
    .description('send records: a line a record, from files or standard input')
    .argument('<topic>', 'topic to send to; created where the broker creates topics on first use')
    .argument('[files...]', 'files to send instead of standard input')
    .option('-k, --key <key>', 'one key for all records')
    .option('-K, --key-delimiter <text>', 'lines are KEY, this text, VALUE')
    .option('-H, --header <name=value>', 'a header for all records', keyValue('--header'), new Map())
    .option('-p, --partition <n>', 'send to this partition only', integer(0))
    .addOption(
      new Option('-z, --compression <codec>', 'compress batches')
        .choices(['none', 'gzip', 'snappy', 'lz4', 'zstd'])
        .default('none'),
    )
    .addOption(
      new Option('--acks <acks>', 'whose acknowledgement to wait for').choices(['all', '1', '0']).default('all'),
    )
    .option('-Z, --empty-as-null', 'an empty value is a null (a tombstone)')
    .option('-q, --quiet', 'no count at the end')
    .addHelpText(
      'after',
      `
--format json reads lines of JSON instead: {"key":"a","value":"b","headers":{"h":"1"},"partition":0,"timestamp":1700000000000}

Examples:
  echo hello | odradek produce greetings
  odradek produce orders orders.txt --key-delimiter : --compression zstd`,
    )
    .action(produce)
}

const COMPLETE_BATCH = 1_000

async function produce(topic: string, files: readonly string[], flags: Flags): Promise<void> {
  const { Producer } = await import('@platformatic/kafka')
  const producer = new Producer({
    clientId: 'odradek-cli',
    bootstrapBrokers: bootstrapBrokers(flags.bootstrap),
    acks: flags.acks === 'all' ? -1 : Number(flags.acks),
    compression: flags.compression,
    idempotent: flags.acks === 'all',
    autocreateTopics: true,
    retries: 10,
    retryDelay: 200,
  })
  let count = 0
  try {
    for await (const batch of inputLines(files)) {
      const messages = batch.map(line => message(topic, record(line, flags), flags))
      for (let at = 0; at < messages.length; at += COMPLETE_BATCH) {
        await producer.send({ messages: messages.slice(at, at + COMPLETE_BATCH) })
      }
      count += messages.length
    }
  } finally {
    await producer.close(true)
  }
  if (!flags.quiet) printNote(`Sent ${count} record${count === 1 ? '' : 's'} to ${topic}.`)
}

async function* inputLines(files: readonly string[]): AsyncGenerator<Buffer[]> {
  if (files.length === 0) yield* lines(process.stdin)
  for (const file of files) yield* lines(createReadStream(file))
}

function record(line: Buffer, flags: Flags): RecordInput {
  if (flags.format === 'json') return recordFromJson(line.toString())
  const plain = { headers: [], partition: null, timestamp: null }
  const delimiter = flags.keyDelimiter
  if (delimiter === undefined) return { ...plain, key: null, value: line }
  const at = line.indexOf(delimiter)
  if (at < 0) throw new UsageError(`a line has no key delimiter '${delimiter}': ${line.subarray(0, 100)}`)
  return { ...plain, key: line.subarray(0, at), value: line.subarray(at + Buffer.byteLength(delimiter)) }
}

/** The client library leaves out what is undefined: a missing value is a null on the wire. */
function message(topic: string, input: RecordInput, flags: Flags) {
  const key = flags.key === undefined ? input.key : Buffer.from(flags.key)
  const isNull = input.value === null || (flags.emptyAsNull && input.value.length === 0)
  const partition = flags.partition ?? input.partition
  const headers = [
    ...Array.from(flags.header, ([name, value]) => [name, Buffer.from(value)] as const),
    ...input.headers,
  ]
  return {
    topic,
    ...(key === null ? {} : { key }),
    ...(isNull || input.value === null ? {} : { value: input.value }),
    ...(partition === null ? {} : { partition }),
    ...(input.timestamp === null ? {} : { timestamp: input.timestamp }),
    ...(headers.length === 0 ? {} : { headers: new Map(headers.map(([name, value]) => [Buffer.from(name), value])) }),
  }
}
