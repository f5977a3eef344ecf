import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { encodeBatch, errorCodes, produceRequest, produceResponse, zeroUuid } from '@odradek/protocol'
import { batchOf, createTopic, produce, testBroker, testClient, topicIdOf } from '../testing/test-broker.ts'
import type { TestClient } from '../testing/test-client.ts'

async function clientWithTopic(t: TestContext): Promise<TestClient> {
  const client = await testClient(t, await testBroker(t))
  await createTopic(client, 'topic')
  return client
}

test('every version appends and answers with the offset of the first record', async t => {
  const client = await clientWithTopic(t)
  for (let version = 3; version <= 12; version++) {
    const { errorCode, baseOffset } = await produce(client, 'topic', { version, records: batchOf('a', 'b') })
    assert.deepEqual([errorCode, baseOffset], [errorCodes.NONE, 2 * (version - 3)])
  }
})

test('from version 13 on topics are named by their ids', async t => {
  const client = await clientWithTopic(t)
  const send = async (topicId: string) => {
    const topicData = [{ topicId, partitionData: [{ index: 0, records: batchOf('a') }] }]
    const body = { acks: -1, timeoutMs: 1000, topicData }
    const { responses } = await client.send(produceRequest, produceResponse, body, { version: 13 })
    assert.equal(responses[0]?.topicId, topicId)
    return responses[0]?.partitionResponses[0]?.errorCode
  }
  assert.equal(await send(await topicIdOf(client, 'topic')), errorCodes.NONE)
  assert.equal(await send('AAAAAAAAAAAAAAAAAAAAAQ'), errorCodes.UNKNOWN_TOPIC_ID)
  assert.equal(await send(zeroUuid), errorCodes.UNKNOWN_TOPIC_ID)
})

const whole = batchOf('a')
const withByte = (at: number, value: number): Buffer => {
  const bytes = Buffer.from(whole)
  bytes[at] = value
  return bytes
}
const control = encodeBatch({
  records: [{ timestamp: 1, key: Buffer.from([0, 0, 0, 1]), value: Buffer.alloc(6) }],
  compression: 'none',
  isControl: true,
  producerId: 5,
  producerEpoch: 0,
})
const refused: [what: string, options: Parameters<typeof produce>[2] & object, code: keyof typeof errorCodes][] = [
  ['a partition that is not there', { partition: 1 }, 'UNKNOWN_TOPIC_OR_PARTITION'],
  ['a negative partition', { partition: -1 }, 'UNKNOWN_TOPIC_OR_PARTITION'],
  ['no records', { records: null }, 'INVALID_RECORD'],
  ['an empty record set', { records: Buffer.alloc(0) }, 'INVALID_RECORD'],
  ['a batch that is cut off', { records: whole.subarray(0, 40) }, 'INVALID_RECORD'],
  ['two batches', { records: Buffer.concat([whole, whole]) }, 'INVALID_RECORD'],
  ['a batch of magic 1', { records: withByte(16, 1) }, 'INVALID_RECORD'],
  ['a batch of magic 5', { records: withByte(16, 5) }, 'CORRUPT_MESSAGE'],
  ['a batch without a length', { records: withByte(11, 0) }, 'CORRUPT_MESSAGE'],
  ['a batch with a flipped byte', { records: withByte(67, 0x55) }, 'CORRUPT_MESSAGE'],
  ['zeroes behind the batch', { records: Buffer.concat([whole, Buffer.alloc(20)]) }, 'CORRUPT_MESSAGE'],
  ['a control batch of a client', { records: control }, 'INVALID_RECORD'],
  ['zstd before version 7', { records: withByte(22, 4), version: 3 }, 'UNSUPPORTED_COMPRESSION_TYPE'],
  ['acks that are none', { acks: 2 }, 'INVALID_REQUIRED_ACKS'],
  ['acks below -1', { acks: -2 }, 'INVALID_REQUIRED_ACKS'],
]
for (const [what, options, code] of refused) {
  test(`${what} is refused with ${code}`, async t => {
    const client = await clientWithTopic(t)
    const answer = await produce(client, 'topic', options)
    assert.deepEqual([answer.errorCode, answer.baseOffset], [errorCodes[code], -1])
    assert.equal((await produce(client, 'topic')).baseOffset, 0)
  })
}

test('the topic comes before the acks in the order of the checks', async t => {
  const client = await clientWithTopic(t)
  assert.equal((await produce(client, 'nowhere', { acks: 7 })).errorCode, errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
})

test('a batch over max.message.bytes is refused', async t => {
  const client = await testClient(t, await testBroker(t))
  await createTopic(client, 'small', { configs: { 'max.message.bytes': '100' } })
  const answer = await produce(client, 'small', { records: batchOf('x'.repeat(100)) })
  assert.equal(answer.errorCode, errorCodes.MESSAGE_TOO_LARGE)
})

test('some bytes behind the batch that are no batch are dropped', async t => {
  const client = await clientWithTopic(t)
  const records = Buffer.concat([whole, Buffer.from('xyz')])
  assert.equal((await produce(client, 'topic', { records })).baseOffset, 0)
  assert.equal((await produce(client, 'topic')).baseOffset, 1)
})

test('with acks=0 nothing is answered, and an error ends the connection', async t => {
  const broker = await testBroker(t)
  const client = await testClient(t, broker)
  await createTopic(client, 'topic')
  const body = (topic: string) => ({
    acks: 0,
    timeoutMs: 1000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records: batchOf('a') }] }],
  })
  client.write(produceRequest, body('topic'), { version: 9 })
  // The next request gets the next answer.
  client.write(produceRequest, { ...body('topic'), acks: 1 }, { version: 9 })
  assert.ok((await client.nextFrame()) !== null)
  client.write(produceRequest, body('nowhere'), { version: 9 })
  assert.equal(await client.nextFrame(), null)
  assert.equal((await produce(await testClient(t, broker), 'topic')).baseOffset, 2)
})

test('an idempotent producer that sends a batch again gets its first offset again', async t => {
  const client = await clientWithTopic(t)
  const batch = (baseSequence: number) =>
    encodeBatch({
      records: [{ timestamp: 1, key: null, value: Buffer.from('a') }],
      compression: 'none',
      producerId: 7,
      producerEpoch: 0,
      baseSequence,
    })
  assert.equal((await produce(client, 'topic', { records: batch(0) })).baseOffset, 0)
  assert.equal((await produce(client, 'topic', { records: batch(1) })).baseOffset, 1)
  assert.equal((await produce(client, 'topic', { records: batch(0) })).baseOffset, 0)
  const skipped = await produce(client, 'topic', { records: batch(5) })
  assert.equal(skipped.errorCode, errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER)
})

test('produce requests in a row are appended in their order and answered in it', async t => {
  const client = await clientWithTopic(t)
  const ids: number[] = []
  for (let i = 0; i < 50; i++) {
    const records = batchOf(i % 3 === 0 ? 'x'.repeat(300_000) : 'small')
    const body = { acks: -1, timeoutMs: 1000, topicData: [{ name: 'topic', partitionData: [{ index: 0, records }] }] }
    ids.push(client.write(produceRequest, body, { version: 3 }))
  }
  for (const [i, id] of ids.entries()) {
    const frame = await client.nextFrame()
    assert.ok(frame !== null)
    assert.equal(frame.readInt32BE(0), id)
    // correlation id, one topic 'topic', one partition, its index and error code
    assert.equal(frame.readBigInt64BE(4 + 4 + 7 + 4 + 4 + 2), BigInt(i))
  }
})
