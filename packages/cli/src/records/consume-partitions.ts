import { setTimeout as pause } from 'node:timers/promises'
import { Consumer, ProtocolError, type RecordsBatch, ResponseError } from '@platformatic/kafka'
import { bootstrapBrokers } from '../commands/record-client.ts'
import { UsageError } from '../output/failure.ts'
import type { ConsumedRecord } from './consumed-record.ts'

export interface PartitionsOptions {
  readonly bootstrap: string
  readonly topic: string
  /** 'beginning', 'end', an offset, -N, or a time. */
  readonly from: string
  readonly partition?: number
  /** Stop at the end that the topic had when reading began. */
  readonly exit?: boolean
  readonly signal: AbortSignal
}

interface Position {
  readonly partition: number
  offset: bigint
  /** Where to stop, where there is such a place. */
  readonly end: bigint
}

type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>

const LATEST = -1n
const EARLIEST = -2n
const RETRY_PAUSE_MS = 200
const FOR_EVER = 2n ** 62n

/** Reads a topic's partitions without being a member of a group; order holds within a partition. */
export async function* consumePartitions(options: PartitionsOptions): AsyncGenerator<ConsumedRecord> {
  const consumer = new Consumer({
    clientId: 'odradek-cli',
    // The library wants a name; without joining, no group comes to be.
    groupId: 'odradek-cli',
    bootstrapBrokers: bootstrapBrokers(options.bootstrap),
    retries: 3,
  })
  try {
    const positions = await startPositions(consumer, options)
    while (!options.signal.aborted) {
      const open = positions.filter(each => each.offset < each.end)
      if (open.length === 0) return
      yield* fetchRound(consumer, options, open)
    }
  } finally {
    await consumer.close(true)
  }
}

async function startPositions(consumer: Consumer, options: PartitionsOptions): Promise<Position[]> {
  const { topic, from } = options
  const [starts, ends] = await Promise.all([offsetsAt(consumer, topic, EARLIEST), offsetsAt(consumer, topic, LATEST)])
  if (options.partition !== undefined && options.partition >= starts.length) {
    throw new UsageError(`${topic} has the partitions 0 to ${starts.length - 1}, not ${options.partition}`)
  }
  const froms = await fromOffsets(consumer, topic, from, starts, ends)
  return starts
    .map((start, partition) => {
      const end = ends[partition] ?? start
      const wished = froms[partition] ?? start
      const offset = clamp(wished, start, end)
      return { partition, offset, end: options.exit ? end : FOR_EVER }
    })
    .filter(({ partition }) => options.partition === undefined || partition === options.partition)
}

function clamp(value: bigint, least: bigint, greatest: bigint): bigint {
  if (value < least) return least
  return value > greatest ? greatest : value
}

async function fromOffsets(
  consumer: Consumer,
  topic: string,
  from: string,
  starts: bigint[],
  ends: bigint[],
): Promise<bigint[]> {
  if (from === 'beginning') return starts
  if (from === 'end') return ends
  if (/^\d+$/.test(from)) return starts.map(() => BigInt(from))
  if (/^-\d+$/.test(from)) return ends.map(end => end + BigInt(from))
  const time = Date.parse(from)
  if (Number.isNaN(time)) throw new UsageError(`--from takes beginning, end, an offset, -N or a time, not '${from}'`)
  const found = await offsetsAt(consumer, topic, BigInt(time))
  return found.map((offset, partition) => (offset < 0n ? (ends[partition] ?? 0n) : offset))
}

async function offsetsAt(consumer: Consumer, topic: string, timestamp: bigint): Promise<bigint[]> {
  return (await consumer.listOffsets({ topics: [topic], timestamp })).get(topic) ?? []
}

/** One Fetch to each leader; records come out as the answers come in. */
async function* fetchRound(
  consumer: Consumer,
  options: PartitionsOptions,
  positions: readonly Position[],
): AsyncGenerator<ConsumedRecord> {
  const metadata = await consumer.metadata({ topics: [options.topic] })
  const topic = metadata.topics.get(options.topic)
  const byLeader = Map.groupBy(positions, ({ partition }) => topic?.partitions[partition]?.leader ?? -1)
  const inFlight = new Map(
    Array.from(byLeader, ([node, wanted]) => [
      node,
      fetchFrom(consumer, node, topic?.id ?? '', wanted).then(answer => ({ node, answer })),
    ]),
  )
  while (inFlight.size > 0) {
    const { node, answer } = await Promise.race(inFlight.values())
    inFlight.delete(node)
    for (const { partitions } of answer?.responses ?? []) {
      for (const { partitionIndex, records } of partitions) {
        const position = positions.find(each => each.partition === partitionIndex)
        if (position !== undefined) yield* take(options.topic, position, records ?? [])
      }
    }
  }
}

/** Null where another try after a pause and with new metadata may help. */
async function fetchFrom(
  consumer: Consumer,
  node: number,
  topicId: string,
  positions: readonly Position[],
): Promise<FetchResponse | null> {
  try {
    const partitions = positions.map(({ partition, offset }) => ({
      partition,
      fetchOffset: offset,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
      partitionMaxBytes: 1024 * 1024,
    }))
    return await consumer.fetch({
      node,
      topics: [{ topicId, partitions }],
      minBytes: 1,
      maxBytes: 50 * 1024 * 1024,
      maxWaitTime: 500,
    })
  } catch (error) {
    if (!canRetry(error)) throw error
    await pause(RETRY_PAUSE_MS)
    return null
  }
}

function canRetry(error: unknown): boolean {
  if (!(error instanceof ResponseError)) return false
  return error.errors.every(each => each instanceof ProtocolError && each.canRetry === true)
}

function* take(topic: string, position: Position, batches: readonly RecordsBatch[]): Generator<ConsumedRecord> {
  const CONTROL_BATCH = 0x20
  const LOG_APPEND_TIME = 0x08
  for (const batch of batches) {
    const isControl = (batch.attributes & CONTROL_BATCH) !== 0
    for (const record of isControl ? [] : batch.records) {
      const offset = batch.firstOffset + BigInt(record.offsetDelta)
      // A batch is served whole: it may begin before what was asked for.
      if (offset < position.offset || offset >= position.end) continue
      const timestamp =
        (batch.attributes & LOG_APPEND_TIME) !== 0 ? batch.maxTimestamp : batch.firstTimestamp + record.timestampDelta
      const headers = record.headers.map(([name, value]) => [name?.toString() ?? '', value] as const)
      yield { topic, partition: position.partition, offset, timestamp, key: record.key, value: record.value, headers }
    }
    const next = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n
    if (next > position.offset) position.offset = next
  }
}
