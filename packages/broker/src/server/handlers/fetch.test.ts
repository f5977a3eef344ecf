import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  batchBaseOffset,
  errorCodes,
  fetchRequest,
  fetchResponse,
  iterateBatches,
  type MessageInput,
  zeroUuid,
} from '@odradek/protocol'
import type { ClusterChange } from '../../core/cluster/cluster-change.ts'
import { emptyImage } from '../../core/cluster/cluster-image.ts'
import { clusterOf } from '../../core/cluster/testing/cluster-of.ts'
import { startTestLogs, testTopicId } from '../../log/testing/test-logs.ts'
import { silentLogger } from '../../logger.ts'
import { newFetchMemories } from '../../replication/fetch-memory.ts'
import { FetchSessionCache } from '../../replication/fetch-session-cache.ts'
import { PartitionRegistry } from '../../replication/partition-registry.ts'
import { ReplicationThrottle } from '../../replication/replication-throttle.ts'
import { testFetchers, testHost } from '../../replication/testing/test-host.ts'
import type { StartBrokerOptions } from '../../start-broker.ts'
import { requestContext } from '../testing/request-context.ts'
import { batchOf, createTopic, produce, testBroker, testClient, topicIdOf } from '../testing/test-broker.ts'
import type { TestClient } from '../testing/test-client.ts'
import { fetchHandler } from './fetch.ts'

type Body = MessageInput<typeof fetchRequest>
type Asked = {
  partition?: number
  fetchOffset?: number
  partitionMaxBytes?: number
  currentLeaderEpoch?: number
  lastFetchedEpoch?: number
}

async function clientWithTopic(t: TestContext, options: StartBrokerOptions = {}, partitions = 1): Promise<TestClient> {
  const client = await testClient(t, await testBroker(t, options))
  await createTopic(client, 'topic', { partitions })
  return client
}

function body(partitions: Asked[], rest: Body = {}): Body {
  const asked = partitions.map(one => ({ partitionMaxBytes: 1_000_000, ...one }))
  return { maxWaitMs: 0, minBytes: 1, maxBytes: 1_000_000, topics: [{ topic: 'topic', partitions: asked }], ...rest }
}

async function fetch(client: TestClient, request: Body, version = 12) {
  const answer = await client.send(fetchRequest, fetchResponse, request, { version })
  const partitions = answer.responses.flatMap(({ partitions }) => partitions)
  return { ...answer, partitions }
}

function offsetsIn(records: Buffer | null | undefined): number[] {
  return [...iterateBatches(records ?? Buffer.alloc(0))].map(at => batchBaseOffset(records ?? Buffer.alloc(0), at))
}

test('every version gives the records, the high watermark and the log start', async t => {
  const client = await clientWithTopic(t)
  await produce(client, 'topic', { records: batchOf('a', 'b') })
  await produce(client, 'topic')
  const topicId = await topicIdOf(client, 'topic')
  for (let version = 4; version <= 18; version++) {
    const request = body([{ fetchOffset: 0 }])
    const topics = request.topics?.map(topic => ({ ...topic, topicId })) ?? []
    const { partitions } = await fetch(client, { ...request, topics }, version)
    assert.equal(partitions.length, 1)
    assert.deepEqual(offsetsIn(partitions[0]?.records), [0, 2])
    assert.equal(partitions[0]?.highWatermark, 3)
  }
})

test('a fetch at the end waits, and is answered as soon as there is a record', async t => {
  const broker = await testBroker(t)
  const [consumer, producer] = [await testClient(t, broker), await testClient(t, broker)]
  await createTopic(producer, 'topic')
  const startedMs = performance.now()
  const waiting = fetch(consumer, body([{ fetchOffset: 0 }], { maxWaitMs: 5000 }))
  await produce(producer, 'topic')
  const { partitions } = await waiting
  assert.deepEqual(offsetsIn(partitions[0]?.records), [0])
  assert.ok(performance.now() - startedMs < 1000)
})

test('a fetch for more bytes than there are waits for them or for its time', async t => {
  const broker = await testBroker(t)
  const [consumer, producer] = [await testClient(t, broker), await testClient(t, broker)]
  await createTopic(producer, 'topic')
  const waiting = fetch(consumer, body([{ fetchOffset: 0 }], { maxWaitMs: 5000, minBytes: 300 }))
  for (let i = 0; i < 5; i++) await produce(producer, 'topic')
  const { partitions } = await waiting
  assert.deepEqual(offsetsIn(partitions[0]?.records), [0, 1, 2, 3, 4])
  const startedMs = performance.now()
  const late = await fetch(consumer, body([{ fetchOffset: 3 }], { maxWaitMs: 100, minBytes: 10_000 }))
  assert.deepEqual(offsetsIn(late.partitions[0]?.records), [3, 4])
  assert.ok(performance.now() - startedMs >= 99)
})

