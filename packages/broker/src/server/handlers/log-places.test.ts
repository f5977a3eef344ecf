import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  deleteRecordsRequest,
  deleteRecordsResponse,
  describeLogDirsRequest,
  describeLogDirsResponse,
  describeProducersRequest,
  describeProducersResponse,
  encodeBatch,
  errorCodes,
  listOffsetsRequest,
  listOffsetsResponse,
  offsetForLeaderEpochRequest,
  offsetForLeaderEpochResponse,
} from '@odradek/protocol'
import { createTopic, produce, testBroker, testClient } from '../testing/test-broker.ts'
import type { TestClient } from '../testing/test-client.ts'

/** Offsets 0 to 2 at times 100, 300 and 200, of an idempotent producer. */
async function clientWithRecords(t: TestContext): Promise<TestClient> {
  const client = await testClient(t, await testBroker(t))
  await createTopic(client, 'topic', { configs: { 'retention.ms': '-1' } })
  for (const [baseSequence, timestamp] of [100, 300, 200].entries()) {
    const records = [{ timestamp, key: null, value: Buffer.from('a') }]
    const batch = encodeBatch({ records, compression: 'none', producerId: 7, producerEpoch: 3, baseSequence })
    assert.equal((await produce(client, 'topic', { records: batch })).baseOffset, baseSequence)
  }
  return client
}

async function find(
  client: TestClient,
  timestamp: number,
  { version = 11, partitionIndex = 0, currentLeaderEpoch = -1, name = 'topic' } = {},
) {
  const partitions = [{ partitionIndex, currentLeaderEpoch, timestamp }]
  const body = { replicaId: -1, topics: [{ name, partitions }] }
  const { topics } = await client.send(listOffsetsRequest, listOffsetsResponse, body, { version })
  const found = topics[0]?.partitions[0]
  assert.ok(found !== undefined)
  return found
}

test('ListOffsets finds the end, the start, the latest time and the first record not older than a time', async t => {
  const client = await clientWithRecords(t)
  for (const [timestamp, offset] of [
    [-1, 3],
    [-2, 0],
    [-4, 0],
    [0, 0],
    [101, 1],
    [300, 1],
  ] as const) {
    assert.deepEqual([timestamp, (await find(client, timestamp)).offset], [timestamp, offset])
  }
  const latest = await find(client, -3)
  assert.deepEqual([latest.offset, latest.timestamp], [1, 300])
  const none = await find(client, 301)
  assert.deepEqual([none.errorCode, none.offset, none.timestamp, none.leaderEpoch], [0, -1, -1, -1])
})

test('ListOffsets answers in every version', async t => {
  const client = await clientWithRecords(t)
  for (let version = 1; version <= 11; version++) {
    assert.deepEqual((await find(client, -1, { version })).offset, 3)
  }
})

