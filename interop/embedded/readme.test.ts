import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Kafka } from 'kafkajs'
import { startBroker } from 'odradek'

test('an order is announced', async () => {
  await using kafka = await startBroker()
  const client = new Kafka({ brokers: [kafka.bootstrapServers] })
  const producer = client.producer()
  await producer.connect()
  const [sent] = await producer.send({ topic: 'orders', messages: [{ value: 'one' }] })
  assert.equal(sent?.baseOffset, '0')
  await producer.disconnect()
})
