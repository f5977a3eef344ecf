/** Several whole brokers on simulated machines, with one metadata store. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTopic, describeCluster } from '@odradek/client'
import {
  encodeBatch,
  errorCodes,
  errorName,
  findCoordinatorRequest,
  findCoordinatorResponse,
  initProducerIdRequest,
  initProducerIdResponse,
  produceRequest,
  produceResponse,
} from '@odradek/protocol'
import {
  createReplicatedTopic,
  deleteRecords,
  fetchOnce,
  readPartition,
  sleep,
  TestProducer,
} from './testing/cluster-clients.ts'
import { SimulatedCluster } from './testing/simulated-cluster.ts'

test('three brokers keep a topic three times, and acknowledge when all have it', async () => {
  const cluster = await SimulatedCluster.open('three')
  for (const id of [1, 2, 3]) await cluster.start(id)
  const client = cluster.client()
  const { clock } = cluster.simulation.platform('client')
  const work = async () => {
    await createReplicatedTopic({ client, clock }, 't')
    const producer = new TestProducer({ client, clock, topic: 't' })
    for (let n = 0; n < 20; n++) assert.equal(await producer.send(`v${n}`), n)
    const { topics } = await client.metadata(['t'])
    assert.deepEqual(topics[0]?.partitions[0]?.isrNodes.toSorted(), [1, 2, 3])
    assert.equal((await readPartition({ client, clock }, 't')).size, 20)
  }
  await cluster.simulation.settle(work(), 60_000)
})

test('what was acknowledged survives its leaders, one after the other', async () => {
  const cluster = await SimulatedCluster.open('failover')
  for (const id of [1, 2, 3]) await cluster.start(id)
  const client = cluster.client()
  const { clock } = cluster.simulation.platform('client')
  const acknowledged = new Map<number, string>()
  let isDone = false
  const produce = async () => {
    await createReplicatedTopic({ client, clock }, 't')
    const producer = new TestProducer({ client, clock, topic: 't' })
    for (let n = 0; !isDone; n++) {
      acknowledged.set(await producer.send(`v${n}`), `v${n}`)
      await sleep(clock, 20)
    }
  }
  const producing = produce()
  for (let round = 0; round < 6; round++) {
    await cluster.simulation.runFor(2000)
    const id = 1 + (round % 3)
    cluster.crash(id)
    await cluster.simulation.runFor(3000)
    await cluster.start(id)
  }
  await cluster.simulation.runFor(3000)
  isDone = true
  await cluster.simulation.settle(producing, 60_000)
  assert.ok(acknowledged.size > 200, `${acknowledged.size}`)
  const found = await cluster.simulation.settle(readPartition({ client, clock }, 't'), 60_000)
  for (const [offset, value] of acknowledged) assert.equal(found.get(offset), value)
  assert.equal(found.size, acknowledged.size)
})

test('where the process of a broker has ended, others lead long before its lease ends', async () => {
  const cluster = await SimulatedCluster.open('ended', { sessionTimeoutMs: 600_000 })
  for (const id of [1, 2, 3]) await cluster.start(id)
  const client = cluster.client()
  const { clock } = cluster.simulation.platform('client')
  const producer = new TestProducer({ client, clock, topic: 't' })
  await cluster.simulation.settle(createReplicatedTopic({ client, clock }, 't'), 60_000)
  for (let round = 0; round < 6; round++) {
    await cluster.simulation.settle(producer.send(`before ${round}`), 60_000)
    await cluster.simulation.runFor(1000)
    const { topics } = await cluster.simulation.settle(client.metadata(['t']), 60_000)
    const leader = topics[0]?.partitions[0]?.leaderId ?? assert.fail()
    const { broker } = cluster.member(leader === 1 ? 2 : 1)
    cluster.crash(leader)
    const beganMs = clock.monotonic()
    await cluster.simulation.settle(producer.send(`after ${round}`), 5000)
    assert.ok(clock.monotonic() - beganMs < 2000, `${clock.monotonic() - beganMs} ms`)
    assert.notEqual(broker.image.controllerId, leader)
    await cluster.start(leader)
    await cluster.simulation.runFor(2000)
    assert.deepEqual(broker.image.topics.get('t')?.partitions[0]?.isr.toSorted(), [1, 2, 3])
  }
})

test('a leader that a firewall makes look dead registers anew, once, and nothing is lost', async () => {
  const cluster = await SimulatedCluster.open('firewall', { sessionTimeoutMs: 600_000 })
  for (const id of [1, 2, 3]) await cluster.start(id)
  const client = cluster.client()
  const { clock } = cluster.simulation.platform('client')
  const producer = new TestProducer({ client, clock, topic: 't' })
  await cluster.simulation.settle(createReplicatedTopic({ client, clock }, 't'), 60_000)
  await cluster.simulation.settle(producer.send('before'), 60_000)
  await cluster.simulation.runFor(1000)
  const { topics } = await cluster.simulation.settle(client.metadata(['t']), 60_000)
  const leader = topics[0]?.partitions[0]?.leaderId ?? assert.fail()
  const follower = leader === 1 ? 2 : 1
  const { broker } = cluster.member(follower)
  const epochs: number[] = []
  const note = () => {
    const epoch = broker.image.brokers.get(leader)?.epoch
    if (epoch !== undefined && epochs.at(-1) !== epoch) epochs.push(epoch)
  }
  note()
  cluster.simulation.network.refuse(`broker-${follower}`, `broker-${leader}`)
  for (let round = 0; round < 50; round++) {
    await cluster.simulation.settle(producer.send(`meanwhile ${round}`), 60_000)
    await cluster.simulation.runFor(200)
    note()
  }
  assert.equal(epochs.length, 2)
  cluster.simulation.network.heal()
  await cluster.simulation.settle(producer.send('after'), 60_000)
  await cluster.simulation.runFor(5000)
  assert.deepEqual(broker.image.topics.get('t')?.partitions[0]?.isr.toSorted(), [1, 2, 3])
  assert.equal((await cluster.simulation.settle(readPartition({ client, clock }, 't'), 60_000)).size, 52)
})

test('a host without power refuses nothing, and is waited for until its lease ends', async () => {
  const cluster = await SimulatedCluster.open('dark', { sessionTimeoutMs: 20_000 })
  for (const id of [1, 2, 3]) await cluster.start(id)
  const client = cluster.client()
  const { clock } = cluster.simulation.platform('client')
  await cluster.simulation.settle(createReplicatedTopic({ client, clock }, 't'), 60_000)
  await cluster.simulation.runFor(2000)
  const { topics } = await cluster.simulation.settle(client.metadata(['t']), 60_000)
  const leader = topics[0]?.partitions[0]?.leaderId ?? assert.fail()
  const { broker } = cluster.member(leader === 1 ? 2 : 1)
  cluster.powerLoss(leader)
  await cluster.simulation.runFor(15_000)
  assert.equal(broker.image.brokers.get(leader)?.fenced, false)
  await cluster.simulation.runFor(10_000)
  assert.equal(broker.image.brokers.get(leader)?.fenced, true)
})

test('a leader whose disk is full lets another lead, and serves again as a follower when there is space', async () => {
  const cluster = await SimulatedCluster.open('full disk')
  for (const id of [1, 2, 3]) await cluster.start(id)
  const client = cluster.client()
  const { clock } = cluster.simulation.platform('client')
  const producer = new TestProducer({ client, clock, topic: 't' })
  const partition = async () => (await client.metadata(['t'])).topics[0]?.partitions[0]
  const settle = <T>(work: Promise<T>) => cluster.simulation.settle(work, 120_000)
  await settle(createReplicatedTopic({ client, clock }, 't'))
  assert.equal(await settle(producer.send('before')), 0)
  const first = (await settle(partition()))?.leaderId ?? -1
  const { faults } = cluster.simulation.machine(`broker-${first}`).disk
  faults.limitBytes = 0
  assert.equal(await settle(producer.send('meanwhile')), 1)
  const second = await settle(partition())
  assert.notEqual(second?.leaderId, first)
  assert.ok(!second?.isrNodes.includes(first))
  faults.limitBytes = Number.POSITIVE_INFINITY
  assert.equal(await settle(producer.send('after')), 2)
  await cluster.simulation.runFor(10_000)
  assert.equal((await settle(partition()))?.isrNodes.length, 3)
})

test('a topic whose leader has no space for it is led by another, and kept by the leader once there is space', async () => {
  const cluster = await SimulatedCluster.open('no space')
  for (const id of [1, 2, 3]) await cluster.start(id, { 'min.insync.replicas': '2' })
  const client = cluster.client()
  const { clock } = cluster.simulation.platform('client')
  const settle = <T>(work: Promise<T>) => cluster.simulation.settle(work, 120_000)
  const { faults } = cluster.machine(1).disk
  faults.limitBytes = 0
  await settle(createReplicatedTopic({ client, clock }, 't', { assignment: [1, 2, 3] }))
  const startedMs = clock.monotonic()
  const producer = new TestProducer({ client, clock, topic: 't' })
  assert.equal(await settle(producer.send('meanwhile')), 0)
  // Nobody has waited for a replica without a log to fall behind.
  assert.ok(clock.monotonic() - startedMs < 2000, `${clock.monotonic() - startedMs} ms`)
  const { broker } = cluster.member(3)
  const partition = () => broker.image.topics.get('t')?.partitions[0]
  assert.deepEqual([partition()?.leader, partition()?.isr], [2, [2, 3]])
  faults.limitBytes = Number.POSITIVE_INFINITY
  await cluster.simulation.runFor(10_000)
  assert.deepEqual(partition()?.isr.toSorted(), [1, 2, 3])
  assert.equal(await settle(producer.send('after')), 1)
  // Who crashes is in sync with nothing: the one that had no space leads, with all that was written meanwhile.
  cluster.crash(2)
  cluster.crash(3)
  for (const id of [2, 3]) await cluster.start(id)
  assert.equal((await settle(readPartition({ client, clock }, 't'))).size, 2)
  assert.equal(cluster.member(1).broker.image.topics.get('t')?.partitions[0]?.leader, 1)
})

test('a follower that has no space for a topic is not waited for', async () => {
  const cluster = await SimulatedCluster.open('no space to follow')
  for (const id of [1, 2, 3]) await cluster.start(id, { 'min.insync.replicas': '2' })
  const client = cluster.client()
  const { clock } = cluster.simulation.platform('client')
  const settle = <T>(work: Promise<T>) => cluster.simulation.settle(work, 120_000)
  cluster.machine(3).disk.faults.limitBytes = 0
  await settle(createReplicatedTopic({ client, clock }, 't', { assignment: [1, 2, 3] }))
  const startedMs = clock.monotonic()
  assert.equal(await settle(new TestProducer({ client, clock, topic: 't' }).send('meanwhile')), 0)
  assert.ok(clock.monotonic() - startedMs < 2000, `${clock.monotonic() - startedMs} ms`)
  assert.deepEqual(cluster.member(1).broker.image.topics.get('t')?.partitions[0]?.isr, [1, 2])
})

test('a replica whose disk has failed, and that was elected while nobody else was there, gives the office to one that has all', async () => {
  const cluster = await SimulatedCluster.open('failed disk')
  const config = { 'min.insync.replicas': '2' }
  for (const id of [1, 2, 3]) await cluster.start(id, config)
  const client = cluster.client()
  const { clock } = cluster.simulation.platform('client')
  const producer = new TestProducer({ client, clock, topic: 't' })
  const settle = <T>(work: Promise<T>) => cluster.simulation.settle(work, 120_000)
  await settle(createReplicatedTopic({ client, clock }, 't'))
  assert.equal(await settle(producer.send('before')), 0)
  await cluster.simulation.runFor(1000)
  const failing = (await settle(client.metadata(['t']))).topics[0]?.partitions[0]?.leaderId ?? assert.fail()
  const { broker } = cluster.member(failing)
  const shown = () => {
    const { leader, isr, elr } = broker.image.topics.get('t')?.partitions[0] ?? assert.fail()
    return { leader, isr: isr.toSorted(), elr }
  }
  const [healthy = 0, away = 0] = [1, 2, 3].filter(id => id !== failing)
  cluster.crash(away)
  await cluster.simulation.runFor(3000)
  assert.deepEqual(shown(), { leader: failing, isr: [failing, healthy].toSorted(), elr: [] })
  // What it writes now nobody else has: nobody can catch up with it any more once its disk is gone.
  cluster.simulation.network.partition(`broker-${healthy}`, `broker-${failing}`)
  const sending = [producer.send('written')]
  await cluster.simulation.runFor(1000)
  cluster.machine(failing).disk.faults.writeFailure = 1
  sending.push(new TestProducer({ client, clock, topic: 't' }).send('refused'))
  await cluster.simulation.runFor(3000)
  cluster.simulation.network.heal()
  assert.deepEqual(shown(), { leader: healthy, isr: [healthy], elr: [failing] })
  await cluster.stop(healthy)
  await cluster.simulation.runFor(3000)
  assert.deepEqual(shown(), { leader: failing, isr: [failing], elr: [healthy] })
  for (const id of [healthy, away]) await cluster.start(id, config)
  await settle(Promise.all(sending))
  assert.deepEqual(shown(), { leader: healthy, isr: [healthy, away].toSorted(), elr: [] })
  const found = await settle(readPartition({ client, clock }, 't'))
  assert.deepEqual([...found.values()].toSorted(), ['before', 'refused', 'written'])
})

test('while the metadata store is out of reach, the present leaders go on', async () => {
  const cluster = await SimulatedCluster.open('no store')
  const links = []
  for (const id of [1, 2, 3]) links.push((await cluster.start(id)).link)
  const client = cluster.client()
  const { clock } = cluster.simulation.platform('client')
  const producer = new TestProducer({ client, clock, topic: 't' })
  const settle = <T>(work: Promise<T>) => cluster.simulation.settle(work, 120_000)
  await settle(createReplicatedTopic({ client, clock }, 't'))
  await settle(producer.send('before'))
  for (const link of links) link.cut()
  const cutAt = cluster.simulation.nowMs
  for (let n = 0; n < 100; n++) {
    await settle(producer.send(`${n}`))
    await cluster.simulation.runFor(100)
  }
  // Far longer than the sessions last, and without a pause.
  assert.ok(cluster.simulation.nowMs - cutAt < 12_000)
  for (const link of links) link.heal()
  await cluster.simulation.runFor(5000)
  await settle(producer.send('after'))
  assert.equal((await settle(readPartition({ client, clock }, 't'))).size, 102)
})

test('while the metadata store is out of reach, who asks is told so, and producers that are new get their ids', async () => {
  const cluster = await SimulatedCluster.open('store away')
  const links = []
  for (const id of [1, 2, 3]) links.push((await cluster.start(id)).link)
  const client = cluster.client()
  const settle = <T>(work: Promise<T>) => cluster.simulation.settle(work, 120_000)
  await cluster.simulation.runFor(1000)
  assert.ok((await settle(describeCluster(client))).controllerId > 0)
  for (const link of links) link.cut()
  await cluster.simulation.runFor(2000)
  const { brokers, controllerId } = await settle(describeCluster(client))
  assert.deepEqual([brokers.length, controllerId], [3, -1])
  // Whoever needs a controller to talk to finds one still, which says what is the matter.
  assert.ok((await settle(client.metadata([]))).controllerId > 0)
  const topic = { name: 't', partitions: 1, replicationFactor: 3, configs: new Map<string, string>() }
  await assert.rejects(settle(createTopic(client, topic)), {
    codeName: 'REQUEST_TIMED_OUT',
    message: "The cluster's metadata store does not answer: whether anything was changed is not known.",
  })
  const { topics } = await settle(client.metadata(['t'], { allowAutoTopicCreation: true }))
  assert.equal(errorName(topics[0]?.errorCode ?? 0), 'LEADER_NOT_AVAILABLE')
  const search = { keyType: 0, coordinatorKeys: ['group'] }
  const { coordinators } = await settle(client.send('any', findCoordinatorRequest, findCoordinatorResponse, search))
  assert.equal(errorName(coordinators[0]?.errorCode ?? 0), 'COORDINATOR_NOT_AVAILABLE')
  const newcomer = { transactionalId: null, transactionTimeoutMs: 60_000, producerId: -1, producerEpoch: -1 }
  const body = { ...newcomer, enable2Pc: false, keepPreparedTxn: false }
  for (const node of [1, 2, 3]) {
    const { errorCode } = await settle(client.send({ node }, initProducerIdRequest, initProducerIdResponse, body))
    assert.equal(errorName(errorCode), 'NONE')
  }
  for (const link of links) link.heal()
  await cluster.simulation.runFor(5000)
  assert.ok((await settle(describeCluster(client))).controllerId > 0)
})

/** Three brokers in three racks, a topic with so many records, and a consumer in the rack of a follower. */
async function nearConsumer(seed: string, records: number) {
  const cluster = await SimulatedCluster.open(seed)
  const configOf = (id: number) => ({
    'broker.rack': `rack-${id}`,
    'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector',
  })
  for (const id of [1, 2, 3]) await cluster.start(id, configOf(id))
  const client = cluster.client()
  const { clock } = cluster.simulation.platform('client')
  const settle = <T>(work: Promise<T>) => cluster.simulation.settle(work, 60_000)
  await settle(createReplicatedTopic({ client, clock }, 't'))
  const producer = new TestProducer({ client, clock, topic: 't' })
  for (let n = 0; n < records; n++) await settle(producer.send('near'))
  await cluster.simulation.runFor(1000)
  const leader = (await settle(client.metadata(['t']))).topics[0]?.partitions[0]?.leaderId ?? -1
  const near = 1 + (leader % 3)
  const asked = (node: number, offset = 0) =>
    settle(fetchOnce(client, { node, topic: 't', offset, rack: `rack-${near}` }))
  return { cluster, client, settle, configOf, leader, near, asked }
}

