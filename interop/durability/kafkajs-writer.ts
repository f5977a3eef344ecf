/**
 * The command `write` of durability-client.c by kafkajs, an implementation of its own:
 *
 *   node kafkajs-writer.ts HOST:PORT WRITER RATE SIZE PARTITIONS TOPIC...
 *
 * One batch of one partition at a time: with more in flight, kafkajs does not keep an idempotent producer's sequences in order;
 * and a send to several brokers, one of which fails, it tries again by where the leaders are then: a partition that has moved to a
 * broker which had answered already is left out, and one that has moved away from such a broker is sent twice.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'

const batchEveryMs = 20
const connectAttemptsMax = 100

const [bootstrap, writer, rate, size, partitionCount, ...topics] = process.argv.slice(2)
if (bootstrap === undefined || topics.length === 0) {
  throw new Error('usage: node kafkajs-writer.ts HOST:PORT WRITER RATE SIZE PARTITIONS TOPIC...')
}
const partitions = Number(partitionCount)
const value = 'kafkajs'.repeat(Math.ceil(Number(size) / 7)).slice(0, Number(size))
/** Messages to one partition in one batch. */
const share = Math.max(1, Math.round((Number(rate) * batchEveryMs) / 1000 / partitions / topics.length))

const kafka = new kafkajs.Kafka({
  brokers: bootstrap.split(','),
  logLevel: kafkajs.logLevel.WARN,
  // The lines of the output are the history.
  logCreator: () => entry => {
    process.stderr.write(`${entry.log.timestamp} ${entry.log.message} ${JSON.stringify(entry.log.error ?? '')}\n`)
  },
  // Until the broker is back: an idempotent producer of kafkajs that gives a batch up is of no use any more.
  retry: { initialRetryTime: 20, maxRetryTime: 100, retries: 1_000 },
})
const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
let told = false
process.stdin.once('end', () => {
  told = true
})
process.stdin.resume()

await connect()
await Promise.all(
  topics.flatMap(topic => Array.from({ length: partitions }, (_, partition) => write(topic, partition))),
)
await producer.disconnect()

/** What kafkajs does while it connects it does not try again by itself. */
async function connect(): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await producer.connect()
    } catch (error) {
      if (attempt === connectAttemptsMax) throw error
      await sleep(100)
    }
  }
}

async function write(topic: string, partition: number): Promise<void> {
  for (let number = 0; !told; number += share) {
    const messages = Array.from({ length: share }, (_, index) => ({
      partition,
      key: `${writer}:${number + index}`,
      value,
    }))
    const pause = sleep(batchEveryMs)
    try {
      for (const { baseOffset } of await producer.send({ topic, acks: -1, messages })) {
        print(topic, partition, number, Number(baseOffset))
      }
    } catch (error) {
      process.stdout.write(`error ${error}\n`)
      throw error
    }
    await pause
  }
}

function print(topic: string, partition: number, number: number, baseOffset: number): void {
  let lines = ''
  for (let index = 0; index < share; index++) {
    lines += `ack ${topic} ${partition} ${number + index} ${baseOffset < 0 ? -1 : baseOffset + index}\n`
  }
  process.stdout.write(lines)
}
