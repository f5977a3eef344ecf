import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorName } from '@odradek/protocol'
import type { ClusterChange } from '../../core/cluster/cluster-change.ts'
import { emptyImage } from '../../core/cluster/cluster-image.ts'
import { foldChanges } from '../../core/cluster/fold-changes.ts'
import { nodeEndpointsOf } from '../node-endpoints.ts'
import { requestContext } from '../testing/request-context.ts'
import { describeClientQuotasHandler } from './describe-client-quotas.ts'
import { describeClusterHandler } from './describe-cluster.ts'
import { describeQuorumHandler } from './describe-quorum.ts'
import { listConfigResourcesHandler } from './list-config-resources.ts'

const broker = (brokerId: number, fenced: boolean): ClusterChange => {
  const advertised = { host: `b${brokerId}`, port: 9000 + brokerId }
  const endpoints = [{ listenerName: 'PLAINTEXT', securityProtocol: 'PLAINTEXT', advertised } as const]
  return { kind: fenced ? 'known-broker' : 'broker', brokerId, value: { rack: null, endpoints } }
}
const changes: readonly ClusterChange[] = [
  { kind: 'cluster', value: { clusterId: 'C' } },
  { kind: 'controller', value: { brokerId: 1 } },
  broker(1, false),
  broker(2, true),
  { kind: 'topic', name: 't', value: { topicId: 'T', partitions: [] } },
  { kind: 'config', resource: { type: 'group', name: 'g/h' }, value: { x: '1' } },
]
const image = foldChanges(emptyImage, { revision: 41, changes })
const dependencies = { image: () => image, nodeEndpoints: nodeEndpointsOf(() => image) }

const describe = (
  request: { endpointType?: number; includeFencedBrokers?: boolean; includeClusterAuthorizedOperations?: boolean },
  hasSession = true,
) => {
  const full = { endpointType: 1, includeFencedBrokers: false, includeClusterAuthorizedOperations: false, ...request }
  return describeClusterHandler({ ...dependencies, hasSession: () => hasSession }).handle(full, requestContext(2))
}

test('the brokers are shown where they are advertised, fenced ones to who asks for them', async () => {
  const answer = await describe({})
  assert.deepEqual([answer?.clusterId, answer?.controllerId], ['C', 1])
  assert.deepEqual(answer?.brokers, [{ brokerId: 1, host: 'b1', port: 9001, rack: null, isFenced: false }])
  const fenced = (await describe({ includeFencedBrokers: true }))?.brokers?.map(one => [one.brokerId, one.isFenced])
  assert.deepEqual(fenced, [
    [1, false],
    [2, true],
  ])
})

test('a broker whose session has ended shows the brokers that it knew, and knows no controller', async () => {
  const answer = await describe({}, false)
  assert.deepEqual([answer?.controllerId, answer?.brokers?.length], [-1, 1])
})

test('operations on the cluster are told to who asks for them', async () => {
  assert.equal((await describe({}))?.clusterAuthorizedOperations, -2147483648)
  assert.equal((await describe({ includeClusterAuthorizedOperations: true }))?.clusterAuthorizedOperations, 8096)
})

test('a broker is not asked for controllers', async () => {
  const error = async (endpointType: number) => errorName((await describe({ endpointType }))?.errorCode ?? 0)
  assert.deepEqual([await error(2), await error(7)], ['MISMATCHED_ENDPOINT_TYPE', 'UNSUPPORTED_ENDPOINT_TYPE'])
})

test('the quorum of one node is led by itself and has no other voter', async () => {
  const handler = describeQuorumHandler({ ...dependencies, clock: { now: () => 5 }, directoryId: 'D' })
  const ask = async (topicName: string, partitionIndex: number) => {
    const topics = [{ topicName, partitions: [{ partitionIndex }] }]
    const answer = await handler.handle({ topics }, requestContext(2))
    return { partition: answer?.topics?.[0]?.partitions?.[0], nodes: answer?.nodes }
  }
  const { partition, nodes } = await ask('__cluster_metadata', 0)
  assert.deepEqual([partition?.leaderId, partition?.highWatermark], [1, 42])
  assert.deepEqual(partition?.currentVoters, [
    { replicaId: 1, replicaDirectoryId: 'D', logEndOffset: 42, lastFetchTimestamp: 5, lastCaughtUpTimestamp: 5 },
  ])
  assert.deepEqual(nodes, [{ nodeId: 1, listeners: [{ name: 'PLAINTEXT', host: 'b1', port: 9001 }] }])
  for (const [topicName, index] of [
    ['t', 0],
    ['__cluster_metadata', 1],
  ] as const) {
    const unknown = await ask(topicName, index)
    assert.deepEqual([errorName(unknown.partition?.errorCode ?? 0), unknown.nodes], ['UNKNOWN_TOPIC_OR_PARTITION', []])
  }
})

test('what has settings is listed by type', async () => {
  const list = async (version: number, ...resourceTypes: number[]) => {
    const answer = await listConfigResourcesHandler(dependencies).handle({ resourceTypes }, requestContext(version))
    if (answer?.errorCode) return errorName(answer.errorCode)
    return (answer?.configResources ?? []).map(({ resourceType, resourceName }) => `${resourceType} ${resourceName}`)
  }
  assert.deepEqual(await list(0), [])
  assert.deepEqual(await list(1), ['2 t', '4 1', '8 1', '32 g/h'])
  assert.deepEqual(await list(1, 32, 2, 2), ['32 g/h', '2 t'])
  assert.equal(await list(1, 7), 'UNSUPPORTED_VERSION')
})

test('no quota matches, and a filter must make sense', async () => {
  const ask = async (...components: { entityType: string; matchType: number; match: string | null }[]) => {
    const answer = await describeClientQuotasHandler().handle({ components, strict: false }, requestContext(1))
    return answer?.errorMessage ?? answer?.entries
  }
  assert.deepEqual(await ask({ entityType: 'user', matchType: 0, match: 'x' }), [])
  assert.equal(await ask({ entityType: '', matchType: 0, match: 'x' }), 'Invalid empty entity type.')
  assert.equal(await ask({ entityType: 'x', matchType: 2, match: null }), 'Unsupported entity type x')
  assert.equal(await ask({ entityType: 'user', matchType: 9, match: null }), 'Unknown match type 9')
  assert.match(String(await ask({ entityType: 'user', matchType: 0, match: null })), /MATCH_TYPE_EXACT/)
  assert.match(String(await ask({ entityType: 'user', matchType: 1, match: 'x' })), /MATCH_TYPE_DEFAULT/)
})