test('a consumer is sent to the replica in its rack, which gives it the same records (KIP-392)', async () => {
  const { leader, near, asked } = await nearConsumer('racks', 1)
  const sent = await asked(leader)
  assert.deepEqual([sent.preferredReadReplica, sent.records?.length], [near, 0])
  const found = await asked(near)
  assert.deepEqual([found.errorCode, found.preferredReadReplica, found.highWatermark], [0, -1, 1])
  assert.ok((found.records?.length ?? 0) > 0)
  // Who has read further than a follower has got is no case for auto.offset.reset, but for the leader.
  assert.equal((await asked(near, 5)).errorCode, errorCodes.NOT_LEADER_OR_FOLLOWER)
  assert.equal((await asked(leader, 5)).errorCode, errorCodes.OFFSET_OUT_OF_RANGE)
})

test('a consumer that asks for what is deleted is told so by the leader, and not sent to the replica in its rack', async () => {
  const { cluster, client, settle, leader, near, asked } = await nearConsumer('deleted near', 10)
  cluster.simulation.network.partition(`broker-${near}`, `broker-${leader}`)
  // The follower has still got them.
  const deleted = await settle(deleteRecords(client, { node: leader, topic: 't', offset: 5, timeoutMs: 100 }))
  assert.equal(deleted.errorCode, errorCodes.REQUEST_TIMED_OUT)
  assert.equal((await asked(near)).errorCode, errorCodes.NONE)
  assert.equal((await asked(leader, 4)).errorCode, errorCodes.OFFSET_OUT_OF_RANGE)
  cluster.simulation.network.heal()
  await cluster.simulation.runFor(5000)
  assert.equal((await asked(leader, 4)).errorCode, errorCodes.OFFSET_OUT_OF_RANGE)
  assert.equal((await asked(leader, 5)).preferredReadReplica, near)
})

