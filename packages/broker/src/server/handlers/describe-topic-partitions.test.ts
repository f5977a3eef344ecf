import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DescribeTopicPartitionsRequest, errorName } from '@odradek/protocol'
import type { ClusterChange } from '../../core/cluster/cluster-change.ts'
import { clusterOf } from '../../core/cluster/testing/cluster-of.ts'
import { BrokerConfig } from '../../core/config/broker-config.ts'
import { nodeEndpointsOf } from '../node-endpoints.ts'
import { requestContext } from '../testing/request-context.ts'
import { describeTopicPartitionsHandler } from './describe-topic-partitions.ts'

const partition = { replicas: [1], leader: 1, isr: [1] }
const topic = (name: string, partitions: number): ClusterChange => {
  return {
    kind: 'topic',
    name,
    value: { topicId: name, partitions: Array.from({ length: partitions }, () => partition) },
  }
}
const image = clusterOf([{ id: 1 }], [topic('b', 3), topic('a', 2), topic('c', 1)])

/** Topics with the indexes that are described, or the error; and where the next page begins. */
async function page(request: Partial<DescribeTopicPartitionsRequest>, config = new BrokerConfig()) {
  const nodeEndpoints = nodeEndpointsOf(() => image)
  const handler = describeTopicPartitionsHandler({ image: () => image, config, nodeEndpoints })
  const full = { topics: [], responsePartitionLimit: 2000, cursor: null, ...request }
  const { topics, nextCursor } = (await handler.handle(full, requestContext(0))) ?? {}
  return {
    topics: topics?.map(({ name, errorCode, partitions }) => {
      return errorCode === 0
        ? `${name} ${partitions?.map(one => one.partitionIndex)}`
        : `${name} ${errorName(errorCode ?? 0)}`
    }),
    next: nextCursor ? `${nextCursor.topicName} ${nextCursor.partitionIndex}` : null,
  }
}

const named = (...names: string[]) => names.map(name => ({ name }))

test('all topics come in the order of their names, or those that were asked for', async () => {
  assert.deepEqual(await page({}), { topics: ['a 0,1', 'b 0,1,2', 'c 0'], next: null })
  assert.deepEqual(await page({ topics: named('c', 'a', 'c', 'x', 'a b') }), {
    topics: ['a 0,1', 'a b INVALID_TOPIC_EXCEPTION', 'c 0', 'x UNKNOWN_TOPIC_OR_PARTITION'],
    next: null,
  })
})

test('page after page shows everything once', async () => {
  const seen: string[] = []
  let cursor: DescribeTopicPartitionsRequest['cursor'] = null
  do {
    const { topics, next } = await page({ responsePartitionLimit: 2, cursor })
    seen.push(...(topics ?? []))
    const [topicName = '', index] = next?.split(' ') ?? []
    cursor = next === null ? null : { topicName, partitionIndex: Number(index) }
  } while (cursor !== null)
  assert.deepEqual(seen, ['a 0,1', 'b 0,1', 'b 2', 'c 0'])
})

test('the broker bounds a page, and a page has at least one partition', async () => {
  const config = new BrokerConfig({ 'max.request.partition.size.limit': '1' })
  assert.deepEqual(await page({ topics: named('a') }, config), { topics: ['a 0'], next: 'a 1' })
  assert.deepEqual(await page({ topics: named('a'), responsePartitionLimit: -5 }), { topics: ['a 0'], next: 'a 1' })
})

test('a cursor must point into what is asked for', async () => {
  const refused = { topics: ['a INVALID_REQUEST'], next: null }
  assert.deepEqual(await page({ topics: named('a'), cursor: { topicName: 'b', partitionIndex: 0 } }), refused)
  assert.deepEqual(await page({ topics: named('a'), cursor: { topicName: 'a', partitionIndex: -1 } }), refused)
  assert.deepEqual(await page({ cursor: { topicName: 'bb', partitionIndex: 0 } }), { topics: ['c 0'], next: null })
})

test('a partition says who may lead it, who is offline, and who led it last', async () => {
  const state = {
    leader: 1,
    leaderEpoch: 3,
    partitionEpoch: 5,
    replicas: [1, 2, 3],
    isr: [1],
    elr: [2],
    lastKnownElr: [3],
  }
  const partial = clusterOf(
    [{ id: 1 }, { id: 2, fenced: true }],
    [topic('p', 1), { kind: 'partition', topicId: 'p', index: 0, value: state }],
  )
  const nodeEndpoints = () => [{ nodeId: 1, host: 'h', port: 1, rack: null }]
  const handler = describeTopicPartitionsHandler({ image: () => partial, config: new BrokerConfig(), nodeEndpoints })
  const answer = await handler.handle({ topics: [], responsePartitionLimit: 10, cursor: null }, requestContext(0))
  const { errorCode, ...described } = answer?.topics?.[0]?.partitions?.[0] ?? {}
  assert.deepEqual(described, {
    partitionIndex: 0,
    leaderId: 1,
    leaderEpoch: 3,
    replicaNodes: [1, 2, 3],
    isrNodes: [1],
    offlineReplicas: [2, 3],
    eligibleLeaderReplicas: [2],
    lastKnownElr: [3],
  })
})
