import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorName, type MetadataRequest, zeroUuid } from '@odradek/protocol'
import type { ClusterChange } from '../../core/cluster/cluster-change.ts'
import { type ClusterImage, emptyImage } from '../../core/cluster/cluster-image.ts'
import { foldChanges } from '../../core/cluster/fold-changes.ts'
import { BrokerConfig } from '../../core/config/broker-config.ts'
import { TopicCreation } from '../../metadata/topic-creation.ts'
import { nodeEndpointsOf } from '../node-endpoints.ts'
import { requestContext } from '../testing/request-context.ts'
import { metadataHandler } from './metadata.ts'

const endpoint = { listenerName: 'PLAINTEXT', securityProtocol: 'PLAINTEXT', advertised: null } as const
const partition = { replicas: [1, 2], leader: 1, isr: [1] }
const setUp: readonly ClusterChange[] = [
  { kind: 'cluster', value: { clusterId: 'C' } },
  { kind: 'controller', value: { brokerId: 1 } },
  { kind: 'broker', brokerId: 1, value: { rack: 'r', endpoints: [endpoint] } },
  { kind: 'topic', name: 'a', value: { topicId: 'A', partitions: [partition] } },
  { kind: 'topic', name: '__consumer_offsets', value: { topicId: 'O', partitions: [] } },
]

/** A broker whose controller creates topics in its image. */
function createBroker({ config = new BrokerConfig(), changes = setUp } = {}) {
  let image: ClusterImage = foldChanges(emptyImage, { revision: 1, changes })
  const created: string[] = []
  const outcome = { errorCode: 0, errorMessage: null }
  const topicCreation = new TopicCreation({
    async createTopics([topic]) {
      await null
      const name = topic?.name ?? ''
      created.push(name)
      const definition = { topicId: `id of ${name}`, partitions: [partition] }
      image = foldChanges(image, {
        revision: image.revision + 1,
        changes: [{ kind: 'topic', name, value: definition }],
      })
      return [{ name, outcome, created: null }]
    },
    createInternalTopic: async () => outcome,
  })
  const nodeEndpoints = nodeEndpointsOf(() => image)
  const handler = metadataHandler({ image: () => image, config, topicCreation, nodeEndpoints })
  const ask = async (apiVersion: number, request: Partial<MetadataRequest>, context = {}) => {
    const full: MetadataRequest = {
      topics: null,
      allowAutoTopicCreation: true,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
      ...request,
    }
    const answer = await handler.handle(full, requestContext(apiVersion, context))
    assert.ok(answer !== undefined)
    return answer
  }
  return { ask, created }
}

const byName = (...names: (string | null)[]) => names.map(name => ({ name, topicId: zeroUuid }))
const byId = (...ids: string[]) => ids.map(topicId => ({ name: null, topicId }))

function shown(answer: Awaited<ReturnType<ReturnType<typeof createBroker>['ask']>>) {
  return (answer.topics ?? []).map(({ name, errorCode }) => `${name} ${errorName(errorCode ?? 0)}`)
}

test('null asks for all topics; an empty list for none, or in version 0 for all', async () => {
  const { ask } = createBroker()
  const all = ['a NONE', '__consumer_offsets NONE']
  assert.deepEqual(shown(await ask(12, { topics: null })), all)
  assert.deepEqual(shown(await ask(0, { topics: [] })), all)
  assert.deepEqual(shown(await ask(1, { topics: [] })), [])
})

test('the answer says who the brokers are, where the client reaches them, and who takes changes', async () => {
  const { ask } = createBroker()
  const answer = await ask(12, { topics: [] })
  assert.deepEqual(answer.brokers, [{ nodeId: 1, host: '10.0.0.1', port: 9092, rack: 'r' }])
  assert.deepEqual([answer.clusterId, answer.controllerId], ['C', 1])
})

