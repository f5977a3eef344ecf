import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryDisk, type Random } from '@odradek/platform'
import { errorName, zeroUuid } from '@odradek/protocol'
import { BrokerConfig } from '../core/config/broker-config.ts'
import { silentLogger } from '../logger.ts'
import { ClusterMetadata } from './cluster-metadata.ts'
import { Controller } from './controller.ts'
import { LocalStore } from './local-store.ts'
import { SoleMembership } from './membership.ts'
import { StoreUnreachableError } from './metadata-store.ts'
import { ProducerIds } from './producer-ids.ts'
import { TopicCreation } from './topic-creation.ts'

const clock = { now: () => 0, monotonic: () => 0, after: () => ({ cancel: () => {} }), soon: () => {} }

/** Counts, so that every id is new. */
function countingRandom(): Random {
  let count = 0
  return {
    integer: bound => count++ % bound,
    bytes: length => {
      const bytes = Buffer.alloc(length, 1)
      bytes.writeUInt16BE(count++, length - 2)
      return bytes
    },
  }
}

async function openCluster(disk = createMemoryDisk(), random = countingRandom()) {
  const { store } = await LocalStore.open({ disk, clock, path: '/metadata' })
  const metadata = await ClusterMetadata.open(store)
  const config = new BrokerConfig()
  const registration = { rack: null, endpoints: [] }
  const clusterId = await new SoleMembership({ metadata, config, random, brokerId: 1 }).join(registration)
  const controller = new Controller({ metadata, config, random, brokerId: 1, logger: silentLogger })
  return { disk, store, metadata, config, controller, clusterId }
}

const topic = (name: string) => ({ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] })

test('a cluster is founded once; a broker that comes back registers anew', async () => {
  const first = await openCluster()
  assert.equal(first.clusterId.length, 22)
  assert.equal(first.metadata.image.controllerId, 1)
  assert.equal(first.metadata.image.features.get('metadata.version'), 30)
  const epoch = first.metadata.image.brokers.get(1)?.epoch ?? 0
  await first.store.close()
  const second = await openCluster(first.disk, countingRandom())
  assert.equal(second.clusterId, first.clusterId)
  assert.ok((second.metadata.image.brokers.get(1)?.epoch ?? 0) > epoch)
})

test('when a topic’s creation resolves, every subscriber has it', async () => {
  const { metadata, controller } = await openCluster()
  const served = new Set<string>()
  await metadata.subscribe(async next => {
    await null
    for (const name of next.topics.keys()) served.add(name)
  })
  const [created] = await controller.createTopics([topic('a')])
  assert.equal(created?.outcome.errorCode, 0)
  assert.ok(served.has('a') && metadata.image.topics.has('a'))
})

test('requests at the same time are carried out one after the other', async () => {
  const { metadata, controller } = await openCluster()
  const creations = await Promise.all([1, 2, 3].map(() => controller.createTopics([topic('a')])))
  assert.deepEqual(creations.map(([created]) => created?.outcome.errorCode).sort(), [0, 36, 36])
  await Promise.all([
    controller.deleteTopics([{ name: 'a', topicId: 'AAAAAAAAAAAAAAAAAAAAAA' }]),
    controller.createTopics([topic('b')]),
  ])
  assert.deepEqual([...metadata.image.topics.keys()], ['b'])
})

test('a decision that somebody else overtook is made again', async () => {
  const { store, metadata, controller } = await openCluster()
  const other = await ClusterMetadata.open(store)
  const [[created]] = await Promise.all([
    controller.createTopics([topic('a')]),
    other.commit([{ kind: 'topic', name: 'a', value: { topicId: 'other', partitions: [] } }]),
  ])
  const owner = metadata.image.topics.get('a')?.topicId
  assert.equal(created?.outcome.errorCode, owner === 'other' ? 36 : 0)
})

test('topic ids are random UUIDs that do not begin with a dash', async () => {
  const { controller } = await openCluster()
  const created = await controller.createTopics(Array.from({ length: 50 }, (_, index) => topic(`t${index}`)))
  for (const { created: done } of created) {
    const bytes = Buffer.from(done?.definition.topicId ?? '', 'base64url')
    assert.equal(bytes.length, 16)
    assert.equal((bytes[6] ?? 0) >> 4, 4)
    assert.ok(!done?.definition.topicId.startsWith('-'))
  }
})

test('no topic is deleted where deletion is disabled', async () => {
  const { metadata, controller, config } = await openCluster()
  await controller.createTopics([topic('a')])
  config.setDynamic({ broker: { 'delete.topic.enable': 'false' }, allBrokers: {} })
  const [refused] = await controller.deleteTopics([{ name: 'a', topicId: 'AAAAAAAAAAAAAAAAAAAAAA' }])
  assert.deepEqual([refused?.outcome.errorCode, metadata.image.topics.has('a')], [73, true])
})

test('the topic of the groups is made as Kafka makes it, with as many copies as there can be', async () => {
  const { metadata, controller } = await openCluster()
  assert.deepEqual(await controller.createInternalTopic('__consumer_offsets'), { errorCode: 0, errorMessage: null })
  await controller.createInternalTopic('__consumer_offsets')
  assert.equal(metadata.image.topics.get('__consumer_offsets')?.partitions.length, 50)
  assert.deepEqual(metadata.image.configs.get('topic/__consumer_offsets'), {
    'cleanup.policy': 'compact',
    'compression.type': 'producer',
    'segment.bytes': '104857600',
  })
})

