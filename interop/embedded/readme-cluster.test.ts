import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Kafka } from 'kafkajs'
import { startCluster } from 'odradek'

test('an order survives the death of the broker that took it', async () => {
  await using kafka = await startCluster({ brokers: 3 })
  const client = new Kafka({ brokers: kafka.bootstrapServers.split(','), retry: { retries: 20 } })
  const producer = client.producer({ idempotent: true })
  await producer.connect()
  await producer.send({ topic: 'orders', messages: [{ value: 'one' }] })
  await kafka.leaderOf('orders', 0)?.kill()
  const [sent] = await producer.send({ topic: 'orders', messages: [{ value: 'two' }] })
  assert.equal(sent?.baseOffset, '1')
  await producer.disconnect()
})
