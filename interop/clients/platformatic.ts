/** @platformatic/kafka, with its own implementations of all codecs. */
import { Consumer, type MessagesStream, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'
import { type ClientDriver, runDriver } from './driver.ts'

type TextStream = MessagesStream<string, string, string, string>

function create(bootstrap: string): ClientDriver {
  const connection = { clientId: 'platformatic', bootstrapBrokers: [bootstrap], retries: 50, retryDelay: 200 }
  let producer: Producer<string, string, string, string> | undefined
  let consumer: Consumer<string, string, string, string> | undefined
  let stream: TextStream | undefined

  async function leave(): Promise<void> {
    await stream?.close()
    await consumer?.close()
    stream = undefined
    consumer = undefined
  }

  return {
    codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    async produce({ topic, codec }, records) {
      producer ??= new Producer({ ...connection, serializers: stringSerializers })
      const messages = records.map(record => ({ topic, ...record }))
      await producer.send({ messages, acks: -1, compression: codec })
    },
    async consume({ topic, group }, onRecord) {
      consumer = new Consumer({
        ...connection,
        groupId: group,
        deserializers: stringDeserializers,
        heartbeatInterval: 300,
        sessionTimeout: 6_000,
        maxWaitTime: 200,
      })
      stream = await consumer.consume({ topics: [topic], autocommit: 200, mode: 'committed', fallbackMode: 'earliest' })
      stream.on('error', error => process.stderr.write(`${error.stack}\n`))
      stream.on('data', ({ partition, value }) => onRecord(partition, value))
    },
    leave,
    async close() {
      await leave()
      await producer?.close()
    },
  }
}

await runDriver(create)
