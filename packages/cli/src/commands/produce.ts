import { createReadStream } from 'node:fs'
import { Command, Option } from 'commander'
import { UsageError } from '../output/failure.ts'
import { printNote } from '../output/print.ts'
import { type RecordInput, recordFromJson } from '../records/json.ts'
import { lines } from '../records/lines.ts'
import { addClusterOptions, type ClusterFlags, integer, keyValue, partitionCount } from './cluster-options.ts'
import { bootstrapBrokers } from './record-client.ts'

interface Flags extends ClusterFlags {
  readonly key?: string
  readonly keyDelimiter?: string
  readonly header?: ReadonlyMap<string, string>
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
    .option('-H, --header <name=value>', 'a header for all records (may be repeated)', keyValue('--header'))
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

/** One send, and at most one batch a partition. Each waits for its acknowledgement, so that the order of lines holds. */
const SEND_RECORDS_MAX = 5_000
/** Well below what brokers take in one batch (max.message.bytes) unless told otherwise. */
const SEND_BYTES_MAX = 500_000
/** @platformatic/dynamic-buffer 0.3.1 writes the distance of two timestamps in a batch with 32 bits. */
const TIME_SPAN_MAX_MS = 2n ** 31n - 1n

async function produce(topic: string, files: readonly string[], flags: Flags): Promise<void> {
  const partitions = await partitionCount(flags, topic, true)
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
  if (files.length === 0 && process.stdin.isTTY) printNote('A line a record. End with Ctrl+D.')
  let count = 0
  try {
    for await (const { file, firstLine, lines } of inputLines(files)) {
      const messages = lines.map((line, index) => {
        const input = record(line, `${file}:${firstLine + index}`, flags)
        checkPartition(topic, flags.partition ?? input.partition, partitions)
        return message(topic, input, flags)
      })
      for (const batch of batches(messages)) {
        await producer.send({ messages: batch })
        count += batch.length
      }
    }
  } catch (error) {
    if (count > 0) printNote(`Sent ${records(count)} to ${topic}, then it failed.`)
    throw error
  } finally {
    await producer.close(true)
  }
  if (!flags.quiet) printNote(`Sent ${records(count)} to ${topic}.`)
}

function records(count: number): string {
  return `${count} record${count === 1 ? '' : 's'}`
}

/** The client library would send to partition P modulo the number of partitions. */
function checkPartition(topic: string, partition: number | null, count: number): void {
  if (partition === null) return
  if (partition >= count) throw new UsageError(`${topic} has the partitions 0 to ${count - 1}, not ${partition}`)
}

function* batches(messages: readonly Message[]): Generator<Message[]> {
  let batch: Message[] = []
  let bytes = 0
  let earliest = 0n
  let latest = 0n
  for (const each of messages) {
    const size = (each.key?.length ?? 0) + (each.value?.length ?? 0)
    const { timestamp } = each
    const isFull = batch.length === SEND_RECORDS_MAX || bytes + size > SEND_BYTES_MAX
    const isFarOff = timestamp > earliest + TIME_SPAN_MAX_MS || timestamp < latest - TIME_SPAN_MAX_MS
    if (batch.length > 0 && (isFull || isFarOff)) {
      yield batch
      batch = []
      bytes = 0
    }
    if (batch.length === 0 || timestamp < earliest) earliest = timestamp
    if (batch.length === 0 || timestamp > latest) latest = timestamp
    batch.push(each)
    bytes += size
  }
  if (batch.length > 0) yield batch
}

interface InputLines {
  /** For messages. */
  readonly file: string
  /** Counted from 1. */
  readonly firstLine: number
  readonly lines: readonly Buffer[]
}

async function* inputLines(files: readonly string[]): AsyncGenerator<InputLines> {
  const inputs =
    files.length === 0
      ? [{ file: 'standard input', chunks: process.stdin }]
      : files.map(file => ({ file, chunks: createReadStream(file, { highWaterMark: 1024 * 1024 }) }))
  for (const { file, chunks } of inputs) {
    let firstLine = 1
    for await (const some of lines(chunks)) {
      yield { file, firstLine, lines: some }
      firstLine += some.length
    }
  }
}

/** @param place - of the line, for messages */
function record(line: Buffer, place: string, flags: Flags): RecordInput {
  if (flags.format === 'json') return recordFromJson(line.toString(), place)
  const plain = { headers: [], partition: null, timestamp: null }
  const delimiter = flags.keyDelimiter
  if (delimiter === undefined) return { ...plain, key: null, value: line }
  const at = line.indexOf(delimiter)
  if (at < 0) throw new UsageError(`${place} has no key delimiter '${delimiter}'`)
  return { ...plain, key: line.subarray(0, at), value: line.subarray(at + Buffer.byteLength(delimiter)) }
}

/** What the client library takes. */
interface Message {
  readonly topic: string
  readonly timestamp: bigint
  readonly key?: Buffer
  readonly value?: Buffer
  readonly partition?: number
  readonly headers?: Map<Buffer, Buffer>
}

/** The client library leaves out what is undefined: a missing value is a null on the wire. */
function message(topic: string, input: RecordInput, flags: Flags): Message {
  const key = flags.key === undefined ? input.key : Buffer.from(flags.key)
  const isNull = input.value === null || (flags.emptyAsNull && input.value.length === 0)
  const partition = flags.partition ?? input.partition
  const headers = [
    ...Array.from(flags.header ?? [], ([name, value]) => [name, Buffer.from(value)] as const),
    ...input.headers,
  ]
  return {
    topic,
    timestamp: input.timestamp ?? BigInt(Date.now()),
    ...(key === null ? {} : { key }),
    ...(isNull || input.value === null ? {} : { value: input.value }),
    ...(partition === null ? {} : { partition }),
    ...(headers.length === 0 ? {} : { headers: new Map(headers.map(([name, value]) => [Buffer.from(name), value])) }),
  }
}