test('nor is one sent there that asks for what only the leader still has', async () => {
  const { cluster, configOf, leader, near, asked } = await nearConsumer('short near', 10)
  await cluster.stop(near)
  const retention = { 'log.retention.ms': '2000', 'log.retention.check.interval.ms': '1000' }
  await cluster.start(near, { ...configOf(near), ...retention })
  await cluster.simulation.runFor(10_000)
  assert.equal((await asked(near, 4)).errorCode, errorCodes.OFFSET_OUT_OF_RANGE)
  const found = await asked(leader, 4)
  assert.deepEqual([found.errorCode, found.preferredReadReplica, found.logStartOffset], [errorCodes.NONE, -1, 0])
  assert.ok((found.records?.length ?? 0) > 0)
  assert.equal((await asked(leader, 10)).preferredReadReplica, near)
})

/** A topic with ten records, its leader and a follower, on three brokers. */
async function tenRecords(seed: string, { replicationFactor = 3, config = {} as Record<string, string> } = {}) {
  const cluster = await SimulatedCluster.open(seed)
  for (const id of [1, 2, 3]) await cluster.start(id, config)
  const client = cluster.client()
  const { clock } = cluster.simulation.platform('client')
  const settle = <T>(work: Promise<T>) => cluster.simulation.settle(work, 60_000)
  await settle(createReplicatedTopic({ client, clock }, 't', { replicationFactor }))
  const producer = new TestProducer({ client, clock, topic: 't' })
  for (let n = 0; n < 10; n++) await settle(producer.send(`v${n}`))
  const partition = async () => (await settle(client.metadata(['t']))).topics[0]?.partitions[0] ?? assert.fail()
  const { leaderId: leader, replicaNodes } = await partition()
  const follower = replicaNodes.find(id => id !== leader) ?? assert.fail()
  const remove = (offset: number, timeoutMs: number, node = leader) =>
    settle(deleteRecords(client, { node, topic: 't', offset, timeoutMs }))
  const startOn = async (node: number) =>
    (await settle(fetchOnce(client, { node, topic: 't', offset: 10 }))).logStartOffset
  return { cluster, client, clock, settle, producer, partition, leader, follower, remove, startOn }
}

