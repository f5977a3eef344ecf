/** Vitest runs files in workers of their own and tests at once: each of them may have a broker. */
import { Kafka, logLevel } from 'kafkajs'
import { startBroker } from 'odradek'
import { describe, expect, test } from 'vitest'

describe.concurrent('brokers side by side', () => {
  for (const value of ['one', 'two', 'three']) {
    test(`${value} comes back from a broker of its own`, async () => {
      await using kafka = await startBroker()
      const client = new Kafka({ brokers: [kafka.bootstrapServers], logLevel: logLevel.NOTHING })
      const producer = client.producer()
      await producer.connect()
      await producer.send({ topic: 'values', messages: [{ value }] })
      await producer.disconnect()

      const consumer = client.consumer({ groupId: 'readers' })
      await consumer.connect()
      await consumer.subscribe({ topic: 'values', fromBeginning: true })
      const received = await new Promise(resolve =>
        consumer.run({ eachMessage: async ({ message }) => resolve(message.value?.toString()) }),
      )
      await consumer.disconnect()
      expect(received).toBe(value)
    })
  }
})