test('a topic that many ask for at once is created once', async () => {
  const { metadata, controller } = await openCluster()
  const creation = new TopicCreation(controller)
  const problems = await Promise.all([creation.createMissing(['a', 'b']), creation.createMissing(['b', 'c'])])
  assert.deepEqual(problems, [new Map(), new Map()])
  assert.deepEqual([...metadata.image.topics.keys()].sort(), ['a', 'b', 'c'])
  await creation.createMissing(['__consumer_offsets'])
  assert.equal(metadata.image.topics.get('__consumer_offsets')?.partitions.length, 50)
  assert.deepEqual(await creation.createMissing(['a.b', 'a_b']), new Map([['a_b', 17]]))
})

test('no producer id is handed out twice, not even after a restart', async () => {
  const { disk, store, controller } = await openCluster()
  const ids = new ProducerIds(controller)
  const first = await Promise.all(Array.from({ length: 1500 }, () => ids.next()))
  assert.equal(new Set(first).size, 1500)
  await store.close()
  const again = new ProducerIds((await openCluster(disk)).controller)
  assert.ok((await again.next()) > Math.max(...first))
})

test('producer ids that were taken ahead are handed out while the store fails', async () => {
  let calls = 0
  const ids = new ProducerIds({
    allocateProducerIds: async () => {
      if (++calls !== 2) throw new StoreUnreachableError('no answer')
      return { first: 5, length: 2 }
    },
  })
  await ids.takeAhead()
  await ids.takeAhead()
  assert.deepEqual([await ids.next(), await ids.next()], [5, 6])
  await assert.rejects(ids.next(), StoreUnreachableError)
})

test('producer ids begin above those that the logs know', async () => {
  const { controller } = await openCluster()
  assert.equal(await new ProducerIds(controller, () => 41_999).next(), 42_000)
  assert.equal(await new ProducerIds(controller, () => 7).next(), 43_000)
})

test('what concerns many partitions goes out in commits of a bounded size, and leaves nothing behind', async () => {
  const { store, metadata, controller } = await openCluster()
  const commits: number[] = []
  store.watch((await store.read()).revision, ({ changes }) => commits.push(changes.length))
  await controller.createTopics([{ ...topic('wide'), numPartitions: 250 }])
  const { topicId = '' } = metadata.image.topics.get('wide') ?? {}
  const leaderless = (index: number) => {
    const value = { leader: -1, leaderEpoch: 1, partitionEpoch: 1, replicas: [1], isr: [1] }
    return { kind: 'partition', topicId, index, value } as const
  }
  await metadata.commit(Array.from({ length: 250 }, (_, index) => leaderless(index)))
  commits.length = 0
  const partitions = Array.from({ length: 250 }, (_, partitionId) => ({ topic: 'wide', partitionId }))
  const outcomes = await controller.electLeaders({ election: 'unclean', partitions })
  assert.ok(outcomes.length === 250 && outcomes.every(({ errorCode }) => errorCode === 0))
  assert.ok(
    metadata.image.topics.get('wide')?.partitions.every(({ leader, leaderEpoch }) => leader === 1 && leaderEpoch === 2),
  )
  assert.deepEqual(commits, [100, 100, 50])
  commits.length = 0
  await controller.deleteTopics([{ name: 'wide', topicId: zeroUuid }])
  assert.deepEqual(commits, [1, 100, 100, 50])
  assert.deepEqual(
    (await store.read()).entries.filter(({ key }) => /^(topic|partition)/.test(key)),
    [],
  )
})

test('a leader changes its in-sync replicas, and on a later state is told so', async () => {
  const { metadata, controller } = await openCluster()
  await controller.createTopics([topic('a')])
  const { topicId = '' } = metadata.image.topics.get('a') ?? {}
  const brokerEpoch = metadata.image.brokers.get(1)?.epoch ?? -1
  const value = {
    leader: 1,
    leaderEpoch: 0,
    partitionEpoch: 1,
    replicas: [1],
    isr: [1],
    leaderRecoveryState: 'recovering',
  } as const
  await metadata.commit([{ kind: 'partition', topicId, index: 0, value }])
  const proposal = (partitionEpoch: number) => ({
    brokerId: 1,
    brokerEpoch,
    topicId,
    partitionIndex: 0,
    leaderEpoch: 0,
    partitionEpoch,
    newIsr: [{ brokerId: 1, brokerEpoch }],
    leaderRecoveryState: 'recovered' as const,
  })
  const [altered] = await controller.alterPartitions([proposal(1)])
  assert.deepEqual([altered?.errorCode, altered?.partition?.partitionEpoch], [0, 2])
  assert.deepEqual(metadata.image.topics.get('a')?.partitions[0], altered?.partition)
  const [late] = await controller.alterPartitions([proposal(1)])
  assert.equal(errorName(late?.errorCode ?? 0), 'INVALID_UPDATE_VERSION')
})