test('DeleteRecords is answered within milliseconds when all followers have deleted them, too', async () => {
  const { clock, remove, startOn } = await tenRecords('deleted everywhere')
  const beganMs = clock.monotonic()
  assert.deepEqual(await remove(5, 2000), { errorCode: errorCodes.NONE, lowWatermark: 5 })
  assert.deepEqual(await remove(3, 2000), { errorCode: errorCodes.NONE, lowWatermark: 5 })
  assert.deepEqual(await remove(-1, 2000), { errorCode: errorCodes.NONE, lowWatermark: 10 })
  assert.ok(clock.monotonic() - beganMs < 100, `${clock.monotonic() - beganMs} ms`)
  for (const node of [1, 2, 3]) assert.equal(await startOn(node), 10)
})

test('DeleteRecords times out while a live follower does not fetch, in sync or not, and waits for no dead one', async () => {
  const config = { 'replica.lag.time.max.ms': '1000' }
  const world = await tenRecords('deaf', { replicationFactor: 2, config })
  const { cluster, clock, settle, producer, partition, leader, follower, remove } = world
  cluster.simulation.network.partition(`broker-${follower}`, `broker-${leader}`)
  await settle(producer.send('without it'))
  assert.deepEqual((await partition()).isrNodes, [leader])
  const beganMs = clock.monotonic()
  assert.deepEqual(await remove(5, 1500), { errorCode: errorCodes.REQUEST_TIMED_OUT, lowWatermark: 0 })
  assert.ok(clock.monotonic() - beganMs >= 1500)
  cluster.crash(follower)
  const diedMs = clock.monotonic()
  // Until its session ends, it lives.
  assert.deepEqual(await remove(6, 10_000), { errorCode: errorCodes.NONE, lowWatermark: 6 })
  assert.ok(clock.monotonic() - diedMs < 2000, `${clock.monotonic() - diedMs} ms`)
})

