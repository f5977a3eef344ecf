/** Several whole brokers on simulated machines, with one metadata store. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createReplicatedTopic, readPartition, sleep, TestProducer } from './testing/cluster-clients.ts'
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
      await sleep(clock, 5)
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
  assert.ok(acknowledged.size > 500, `${acknowledged.size}`)
  const found = await cluster.simulation.settle(readPartition({ client, clock }, 't'), 60_000)
  for (const [offset, value] of acknowledged) assert.equal(found.get(offset), value)
  assert.equal(found.size, acknowledged.size)
})
