import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorName, zeroUuid } from '@odradek/protocol'
import { BrokerConfig } from '../../core/config/broker-config.ts'
import type { Controller } from '../../metadata/controller.ts'
import { MetadataStoreError, StoreUnreachableError } from '../../metadata/metadata-store.ts'
import { requestContext } from '../testing/request-context.ts'
import { alterConfigsHandler } from './alter-configs.ts'
import { createPartitionsHandler } from './create-partitions.ts'
import { createTopicsHandler } from './create-topics.ts'
import { deleteTopicsHandler } from './delete-topics.ts'
import { incrementalAlterConfigsHandler } from './incremental-alter-configs.ts'
import { initProducerIdHandler } from './init-producer-id.ts'
import { updateFeaturesHandler } from './update-features.ts'

const config = new BrokerConfig()
const success = { errorCode: 0, errorMessage: null }
const topic = { name: 'a', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
const timeoutMs = 1000

test('a created topic is answered with its id, its partitions and its settings', async () => {
  const definition = { topicId: 'T', partitions: [{ replicas: [1], leader: 1, isr: [1] }] }
  const created = { definition, config: { 'retention.ms': ' 5 ' } }
  const controller = { createTopics: async () => [{ name: 'a', outcome: success, created }] }
  const handler = createTopicsHandler({ controller, config })
  const answer = await handler.handle({ topics: [topic], timeoutMs, validateOnly: false }, requestContext(7))
  const [result] = answer?.topics ?? []
  assert.deepEqual([result?.topicId, result?.numPartitions, result?.replicationFactor], ['T', 1, 1])
  const shown = (result?.configs ?? []).filter(({ name }) => ['retention.ms', 'flush.ms'].includes(name ?? ''))
  assert.deepEqual(
    shown.map(({ name, value, configSource }) => [name, value, configSource]),
    [
      ['flush.ms', '9223372036854775807', 5],
      ['retention.ms', ' 5 ', 1],
    ],
  )
})

test('what may take no time is not done', async () => {
  const unused = () => assert.fail('not to be called')
  const handler = createTopicsHandler({ controller: { createTopics: unused }, config })
  const answer = await handler.handle({ topics: [topic], timeoutMs: 0, validateOnly: false }, requestContext(7))
  assert.equal(errorName(answer?.topics?.[0]?.errorCode ?? 0), 'REQUEST_TIMED_OUT')
})

test('topics are deleted by name in old versions, by name or id in new ones', async () => {
  const asked: unknown[] = []
  const controller: Pick<Controller, 'deleteTopics'> = {
    deleteTopics: async topics => {
      asked.push(...topics)
      return topics.map(one => ({ ...one, outcome: success }))
    },
  }
  const handler = deleteTopicsHandler({ controller })
  await handler.handle({ topics: [], topicNames: ['a'], timeoutMs }, requestContext(5))
  await handler.handle({ topics: [{ name: null, topicId: 'T' }], topicNames: [], timeoutMs }, requestContext(6))
  assert.deepEqual(asked, [
    { name: 'a', topicId: zeroUuid },
    { name: null, topicId: 'T' },
  ])
})

test('clients that do not know that deletion can be disabled get an error that they know', async () => {
  const outcome = { errorCode: 73, errorMessage: 'Topic deletion is disabled.' }
  const controller = { deleteTopics: async () => [{ name: 'a', topicId: zeroUuid, outcome }] }
  const errorIn = async (version: number) => {
    const request = { topics: [], topicNames: ['a'], timeoutMs }
    const answer = await deleteTopicsHandler({ controller }).handle(request, requestContext(version))
    return errorName(answer?.responses?.[0]?.errorCode ?? 0)
  }
  assert.deepEqual([await errorIn(2), await errorIn(3)], ['INVALID_REQUEST', 'TOPIC_DELETION_DISABLED'])
})

test('features are answered one by one only to old clients', async () => {
  const byFeature = [{ feature: 'f', outcome: success }]
  const controller = { updateFeatures: async () => ({ outcome: success, byFeature }) }
  const ask = async (version: number) => {
    const featureUpdates = [{ feature: 'f', maxVersionLevel: 1, allowDowngrade: true, upgradeType: 1 }]
    const request = { timeoutMs, featureUpdates, validateOnly: false }
    return (await updateFeaturesHandler({ controller }).handle(request, requestContext(version)))?.results?.length
  }
  assert.deepEqual([await ask(0), await ask(1), await ask(2)], [1, 1, 0])
})

test('clients hear of a storage error when the metadata cannot be written, and stay connected', async () => {
  const fail = async () => {
    throw new MetadataStoreError('the disk is broken')
  }
  const resources = [{ resourceType: 2, resourceName: 'a', configs: [] }]
  const named = { topics: [], topicNames: ['a'], timeoutMs }
  const answers = [
    (
      await createTopicsHandler({ controller: { createTopics: fail }, config }).handle(
        { topics: [topic], timeoutMs, validateOnly: false },
        requestContext(7),
      )
    )?.topics?.[0],
    (await deleteTopicsHandler({ controller: { deleteTopics: fail } }).handle(named, requestContext(5)))
      ?.responses?.[0],
    (
      await createPartitionsHandler({ controller: { createPartitions: fail } }).handle(
        { topics: [{ name: 'a', count: 2, assignments: null }], timeoutMs, validateOnly: false },
        requestContext(3),
      )
    )?.results?.[0],
    (
      await alterConfigsHandler({ controller: { alterConfigs: fail } }).handle(
        { resources, validateOnly: false },
        requestContext(2),
      )
    )?.responses?.[0],
    (
      await incrementalAlterConfigsHandler({ controller: { alterConfigs: fail } }).handle(
        { resources: [{ resourceType: 2, resourceName: 'a', configs: [] }], validateOnly: false },
        requestContext(1),
      )
    )?.responses?.[0],
    await updateFeaturesHandler({ controller: { updateFeatures: fail } }).handle(
      { timeoutMs, featureUpdates: [], validateOnly: false },
      requestContext(2),
    ),
    await initProducerIdHandler({ producerIds: { next: fail } }).handle(
      {
        transactionalId: null,
        transactionTimeoutMs: 1,
        producerId: -1,
        producerEpoch: -1,
        enable2Pc: false,
        keepPreparedTxn: false,
      },
      requestContext(5),
    ),
  ]
  for (const answer of answers) assert.equal(errorName(answer?.errorCode ?? 0), 'KAFKA_STORAGE_ERROR')
})

test('where a shared store does not answer, clients hear that the outcome is not known, and who wants a producer id that it is to try again', async () => {
  const fail = async () => {
    throw new StoreUnreachableError('no answer within 10 s')
  }
  const create = createTopicsHandler({ controller: { createTopics: fail }, config })
  const answer = await create.handle({ topics: [topic], timeoutMs, validateOnly: false }, requestContext(7))
  const { errorCode, errorMessage } = answer?.topics?.[0] ?? {}
  assert.equal(errorName(errorCode ?? 0), 'REQUEST_TIMED_OUT')
  assert.match(errorMessage ?? '', /^The cluster's metadata store does not answer: .* not known\.$/)
  const newcomer = { transactionalId: null, transactionTimeoutMs: 1, producerId: -1, producerEpoch: -1 }
  const initiate = initProducerIdHandler({ producerIds: { next: fail } })
  const refused = await initiate.handle({ ...newcomer, enable2Pc: false, keepPreparedTxn: false }, requestContext(5))
  assert.equal(errorName(refused?.errorCode ?? 0), 'COORDINATOR_LOAD_IN_PROGRESS')
})
