import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  deleteGroupsRequest,
  deleteGroupsResponse,
  errorCodes,
  findCoordinatorRequest,
  findCoordinatorResponse,
  offsetCommitRequest,
  offsetCommitResponse,
  offsetDeleteRequest,
  offsetDeleteResponse,
  offsetFetchRequest,
  offsetFetchResponse,
} from '@odradek/protocol'
import type { RunningBroker } from '../../start-broker.ts'
import { createTopic, testBroker, testClient, topicIdOf } from '../testing/test-broker.ts'
import type { TestClient } from '../testing/test-client.ts'

const unknownId = 'VVVVVVVVVVVVVVVVVVVVVQ'

async function groupClient(t: TestContext, broker?: RunningBroker): Promise<TestClient> {
  const client = await testClient(t, broker ?? (await testBroker(t)))
  await client.send(findCoordinatorRequest, findCoordinatorResponse, { key: 'g' }, { version: 1 })
  return client
}

function partitions(offset: number, ...indexes: number[]) {
  return indexes.map(partitionIndex => ({ partitionIndex, committedOffset: offset, committedMetadata: 'note' }))
}

async function codes(
  client: TestClient,
  version: number,
  topics: readonly object[],
): Promise<[string, number, number][]> {
  const body = { groupId: 'g', topics }
  const answer = await client.send(offsetCommitRequest, offsetCommitResponse, body, { version })
  return answer.topics.flatMap(topic =>
    topic.partitions.map((one): [string, number, number] => [
      topic.name || topic.topicId,
      one.partitionIndex,
      one.errorCode,
    ]),
  )
}

for (let version = offsetCommitRequest.versions[0]; version <= offsetCommitRequest.versions[1]; version++) {
  test(`what is committed is fetched again (OffsetCommit version ${version})`, async t => {
    const client = await groupClient(t)
    await createTopic(client, 't', { partitions: 2 })
    const topicId = await topicIdOf(client, 't')
    const named = version >= 10 ? { topicId } : { name: 't' }
    const expected = [[version >= 10 ? topicId : 't', 1, errorCodes.NONE]]
    assert.deepEqual(await codes(client, version, [{ ...named, partitions: partitions(17, 1) }]), expected)

    const fetched = { partitionIndex: 1, committedOffset: 17, committedLeaderEpoch: -1, metadata: 'note', errorCode: 0 }
    const oneGroup = { groupId: 'g', topics: null }
    const old = await client.send(offsetFetchRequest, offsetFetchResponse, oneGroup, { version: 7 })
    assert.deepEqual(old.topics, [{ name: 't', partitions: [fetched] }])
    const byId = {
      groups: [
        { groupId: 'g', topics: [{ topicId, partitionIndexes: [0, 1] }] },
        { groupId: 'h', topics: null },
      ],
    }
    const { groups } = await client.send(offsetFetchRequest, offsetFetchResponse, byId, { version: 10 })
    const nothing = { ...fetched, partitionIndex: 0, committedOffset: -1, metadata: '' }
    assert.deepEqual(groups, [
      { groupId: 'g', topics: [{ name: '', topicId, partitions: [nothing, fetched] }], errorCode: 0 },
      { groupId: 'h', topics: [], errorCode: 0 },
    ])
  })
}

test('what does not exist is refused, and does not keep the rest', async t => {
  const client = await groupClient(t)
  await createTopic(client, 't', { partitions: 1 })
  const topics = [
    { name: 'none', partitions: partitions(1, 0) },
    { name: 't', partitions: partitions(1, 0, 1) },
  ]
  assert.deepEqual(await codes(client, 9, topics), [
    ['none', 0, errorCodes.UNKNOWN_TOPIC_OR_PARTITION],
    ['t', 1, errorCodes.UNKNOWN_TOPIC_OR_PARTITION],
    ['t', 0, errorCodes.NONE],
  ])
  assert.deepEqual(await codes(client, 10, [{ topicId: unknownId, partitions: partitions(1, 0) }]), [
    [unknownId, 0, errorCodes.UNKNOWN_TOPIC_ID],
  ])
})

test('an unknown topic id is an error where it was asked for, and a topic that is gone is left out of all', async t => {
  const client = await groupClient(t)
  const body = { groups: [{ groupId: 'g', topics: [{ topicId: unknownId, partitionIndexes: [0] }] }] }
  const { groups } = await client.send(offsetFetchRequest, offsetFetchResponse, body, { version: 10 })
  assert.equal(groups[0]?.topics[0]?.partitions[0]?.errorCode, errorCodes.UNKNOWN_TOPIC_ID)
})

test('offsets are deleted one by one, or with their group', async t => {
  const client = await groupClient(t)
  await createTopic(client, 't', { partitions: 2 })
  await codes(client, 9, [{ name: 't', partitions: partitions(1, 0, 1) }])
  const asked = [0, 2].map(partitionIndex => ({ partitionIndex }))
  const body = { groupId: 'g', topics: [{ name: 't', partitions: asked }] }
  const deleted = await client.send(offsetDeleteRequest, offsetDeleteResponse, body, { version: 0 })
  assert.deepEqual(deleted.topics[0]?.partitions, [
    { partitionIndex: 2, errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION },
    { partitionIndex: 0, errorCode: errorCodes.NONE },
  ])
  const all = { groupId: 'g', topics: null }
  const left = await client.send(offsetFetchRequest, offsetFetchResponse, all, { version: 7 })
  assert.deepEqual(
    left.topics.map(topic => topic.partitions.map(one => one.partitionIndex)),
    [[1]],
  )
  const { results } = await client.send(
    deleteGroupsRequest,
    deleteGroupsResponse,
    { groupsNames: ['g', 'none', 'g'] },
    { version: 2 },
  )
  assert.deepEqual(results, [
    { groupId: 'g', errorCode: errorCodes.NONE },
    { groupId: 'none', errorCode: errorCodes.GROUP_ID_NOT_FOUND },
  ])
})

test('offsets are there when the broker comes back', async t => {
  const data = mkdtempSync(join(tmpdir(), 'odradek-'))
  t.after(() => rmSync(data, { recursive: true }))
  const broker = await testBroker(t, { data })
  const client = await groupClient(t, broker)
  await createTopic(client, 't')
  await codes(client, 9, [{ name: 't', partitions: partitions(42, 0) }])
  await broker.stop()

  const again = await testClient(t, await testBroker(t, { data }))
  const body = { groupId: 'g', topics: null }
  let answer = await again.send(offsetFetchRequest, offsetFetchResponse, body, { version: 7 })
  while (answer.errorCode === errorCodes.COORDINATOR_LOAD_IN_PROGRESS) {
    answer = await again.send(offsetFetchRequest, offsetFetchResponse, body, { version: 7 })
  }
  assert.equal(answer.topics[0]?.partitions[0]?.committedOffset, 42)
})
