/** A cluster inside another program, and kafkajs while its brokers come to grief. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel, type Message } from 'kafkajs'
import { type ClusterBroker, type RunningCluster, startCluster } from 'odradek'

const faults: Readonly<Record<string, (broker: ClusterBroker) => Promise<void>>> = {
  async killed(broker) {
    await broker.kill()
    await sleep(1500)
    await broker.start()
  },
  async paused(broker) {
    broker.pause()
    await sleep(1500)
    broker.resume()
  },
  async isolated(broker) {
    broker.isolate()
    await sleep(1500)
    broker.heal()
  },
  restarted: broker => broker.restart(),
}

for (const [name, fault] of Object.entries(faults)) {
  test(`kafkajs loses nothing, and sends nothing twice, when the leader is ${name}`, async () => {
    await using cluster = await startCluster({ config: { 'broker.session.timeout.ms': 1000 } })
    const kafka = new Kafka({
      brokers: cluster.bootstrapServers.split(','),
      logLevel: logLevel.NOTHING,
      requestTimeout: 1000,
      connectionTimeout: 1000,
      retry: { initialRetryTime: 50, maxRetryTime: 300, retries: 100 },
    })
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    let sent = 0
    const send = async (count: number) => {
      for (let end = sent + count; sent < end; sent++) {
        await producer.send({ topic: 'orders', messages: [{ value: `v${sent}` }] })
      }
    }
    await send(20)
    const leader = cluster.leaderOf('orders', 0)
    assert.ok(leader !== null)
    const underWay = fault(leader)
    await send(100)
    await underWay
    await send(20)
    await producer.disconnect()
    const expected = Array.from({ length: sent }, (_, n) => `v${n}`)
    assert.deepEqual(await readAll(kafka, { topic: 'orders', count: sent }), expected)
    assert.ok(membersAre(cluster, 'running'))
  })
}

function membersAre(cluster: RunningCluster, state: string): boolean {
  return cluster.brokers.every(broker => broker.state === state)
}

/** In a group, whose coordinator may have moved too. */
async function readAll(kafka: Kafka, { topic, count }: { topic: string; count: number }): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: 'readers', maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const values: string[] = []
  const all = Promise.withResolvers<void>()
  const take = ({ value }: Message) => {
    values.push(String(value))
    if (values.length >= count) all.resolve()
  }
  await consumer.run({ eachMessage: async ({ message }) => take(message) })
  await Promise.race([all.promise, sleep(20_000, undefined, { ref: false })])
  await consumer.disconnect()
  return values
}
