/** The log's APIs: Produce, Fetch, ListOffsets, OffsetForLeaderEpoch, InitProducerId, DeleteRecords, DescribeProducers. */
import {
  deleteRecordsRequest,
  deleteRecordsResponse,
  describeProducersRequest,
  describeProducersResponse,
  fetchRequest,
  fetchResponse,
  initProducerIdRequest,
  initProducerIdResponse,
  listOffsetsRequest,
  listOffsetsResponse,
  offsetForLeaderEpochRequest,
  offsetForLeaderEpochResponse,
  produceRequest,
  produceResponse,
} from '@odradek/protocol'
import { ask, pause, type Step } from '../step.ts'
import type { Producer, World } from '../world.ts'
import { baseTimestamp, buildBatch, planBatch } from './batches.ts'
import { askAny, type Scope, somePartition, someTopic, versionOf } from './scope.ts'

const produceApi = { request: produceRequest, response: produceResponse }
const fetchApi = { request: fetchRequest, response: fetchResponse }
const producerLabels = ['p', 'q'] as const

export function produce(scope: Scope): Step[] {
  const { random } = scope
  const version = versionOf(scope, produceApi)
  const acks = random.mostly(-1, [1, 0, 2], 0.8)
  const targets = random.chance(0.8) ? [planTarget(scope)] : [planTarget(scope), planTarget(scope)]
  const timeoutMs = random.mostly(5_000, [0, -1])
  return [
    ask(
      produceApi,
      version,
      world => ({
        transactionalId: null,
        acks,
        timeoutMs,
        topicData: byTopic(targets, target => target.partition).map(([topic, ofTopic]) => ({
          name: topic,
          topicId: world.topicId(topic),
          partitionData: ofTopic.map(target => ({ index: target.partition, records: target.records(world) })),
        })),
      }),
      { expectsAnswer: acks !== 0 },
    ),
    // What fails without an answer closes the connection, which the next request has to find closed.
    ...(acks === 0 ? [pause(100)] : []),
  ]
}

interface Target {
  readonly topic: string
  readonly partition: number
  readonly records: (world: World) => Buffer
}

function planTarget(scope: Scope): Target {
  const { random } = scope
  const topic = someTopic(scope)
  const partition = somePartition(scope, topic)
  const plan = planBatch(random)
  if (random.chance(0.5)) return { topic, partition, records: () => buildBatch(plan) }

  const label = random.pick(producerLabels)
  const key = `${label} ${topic} ${partition}`
  const next = scope.sequences.get(key) ?? 0
  const baseSequence = random.mostly(next, [next - plan.records.length, next + 1, 0, -1, 0x7fffffff], 0.7)
  if (baseSequence === next) scope.sequences.set(key, next + plan.records.length)
  const stray = random.chance(0.05) ? random.pick<Partial<Producer>>([{ producerEpoch: 5 }, { producerId: 8e15 }]) : {}
  return {
    topic,
    partition,
    records(world) {
      const producer = { ...world.producer(label), ...stray }
      // A producer that was never given an id sends plain batches.
      return buildBatch(plan, producer.producerId < 0 ? {} : { ...producer, baseSequence })
    },
  }
}

/** A request names a topic once, with its partitions, each once: what Kafka makes of doubles depends on its hash tables. */
function byTopic<T extends { topic: string }>(
  targets: readonly T[],
  partitionOf: (target: T) => number,
): [string, T[]][] {
  const distinct = new Map(targets.map(target => [`${target.topic} ${partitionOf(target)}`, target]))
  return [...Map.groupBy(distinct.values(), target => target.topic)]
}

export function initProducerId(scope: Scope): Step[] {
  const { random } = scope
  const label = random.pick(producerLabels)
  const api = { request: initProducerIdRequest, response: initProducerIdResponse }
  const again = random.chance(0.15)
  const timeout = random.mostly(60_000, [0, -1, 2_147_483_647])
  for (const key of [...scope.sequences.keys()]) if (key.startsWith(`${label} `)) scope.sequences.delete(key)
  const learn = (answer: Producer & { errorCode: number }, world: World) => {
    if (answer.errorCode === 0) world.learnProducer(label, answer)
  }
  return [
    askAny(
      scope,
      api,
      version => world => ({
        transactionalId: null,
        transactionTimeoutMs: timeout,
        ...(again && version >= 3 ? world.producer(label) : {}),
      }),
      { learn },
    ),
  ]
}