test('ListOffsets refuses places that the version does not know, unknown partitions, epochs and duplicates', async t => {
  const client = await clientWithRecords(t)
  const codeOf = async (...asked: Parameters<typeof find>) => (await find(...asked)).errorCode
  assert.equal(await codeOf(client, -4, { version: 7 }), errorCodes.UNSUPPORTED_VERSION)
  assert.equal(await codeOf(client, -5, { version: 8 }), errorCodes.UNSUPPORTED_VERSION)
  assert.equal(await codeOf(client, -6, { version: 10 }), errorCodes.UNSUPPORTED_VERSION)
  assert.equal(await codeOf(client, -1, { partitionIndex: 4 }), errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
  assert.equal(await codeOf(client, -1, { currentLeaderEpoch: 9 }), errorCodes.UNKNOWN_LEADER_EPOCH)
  const one = { partitionIndex: 0, timestamp: -1 }
  const body = { replicaId: -1, topics: [{ name: 'topic', partitions: [one, one] }] }
  const { topics } = await client.send(listOffsetsRequest, listOffsetsResponse, body, { version: 5 })
  assert.deepEqual(
    topics[0]?.partitions.map(({ errorCode }) => errorCode),
    [errorCodes.INVALID_REQUEST, errorCodes.INVALID_REQUEST],
  )
})

test('OffsetForLeaderEpoch tells where an epoch ended', async t => {
  const client = await clientWithRecords(t)
  const ask = async (partition: number, leaderEpoch: number, currentLeaderEpoch = -1) => {
    const topics = [{ topic: 'topic', partitions: [{ partition, currentLeaderEpoch, leaderEpoch }] }]
    const schemas = [offsetForLeaderEpochRequest, offsetForLeaderEpochResponse] as const
    const answer = await client.send(...schemas, { replicaId: -1, topics }, { version: 4 })
    const { errorCode, leaderEpoch: epoch, endOffset } = answer.topics[0]?.partitions[0] ?? {}
    return [errorCode, epoch, endOffset]
  }
  assert.deepEqual(await ask(0, 0), [errorCodes.NONE, 0, 3])
  assert.deepEqual(await ask(0, 5), [errorCodes.NONE, -1, -1])
  assert.deepEqual(await ask(0, 0, 5), [errorCodes.UNKNOWN_LEADER_EPOCH, -1, -1])
  assert.deepEqual(await ask(9, 0), [errorCodes.UNKNOWN_TOPIC_OR_PARTITION, -1, -1])
})

test('DeleteRecords moves the start of the log, never beyond its end', async t => {
  const client = await clientWithRecords(t)
  const remove = async (offset: number, partitionIndex = 0) => {
    const topics = [{ name: 'topic', partitions: [{ partitionIndex, offset }] }]
    const answer = await client.send(
      deleteRecordsRequest,
      deleteRecordsResponse,
      { topics, timeoutMs: 1000 },
      { version: 2 },
    )
    const { errorCode, lowWatermark } = answer.topics[0]?.partitions[0] ?? {}
    return [errorCode, lowWatermark]
  }
  assert.deepEqual(await remove(2), [errorCodes.NONE, 2])
  assert.equal((await find(client, -2)).offset, 2)
  assert.deepEqual(await remove(4), [errorCodes.OFFSET_OUT_OF_RANGE, -1])
  assert.deepEqual(await remove(-1), [errorCodes.NONE, 3])
  assert.deepEqual(await remove(0, 9), [errorCodes.UNKNOWN_TOPIC_OR_PARTITION, -1])
})

test('DescribeLogDirs shows the directory, its volume and the size of each partition', async t => {
  const client = await clientWithRecords(t)
  const describe = async (topics: { topic: string; partitions: number[] }[] | null, version = 5) =>
    (await client.send(describeLogDirsRequest, describeLogDirsResponse, { topics }, { version })).results[0]
  for (let version = 1; version <= 5; version++) {
    const all = await describe(null, version)
    assert.deepEqual(
      all?.topics.map(({ name }) => name),
      ['topic'],
    )
    assert.equal((all?.topics[0]?.partitions[0]?.partitionSize ?? 0) > 200, true)
    if (version >= 4) assert.ok((all?.totalBytes ?? 0) > 0)
  }
  assert.deepEqual((await describe([{ topic: 'topic', partitions: [0, 5] }]))?.topics[0]?.partitions.length, 1)
  assert.deepEqual((await describe([{ topic: 'nowhere', partitions: [0] }]))?.topics, [])
})

test('DescribeProducers shows who wrote', async t => {
  const client = await clientWithRecords(t)
  const topics = [{ name: 'topic', partitionIndexes: [0, 3] }]
  const answer = await client.send(describeProducersRequest, describeProducersResponse, { topics }, { version: 0 })
  const [known, unknown] = answer.topics[0]?.partitions ?? []
  assert.equal(unknown?.errorCode, errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
  const { producerId, producerEpoch, lastSequence, currentTxnStartOffset } = known?.activeProducers[0] ?? {}
  assert.deepEqual([producerId, producerEpoch, lastSequence, currentTxnStartOffset], [7, 3, 2, -1])
})
