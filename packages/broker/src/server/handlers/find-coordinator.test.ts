import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  errorCodes,
  findCoordinatorRequest,
  findCoordinatorResponse,
  metadataRequest,
  metadataResponse,
} from '@odradek/protocol'
import { testBroker, testClient } from '../testing/test-broker.ts'

test('the first search creates the offsets topic, and finds the coordinator at once', async t => {
  const broker = await testBroker(t, { config: { 'offsets.topic.num.partitions': 3 } })
  const client = await testClient(t, broker)
  const body = { keyType: 0, coordinatorKeys: ['a', 'b'] }
  const search = () => client.send(findCoordinatorRequest, findCoordinatorResponse, body, { version: 6 })
  const [first, second] = await Promise.all([search(), search()])
  for (const { coordinators } of [first, second]) {
    assert.deepEqual(
      coordinators.map(({ key, errorCode, host, port }) => ({ key, errorCode, host, port })),
      ['a', 'b'].map(key => ({ key, errorCode: errorCodes.NONE, host: '127.0.0.1', port: broker.port })),
    )
  }
  const topics = [{ name: '__consumer_offsets' }]
  const metadata = await client.send(metadataRequest, metadataResponse, { topics }, { version: 12 })
  assert.equal(metadata.topics[0]?.isInternal, true)
  assert.equal(metadata.topics[0]?.partitions.length, 3)
})

test('up to version 3 there is one key, and a message even without an error', async t => {
  const broker = await testBroker(t)
  const client = await testClient(t, broker)
  const answer = await client.send(findCoordinatorRequest, findCoordinatorResponse, { key: 'a' }, { version: 3 })
  assert.deepEqual([answer.errorCode, answer.errorMessage, answer.port], [errorCodes.NONE, 'NONE', broker.port])
})

test('a coordinator of transactions is refused for good: nobody should ask again', async t => {
  const client = await testClient(t, await testBroker(t))
  const body = { keyType: 1, coordinatorKeys: ['a'] }
  const { coordinators } = await client.send(findCoordinatorRequest, findCoordinatorResponse, body, { version: 4 })
  assert.equal(coordinators[0]?.errorCode, errorCodes.INVALID_REQUEST)
  assert.equal(coordinators[0]?.errorMessage, 'This broker does not have transactions yet.')
})