test('a topic is shown with its partitions, their leaders and what is offline', async () => {
  const { ask } = createBroker()
  const [topic] = (await ask(12, { topics: byName('a') })).topics ?? []
  assert.deepEqual([topic?.topicId, topic?.isInternal], ['A', false])
  assert.deepEqual(topic?.partitions, [
    {
      errorCode: 0,
      partitionIndex: 0,
      leaderId: 1,
      leaderEpoch: 0,
      replicaNodes: [1, 2],
      isrNodes: [1],
      offlineReplicas: [2],
    },
  ])
})

test('a missing topic is there, with a leader, in the very answer to who asked first', async () => {
  const { ask, created } = createBroker()
  const [first, second] = await Promise.all([ask(12, { topics: byName('new') }), ask(4, { topics: byName('new') })])
  assert.deepEqual([shown(first), shown(second)], [['new NONE'], ['new NONE']])
  assert.deepEqual(
    [first, second].map(answer => answer.topics?.[0]?.partitions?.[0]?.leaderId),
    [1, 1],
  )
  assert.deepEqual(created, ['new'])
})

test('nothing is created that the client or the broker does not want, or that has no valid name', async () => {
  const { ask, created } = createBroker()
  assert.deepEqual(shown(await ask(12, { topics: byName('new'), allowAutoTopicCreation: false })), [
    'new UNKNOWN_TOPIC_OR_PARTITION',
  ])
  assert.deepEqual(shown(await ask(12, { topics: byName('a b') })), ['a b INVALID_TOPIC_EXCEPTION'])
  const strict = createBroker({ config: new BrokerConfig({ 'auto.create.topics.enable': 'false' }) })
  assert.deepEqual(shown(await strict.ask(12, { topics: byName('new') })), ['new UNKNOWN_TOPIC_OR_PARTITION'])
  assert.deepEqual([...created, ...strict.created], [])
})

test('topics are found by id; where there is any id, names do not count', async () => {
  const { ask, created } = createBroker()
  const answer = await ask(12, { topics: [...byId('A', 'X'), ...byName('new')] })
  assert.deepEqual(shown(answer), ['null UNKNOWN_TOPIC_ID', 'a NONE'])
  assert.deepEqual(created, [])
})

test('versions that have no use for ids and missing names refuse them', async () => {
  const { ask } = createBroker()
  assert.deepEqual(shown(await ask(10, { topics: byId('A') })), [' INVALID_REQUEST'])
  assert.deepEqual(shown(await ask(11, { topics: byName('a', null) })), ['a INVALID_REQUEST', ' INVALID_REQUEST'])
})

test('operations are told to who asks for them', async () => {
  const { ask } = createBroker()
  const asked = await ask(10, {
    topics: byName('a', 'a b'),
    includeTopicAuthorizedOperations: true,
    includeClusterAuthorizedOperations: true,
  })
  assert.deepEqual(
    asked.topics?.map(topic => topic.topicAuthorizedOperations),
    [3576, 3576],
  )
  assert.equal(asked.clusterAuthorizedOperations, 8096)
  const unasked = await ask(10, { topics: byName('a') })
  assert.equal(unasked.topics?.[0]?.topicAuthorizedOperations, -2147483648)
})

test('a partition whose leader does not listen where the client came in has none for it', async () => {
  const { ask } = createBroker()
  const on = { listenerName: 'OTHER' }
  const leaderOf = async (version: number) => {
    const found = (await ask(version, { topics: byName('a') }, on)).topics?.[0]?.partitions?.[0]
    return [found?.leaderId, errorName(found?.errorCode ?? 0)]
  }
  assert.deepEqual(await leaderOf(12), [-1, 'LISTENER_NOT_FOUND'])
  assert.deepEqual(await leaderOf(5), [-1, 'LEADER_NOT_AVAILABLE'])
})

test('clients of version 0 see no broker that the answer does not describe', async () => {
  const { ask } = createBroker()
  const found = (await ask(0, { topics: byName('a') })).topics?.[0]?.partitions?.[0]
  assert.deepEqual([found?.replicaNodes, errorName(found?.errorCode ?? 0)], [[1], 'REPLICA_NOT_AVAILABLE'])
})
