import assert from 'node:assert/strict'
import { test } from 'node:test'
import { electLeadersResponse, errorCodes, errorName, Reader, Writer } from '@odradek/protocol'
import { refusal, success } from '../../core/cluster/decision.ts'
import { clusterOf } from '../../core/cluster/testing/cluster-of.ts'
import type { Controller } from '../../metadata/controller.ts'
import { MetadataStoreError } from '../../metadata/metadata-store.ts'
import { requestContext } from '../testing/request-context.ts'
import { alterPartitionReassignmentsHandler } from './alter-partition-reassignments.ts'
import { describeUserScramCredentialsHandler } from './describe-user-scram-credentials.ts'
import { electLeadersHandler } from './elect-leaders.ts'
import { listPartitionReassignmentsHandler } from './list-partition-reassignments.ts'
import { unregisterBrokerHandler } from './unregister-broker.ts'

const born = { replicas: [1, 2], leader: 1, isr: [1] }
const moving = { leader: 1, leaderEpoch: 0, partitionEpoch: 1, replicas: [1, 2], isr: [1], addingReplicas: [2] }
const image = clusterOf(
  [{ id: 1 }, { id: 2 }],
  [
    { kind: 'topic', name: 'a', value: { topicId: 'A', partitions: [born, born] } },
    { kind: 'topic', name: 'b', value: { topicId: 'B', partitions: [born] } },
    { kind: 'partition', topicId: 'B', index: 0, value: moving },
  ],
)
const failing = async () => {
  throw new MetadataStoreError('the disk is broken')
}

function elect(
  request: {
    electionType?: number
    topicPartitions: { topic: string; partitions: number[] }[] | null
    timeoutMs?: number
  },
  electLeaders: Controller['electLeaders'] = async ({ partitions }) =>
    partitions.map(({ partitionId }) =>
      partitionId === 0 ? success : refusal('ELECTION_NOT_NEEDED', 'Leader election not needed for topic partition.'),
    ),
  version = 2,
) {
  const handler = electLeadersHandler({ controller: { electLeaders }, image: () => image })
  return handler.handle({ electionType: 0, timeoutMs: 1000, ...request }, requestContext(version))
}

test('each partition is answered under its topic, in the order asked for', async () => {
  const topicPartitions = [
    { topic: 'a', partitions: [1, 0] },
    { topic: 'b', partitions: [] },
    { topic: 'a', partitions: [0] },
  ]
  const answer = await elect({ topicPartitions })
  const results = answer?.replicaElectionResults?.map(({ topic, partitionResult }) => {
    return [topic, partitionResult?.map(({ partitionId, errorCode }) => `${partitionId} ${errorName(errorCode ?? 0)}`)]
  })
  assert.deepEqual(results, [
    ['a', ['1 ELECTION_NOT_NEEDED', '0 NONE']],
    ['b', []],
    ['a', ['0 NONE']],
  ])
})

test('asked for all partitions, those that needed nothing are left out', async () => {
  const answer = await elect({ topicPartitions: null })
  const results = answer?.replicaElectionResults?.map(({ topic, partitionResult }) => [topic, partitionResult?.length])
  assert.deepEqual(results, [
    ['a', 1],
    ['b', 1],
  ])
})

test('an election of an unknown kind, without time or without a store is refused for all that it names', async () => {
  const topicPartitions = [{ topic: 'a', partitions: [0] }]
  const codes = async (request: Parameters<typeof elect>[0], act?: Controller['electLeaders']) => {
    const answer = await elect(request, act)
    const inside = answer?.replicaElectionResults?.[0]?.partitionResult?.[0]?.errorCode ?? 0
    return [answer?.errorCode ?? 0, inside].map(errorName)
  }
  assert.deepEqual(await codes({ electionType: 7, topicPartitions }), ['INVALID_REQUEST', 'INVALID_REQUEST'])
  assert.deepEqual(await codes({ timeoutMs: 0, topicPartitions }), ['REQUEST_TIMED_OUT', 'REQUEST_TIMED_OUT'])
  assert.deepEqual(await codes({ topicPartitions }, failing), ['KAFKA_STORAGE_ERROR', 'KAFKA_STORAGE_ERROR'])
})

