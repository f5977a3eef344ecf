/** @confluentinc/kafka-javascript: librdkafka inside Node, through its promise interface. */
import { createRequire } from 'node:module'
import path from 'node:path'
import { type ClientDriver, runDriver } from './driver.ts'

/** What this program uses of the package, which is not a dependency of ours: it is built into the cache, see clients.ts. */
interface Confluent {
  readonly KafkaJS: { readonly Kafka: new () => Kafka }
}
interface Kafka {
  producer(config: Readonly<Record<string, unknown>>): Producer
  consumer(config: Readonly<Record<string, unknown>>): Consumer
}
interface Producer {
  connect(): Promise<void>
  send(batch: { topic: string; messages: readonly { key: string; value: string }[] }): Promise<unknown>
  disconnect(): Promise<void>
}
interface Consumer {
  connect(): Promise<void>
  subscribe(what: { topic: string }): Promise<void>
  run(config: {
    eachMessage(one: { partition: number; message: { value: Buffer | null } }): Promise<void>
  }): Promise<void>
  disconnect(): Promise<void>
}

const modules = process.env.ODRADEK_CONFLUENT_MODULES ?? ''
const load = createRequire(path.join(modules, 'node_modules', 'start.js'))
const { KafkaJS } = load('@confluentinc/kafka-javascript') as Confluent

function create(bootstrap: string): ClientDriver {
  const kafka = new KafkaJS.Kafka()
  const common = { 'bootstrap.servers': bootstrap, log_level: 0, 'reconnect.backoff.max.ms': 500 }
  const producers = new Map<string, Producer>()
  let consumer: Consumer | undefined
  return {
    codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    async produce({ topic, codec }, messages) {
      let producer = producers.get(codec)
      if (producer === undefined) {
        producer = kafka.producer({ ...common, 'compression.codec': codec, 'linger.ms': 20, acks: -1 })
        await producer.connect()
        producers.set(codec, producer)
      }
      await producer.send({ topic, messages })
    },
    async consume({ topic, group }, onRecord) {
      consumer = kafka.consumer({
        ...common,
        'group.id': group,
        'auto.offset.reset': 'earliest',
        'auto.commit.interval.ms': 200,
        'heartbeat.interval.ms': 300,
        'session.timeout.ms': 6_000,
      })
      await consumer.connect()
      await consumer.subscribe({ topic })
      await consumer.run({
        eachMessage: async ({ partition, message }) => onRecord(partition, message.value?.toString() ?? ''),
      })
    },
    async leave() {
      await consumer?.disconnect()
      consumer = undefined
    },
    async close() {
      await consumer?.disconnect()
      for (const producer of producers.values()) await producer.disconnect()
    },
  }
}

await runDriver(create)