export function fetch(scope: Scope): Step[] {
  const { random } = scope
  const version = versionOf(scope, fetchApi)
  const partitions = Array.from({ length: random.int(1, 3) }, () => planFetch(scope, version))
  const session = random.mostly<'none' | 'new' | 'next' | 'wrong epoch' | 'unknown'>(
    'none',
    ['new', 'next', 'next', 'wrong epoch', 'unknown'],
    0.6,
  )
  const forget = session === 'next' && random.chance(0.3) ? [planFetch(scope, version)] : []
  const common = {
    maxWaitMs: random.mostly(0, [1, 30, -1]),
    minBytes: random.mostly(0, [1, 100_000, -1]),
    maxBytes: random.mostly(1_000_000, [0, 1, 200, 5_000, 0x7fffffff], 0.7),
    isolationLevel: random.mostly(0, [1]),
    rackId: random.mostly('', ['rack'], 0.95),
  }
  return [
    ask(
      fetchApi,
      version,
      world => ({
        ...common,
        ...sessionFields(version, session, world),
        topics: byTopic(partitions, target => target.partition).map(([topic, ofTopic]) => ({
          topic,
          topicId: world.topicId(topic),
          partitions: ofTopic.map(({ topic: _, ...fields }) => fields),
        })),
        forgottenTopicsData:
          version < 7
            ? []
            : forget.map(({ topic, partition }) => ({
                topic,
                topicId: world.topicId(topic),
                partitions: [partition],
              })),
      }),
      {
        learn(answer, world) {
          if (answer.errorCode === 0 && answer.sessionId !== 0) world.fetchSessionId = answer.sessionId
        },
      },
    ),
  ]
}

function planFetch(scope: Scope, version: number) {
  const { random } = scope
  const topic = someTopic(scope)
  return {
    topic,
    partition: somePartition(scope, topic),
    currentLeaderEpoch: random.mostly(-1, [0, 1, 7]),
    fetchOffset: random.mostly(random.int(0, 12), [0, -1, 1_000, 9e15, -2], 0.7),
    lastFetchedEpoch: version >= 12 ? random.mostly(-1, [0, 3], 0.9) : -1,
    partitionMaxBytes: random.mostly(100_000, [0, 1, 150, 400], 0.6),
  }
}

function sessionFields(version: number, session: string, world: World): { sessionId?: number; sessionEpoch?: number } {
  if (version < 7) return {}
  switch (session) {
    case 'new':
      return { sessionId: 0, sessionEpoch: 0 }
    case 'next':
      return world.fetchSessionId === 0
        ? { sessionId: 0, sessionEpoch: 0 }
        : { sessionId: world.fetchSessionId, sessionEpoch: 1 }
    case 'wrong epoch':
      return { sessionId: world.fetchSessionId, sessionEpoch: 77 }
    case 'unknown':
      return { sessionId: 123_456_789, sessionEpoch: 1 }
    default:
      return { sessionId: 0, sessionEpoch: -1 }
  }
}

export function listOffsets(scope: Scope): Step[] {
  const { random } = scope
  const api = { request: listOffsetsRequest, response: listOffsetsResponse }
  const targets = Array.from({ length: random.int(1, 2) }, () => {
    const topic = someTopic(scope)
    return {
      topic,
      partitionIndex: somePartition(scope, topic),
      currentLeaderEpoch: random.mostly(-1, [0, 1, 7]),
      timestamp: random.pick([
        -1,
        -2,
        -3,
        -4,
        -5,
        -6,
        -7,
        0,
        baseTimestamp,
        baseTimestamp + 30,
        baseTimestamp + 1e6,
        9e15,
      ]),
    }
  })
  const isolationLevel = random.mostly(0, [1])
  const replicaId = random.mostly(-1, [-2], 0.95)
  const topics = byTopic(targets, target => target.partitionIndex).map(([name, partitions]) => ({
    name,
    partitions: partitions.map(({ topic: _, ...fields }) => fields),
  }))
  return [askAny(scope, api, version => () => ({ replicaId, ...(version >= 2 ? { isolationLevel } : {}), topics }))]
}

export function offsetForLeaderEpoch(scope: Scope): Step[] {
  const { random } = scope
  const api = { request: offsetForLeaderEpochRequest, response: offsetForLeaderEpochResponse }
  const topic = someTopic(scope)
  const partitions = [
    {
      partition: somePartition(scope, topic),
      currentLeaderEpoch: random.mostly(-1, [0, 1, 7]),
      leaderEpoch: random.pick([0, 0, 0, 1, -1, -2, 9]),
    },
  ]
  const replicaId = random.mostly(-1, [-2], 0.9)
  return [askAny(scope, api, () => () => ({ replicaId, topics: [{ topic, partitions }] }))]
}

export function deleteRecords(scope: Scope): Step[] {
  const { random } = scope
  const api = { request: deleteRecordsRequest, response: deleteRecordsResponse }
  const name = someTopic(scope)
  const partitions = [
    { partitionIndex: somePartition(scope, name), offset: random.pick([0, 1, 2, 3, 6, -1, -2, 1_000]) },
  ]
  const timeoutMs = random.mostly(3_000, [0, -1], 0.95)
  return [askAny(scope, api, () => () => ({ timeoutMs, topics: [{ name, partitions }] }))]
}

export function describeProducers(scope: Scope): Step[] {
  const api = { request: describeProducersRequest, response: describeProducersResponse }
  const name = someTopic(scope)
  const partitionIndexes = [...new Set([somePartition(scope, name), somePartition(scope, name)])]
  return [askAny(scope, api, () => () => ({ topics: [{ name, partitionIndexes }] }))]
}