test('stopping the broker answers who waits', async t => {
  const broker = await testBroker(t)
  const consumer = await testClient(t, broker)
  await createTopic(consumer, 'topic')
  const waiting = fetch(consumer, body([{ fetchOffset: 0 }], { maxWaitMs: 30_000 }))
  await new Promise(resolve => setTimeout(resolve, 20))
  const startedMs = performance.now()
  await broker.stop()
  assert.equal((await waiting).errorCode, errorCodes.NONE)
  assert.ok(performance.now() - startedMs < 1000)
})

test('deleting the topic answers who waits for it', async t => {
  const broker = await testBroker(t)
  const [consumer, admin] = [await testClient(t, broker), await testClient(t, broker)]
  await createTopic(admin, 'topic')
  const waiting = fetch(consumer, body([{ fetchOffset: 0 }], { maxWaitMs: 30_000 }))
  await new Promise(resolve => setTimeout(resolve, 20))
  const { deleteTopicsRequest, deleteTopicsResponse } = await import('@odradek/protocol')
  await admin.send(
    deleteTopicsRequest,
    deleteTopicsResponse,
    { topicNames: ['topic'], timeoutMs: 1000 },
    { version: 5 },
  )
  assert.equal((await waiting).partitions[0]?.errorCode, errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
})

const refused: [what: string, asked: Asked, code: keyof typeof errorCodes][] = [
  ['an offset behind the end', { fetchOffset: 9 }, 'OFFSET_OUT_OF_RANGE'],
  ['an offset before the start', { fetchOffset: -1 }, 'OFFSET_OUT_OF_RANGE'],
  ['a partition that is not there', { partition: 7 }, 'UNKNOWN_TOPIC_OR_PARTITION'],
  ['an epoch of the future', { currentLeaderEpoch: 1 }, 'UNKNOWN_LEADER_EPOCH'],
  ['an epoch of a last record that nobody knows', { lastFetchedEpoch: 5 }, 'OFFSET_OUT_OF_RANGE'],
  ['a negative limit', { partitionMaxBytes: -1 }, 'UNKNOWN_SERVER_ERROR'],
]
for (const [what, asked, code] of refused) {
  test(`${what} is refused with ${code}, at once`, async t => {
    const client = await clientWithTopic(t)
    await produce(client, 'topic')
    const { partitions } = await fetch(client, body([{ fetchOffset: 0, ...asked }], { maxWaitMs: 10_000 }))
    assert.equal(partitions[0]?.errorCode, errorCodes[code])
    assert.equal(partitions[0]?.highWatermark, -1)
  })
}

test('an unknown topic id is refused', async t => {
  const client = await clientWithTopic(t)
  const topics = [{ topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partitions: [{ partition: 0 }] }]
  const { partitions } = await fetch(client, body([], { topics }), 13)
  assert.equal(partitions[0]?.errorCode, errorCodes.UNKNOWN_TOPIC_ID)
})

test('a replica that the partition does not have is refused', async t => {
  const client = await clientWithTopic(t)
  const replica = (currentLeaderEpoch: number) => fetch(client, body([{ currentLeaderEpoch }], { replicaId: 5 }))
  assert.equal((await replica(-1)).partitions[0]?.errorCode, errorCodes.NOT_LEADER_OR_FOLLOWER)
  assert.equal((await replica(0)).partitions[0]?.errorCode, errorCodes.UNKNOWN_LEADER_EPOCH)
})

test('the first batch of the first partition comes even where it is larger than any limit, and no other', async t => {
  const client = await clientWithTopic(t, {}, 2)
  for (const partition of [0, 1]) {
    await produce(client, 'topic', { partition, records: batchOf('x'.repeat(1000)) })
    await produce(client, 'topic', { partition, records: batchOf('x'.repeat(1000)) })
  }
  const asked = [{ partition: 0 }, { partition: 1 }]
  const small = await fetch(client, body(asked, { maxBytes: 10 }))
  assert.deepEqual(
    small.partitions.map(({ records }) => offsetsIn(records)),
    [[0], []],
  )
  const half = await fetch(client, body(asked, { maxBytes: 2500 }))
  assert.deepEqual(
    half.partitions.map(({ records }) => offsetsIn(records)),
    [[0, 1], []],
  )
})

test('fetch.max.bytes bounds what a client asks for', async t => {
  const client = await clientWithTopic(t, { config: { 'fetch.max.bytes': 1024 } })
  for (let i = 0; i < 4; i++) await produce(client, 'topic', { records: batchOf('x'.repeat(500)) })
  const { partitions } = await fetch(client, body([{ fetchOffset: 0 }]))
  assert.deepEqual(offsetsIn(partitions[0]?.records), [0])
})

test('a session answers only with what is news', async t => {
  const client = await clientWithTopic(t, {}, 3)
  await produce(client, 'topic', { partition: 1 })
  const opened = await fetch(client, body([{ partition: 0 }, { partition: 1 }, { partition: 2 }], { sessionEpoch: 0 }))
  assert.equal(opened.partitions.length, 3)
  const sessionId = opened.sessionId
  assert.ok(sessionId > 0)
  const next = (sessionEpoch: number, partitions: Asked[] = [], rest: Body = {}) =>
    fetch(client, body(partitions, { sessionId, sessionEpoch, ...rest }))

  assert.deepEqual((await next(1, [{ partition: 1, fetchOffset: 1 }])).partitions, [])
  await produce(client, 'topic', { partition: 2 })
  const [news, ...others] = (await next(2)).partitions
  assert.deepEqual([news?.partitionIndex, offsetsIn(news?.records), others], [2, [0], []])
  assert.equal((await next(2)).errorCode, errorCodes.INVALID_FETCH_SESSION_EPOCH)
  const forgotten = { forgottenTopicsData: [{ topic: 'topic', partitions: [2] }] }
  assert.deepEqual((await next(3, [], forgotten)).partitions, [])
  assert.equal((await next(-1)).sessionId, 0)
  assert.equal((await next(4)).errorCode, errorCodes.FETCH_SESSION_ID_NOT_FOUND)
})

test('without room for sessions a client gets none and is served all the same', async t => {
  const client = await clientWithTopic(t, { config: { 'max.incremental.fetch.session.cache.slots': 0 } })
  const { sessionId, partitions } = await fetch(client, body([{}], { sessionEpoch: 0 }))
  assert.deepEqual([sessionId, partitions.length], [0, 1])
})

test('a session of names is not continued with ids', async t => {
  const client = await clientWithTopic(t)
  const { sessionId } = await fetch(client, body([{}], { sessionEpoch: 0 }))
  const { errorCode } = await fetch(client, body([], { sessionId, sessionEpoch: 1 }), 13)
  assert.equal(errorCode, errorCodes.FETCH_SESSION_TOPIC_ID_ERROR)
})

test('a partition that is named twice counts once, as it was named last', async t => {
  const client = await clientWithTopic(t)
  await produce(client, 'topic')
  const { partitions } = await fetch(client, body([{ fetchOffset: 0 }, { fetchOffset: 1 }]))
  assert.equal(partitions.length, 1)
  assert.deepEqual(offsetsIn(partitions[0]?.records), [])
})

/** A topic `topic` of ten batches whose leader is broker 1 and whose follower is broker 2, and a handler with little memory. */
async function handlerWithMemory(t: TestContext, bytesMax: number) {
  const logs = await startTestLogs()
  t.after(() => logs.stop())
  const { clock } = logs
  const host = testHost({ brokerId: 1, clock })
  const partitions = new PartitionRegistry({
    logs: logs.manager,
    host,
    fetchers: testFetchers({ brokerId: 1, clock }),
    configOf: () => logs.config,
    logger: silentLogger,
  })
  const born = [{ replicas: [1, 2], leader: 1, isr: [1] }]
  const topic: ClusterChange = { kind: 'topic', name: 'topic', value: { topicId: testTopicId, partitions: born } }
  await partitions.apply(clusterOf([{ id: 1 }, { id: 2 }], [topic]), emptyImage)
  for (let n = 0; n < 10; n++) await partitions.get('topic', 0)?.append(batchOf('x'.repeat(1000)), 'client, acks=1')
  const handler = fetchHandler({
    partitions,
    purgatory: host.purgatory,
    sessions: new FetchSessionCache({ slots: 0, evictionMs: 0, randomId: () => 1 }),
    memories: newFetchMemories(bytesMax),
    leaderThrottle: new ReplicationThrottle({
      config: { side: 'leader', samples: 11, sampleMs: 1000, bytesPerSecondMax: () => Number.POSITIVE_INFINITY },
      brokerId: 1,
      clock,
    }),
    clock,
    nodeEndpoints: () => [],
    fetchMaxBytes: () => 1_000_000,
  })
  /** The batches that it brings, to a client that takes none of them. */
  return async (replicaId: number) => {
    const asked = {
      partition: 0,
      fetchOffset: 0,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
      logStartOffset: -1,
      partitionMaxBytes: 1_000_000,
      replicaDirectoryId: zeroUuid,
      highWatermark: -1,
    }
    const answer = await handler.handle(
      {
        clusterId: null,
        replicaId,
        replicaState: { replicaId: -1, replicaEpoch: -1 },
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes: 1_000_000,
        isolationLevel: 0,
        sessionId: 0,
        sessionEpoch: -1,
        topics: [{ topic: 'topic', topicId: zeroUuid, partitions: [asked] }],
        forgottenTopicsData: [],
        rackId: '',
      },
      requestContext(12),
    )
    const records = answer?.responses?.[0]?.partitions?.[0]?.records
    return offsetsIn(Buffer.concat([records ?? []].flat())).length
  }
}

test('what clients have not taken bounds others of their kind: consumers leave to followers what is theirs, and followers to consumers', async t => {
  const [consumer, follower] = [-1, 2]
  for (const [first, second] of [
    [consumer, follower],
    [follower, consumer],
  ] as const) {
    const fetch = await handlerWithMemory(t, 5000)
    assert.equal(await fetch(first), 4)
    assert.equal(await fetch(first), 1)
    assert.equal(await fetch(first), 1)
    assert.equal(await fetch(second), 4)
    assert.equal(await fetch(second), 1)
  }
})