test('DeleteRecords ends as soon as another broker leads', async () => {
  const { cluster, client, settle, leader, follower } = await tenRecords('handed over')
  cluster.simulation.network.partition(`broker-${follower}`, `broker-${leader}`)
  const answer = deleteRecords(client, { node: leader, topic: 't', offset: 5, timeoutMs: 60_000 })
  await cluster.simulation.runFor(1000)
  await cluster.stop(leader)
  assert.equal((await settle(answer)).errorCode, errorCodes.NOT_LEADER_OR_FOLLOWER)
})

test('a replica that was away, and has to cut its log back, does not keep what was deleted meanwhile', async () => {
  const { cluster, client, settle, partition, leader, remove, startOn } = await tenRecords('cut back')
  for (const id of [1, 2, 3]) {
    if (id !== leader) cluster.simulation.network.partition(`broker-${id}`, `broker-${leader}`)
  }
  const records = encodeBatch({ records: [{ timestamp: 0, value: 'only here' }] })
  const topicData = [{ name: 't', topicId: '', partitionData: [{ index: 0, records }] }]
  const body = { transactionalId: null, acks: 1, timeoutMs: 1000, topicData }
  await settle(client.send({ node: leader }, produceRequest, produceResponse, body, { maxVersion: 12 }))
  cluster.crash(leader)
  await cluster.simulation.runFor(5000)
  cluster.simulation.network.heal()
  const next = (await partition()).leaderId
  assert.deepEqual(await remove(5, 2000, next), { errorCode: errorCodes.NONE, lowWatermark: 5 })
  await cluster.start(leader)
  await cluster.simulation.runFor(5000)
  assert.equal((await partition()).isrNodes.length, 3)
  assert.equal(await startOn(leader), 5)
})
