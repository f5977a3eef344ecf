import { setTimeout as pause } from 'node:timers/promises'
import {
  type ClusterTopicMetadata,
  Consumer,
  NetworkError,
  ProtocolError,
  type RecordsBatch,
  ResponseError,
} from '@platformatic/kafka'
import { bootstrapBrokers } from '../commands/record-client.ts'
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
const METADATA_AGE_MAX_MS = 5_000
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
  const found = await offsetsAt(consumer, topic, BigInt(Date.parse(from)))
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
  const topic = await again(() => topicMetadata(consumer, options.topic))
  if (topic === null) return
  const byLeader = Map.groupBy(positions, ({ partition }) => topic.partitions[partition]?.leader ?? -1)
  const inFlight = new Map(
    Array.from(byLeader, ([node, wanted]) => {
      const answered = again(() => fetchFrom(consumer, node, topic.id, wanted)).then(answer => ({ node, answer }))
      // One that fails while another's records are printed is told in its turn.
      answered.catch(() => {})
      return [node, answered]
    }),
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

async function topicMetadata(consumer: Consumer, name: string): Promise<ClusterTopicMetadata> {
  // Leaders move; the library would believe what it knows for five minutes.
  const metadata = await consumer.metadata({ topics: [name], metadataMaxAge: METADATA_AGE_MAX_MS })
  const topic = metadata.topics.get(name)
  if (topic === undefined) throw new Error(`metadata of ${name} came without it`)
  return topic
}

function fetchFrom(
  consumer: Consumer,
  node: number,
  topicId: string,
  positions: readonly Position[],
): Promise<FetchResponse> {
  const partitions = positions.map(({ partition, offset }) => ({
    partition,
    fetchOffset: offset,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    partitionMaxBytes: 1024 * 1024,
  }))
  return consumer.fetch({
    node,
    topics: [{ topicId, partitions }],
    minBytes: 1,
    maxBytes: 50 * 1024 * 1024,
    maxWaitTime: 500,
  })
}

/** Null, after a pause, where another try may help. */
async function again<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask()
  } catch (error) {
    if (!canRetry(error)) throw error
    await pause(RETRY_PAUSE_MS)
    return null
  }
}

/** A broker that restarts, a leader that moves: reading goes on when they are back. */
function canRetry(error: unknown): boolean {
  if (error instanceof Error && NetworkError.isRetryable(error)) return true
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