test('version 0, which has no error for the whole, is refused for all that it names', async () => {
  const topicPartitions = [{ topic: 'a', partitions: [0] }]
  const answer = await elect({ topicPartitions, timeoutMs: 0 }, undefined, 0)
  const writer = new Writer()
  electLeadersResponse.encode(0, answer ?? {}, writer)
  const read = electLeadersResponse.decode(0, new Reader(writer.toBuffer()))
  assert.deepEqual(
    read.replicaElectionResults.flatMap(({ partitionResult }) => partitionResult.map(({ errorCode }) => errorCode)),
    [errorCodes.REQUEST_TIMED_OUT],
  )
})

test('reassignments are answered partition by partition, and a failure for each and at the top', async () => {
  const topics = [
    {
      name: 'a',
      partitions: [
        { partitionIndex: 1, replicas: [2] },
        { partitionIndex: 0, replicas: null },
      ],
    },
  ]
  const request = { timeoutMs: 1000, allowReplicationFactorChange: true, topics }
  const asked: unknown[] = []
  const alter: Controller['alterPartitionReassignments'] = async ({ partitions }) => {
    asked.push(...partitions)
    return [success, refusal('NO_REASSIGNMENT_IN_PROGRESS', 'no')]
  }
  const handler = alterPartitionReassignmentsHandler({ controller: { alterPartitionReassignments: alter } })
  const answer = await handler.handle(request, requestContext(1))
  assert.deepEqual(asked, [
    { topic: 'a', partitionIndex: 1, replicas: [2] },
    { topic: 'a', partitionIndex: 0, replicas: null },
  ])
  const codes = answer?.responses?.[0]?.partitions?.map(({ errorCode }) => errorName(errorCode ?? 0))
  assert.deepEqual([answer?.errorCode ?? 0, codes], [0, ['NONE', 'NO_REASSIGNMENT_IN_PROGRESS']])
  const failed = await alterPartitionReassignmentsHandler({
    controller: { alterPartitionReassignments: failing },
  }).handle(request, requestContext(1))
  assert.equal(errorName(failed?.errorCode ?? 0), 'KAFKA_STORAGE_ERROR')
})

test('what moves is listed', async () => {
  const handler = listPartitionReassignmentsHandler({ image: () => image })
  const answer = await handler.handle({ timeoutMs: 1000, topics: null }, requestContext(0))
  const partitions = [{ partitionIndex: 0, replicas: [1, 2], addingReplicas: [2], removingReplicas: [] }]
  assert.deepEqual(answer?.topics, [{ name: 'b', partitions }])
})

test('a broker is forgotten, or why not', async () => {
  const refused = refusal('BROKER_ID_NOT_REGISTERED', 'no')
  const ask = async (unregisterBroker: Controller['unregisterBroker']) => {
    return await unregisterBrokerHandler({ controller: { unregisterBroker } }).handle(
      { brokerId: 3 },
      requestContext(0),
    )
  }
  assert.deepEqual(await ask(async () => refused), refused)
  assert.equal(errorName((await ask(failing))?.errorCode ?? 0), 'KAFKA_STORAGE_ERROR')
})

test('nobody has credentials', async () => {
  const ask = async (users: { name: string }[] | null) => {
    const answer = await describeUserScramCredentialsHandler().handle({ users }, requestContext(0))
    return answer?.results?.map(({ user, errorCode }) => `${user} ${errorName(errorCode ?? 0)}`)
  }
  assert.deepEqual([await ask(null), await ask([])], [[], []])
  const [a, b] = [{ name: 'a' }, { name: 'b' }]
  assert.deepEqual(await ask([a, b, a]), ['a DUPLICATE_RESOURCE', 'b RESOURCE_NOT_FOUND'])
})
