/** A broker inside another program, as the program sees it. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'
import { Kafka, logLevel } from 'kafkajs'
import { type RunningBroker, startBroker } from 'odradek'
import { mustRun } from '../command.ts'
import { apiVersions, halfRequest, joinGroup, longFetch } from './frames.ts'

const here = import.meta.dirname
const root = path.resolve(here, '../..')

test('the examples of the README are the ones that are tested', async () => {
  const readme = await readFile(path.join(root, 'README.md'), 'utf8')
  for (const file of ['readme.test.ts', 'readme-cluster.test.ts', 'vitest/readme.spec.ts']) {
    const example = await readFile(path.join(here, file), 'utf8')
    assert.ok(readme.includes(`\`\`\`ts\n${example}\`\`\``), `README.md does not have interop/embedded/${file}`)
  }
})

test('Vitest runs with brokers in it, and ends by itself', async () => {
  const vitest = path.join(root, 'node_modules/vitest/vitest.mjs')
  const said = await mustRun(process.execPath, [vitest, 'run', '--root', path.join(here, 'vitest'), '--no-color'], {
    // This process is itself a test of node:test, which its children must not take for their own.
    env: { NODE_TEST_CONTEXT: '', NODE_OPTIONS: '' },
  })
  assert.match(said, /Tests {2}4 passed/)
  assert.doesNotMatch(said, /hanging|close timed out/)
})

test('the same topic in two brokers is two topics', async () => {
  await using one = await startBroker()
  await using two = await startBroker()
  const counts: number[] = []
  for (const [index, broker] of [one, two].entries()) {
    const producer = new Producer({ ...connection(broker), serializers: stringSerializers, autocreateTopics: true })
    for (let sent = 0; sent <= index; sent++) await producer.send({ messages: [{ topic: 'shared', value: 'x' }] })
    const { offsets } = await producer.send({ messages: [{ topic: 'shared', value: 'last' }] })
    counts.push(Number(offsets?.[0]?.offset))
    await producer.close()
  }
  assert.deepEqual(counts, [1, 2])
})

test('kafkajs produces to it and consumes from it in a group', async () => {
  await using broker = await startBroker({ config: { 'num.partitions': 2 } })
  const kafka = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING })
  const producer = kafka.producer()
  await producer.connect()
  const values = Array.from({ length: 100 }, (_, index) => `value ${index}`)
  await producer.send({ topic: 'values', messages: values.map(value => ({ key: value, value })) })
  await producer.disconnect()

  const consumer = kafka.consumer({ groupId: 'readers' })
  await consumer.connect()
  await consumer.subscribe({ topic: 'values', fromBeginning: true })
  const received: string[] = []
  await new Promise<void>(resolve => {
    consumer.run({
      eachMessage: async ({ message }) => {
        received.push(String(message.value))
        if (received.length === values.length) resolve()
      },
    })
  })
  await consumer.disconnect()
  assert.deepEqual(received.sort(), values.sort())
})

test('@platformatic/kafka produces to it and consumes from it in a group', async () => {
  await using broker = await startBroker({ config: { 'num.partitions': 2 } })
  const producer = new Producer({ ...connection(broker), serializers: stringSerializers, autocreateTopics: true })
  const values = Array.from({ length: 100 }, (_, index) => `value ${index}`)
  await producer.send({ messages: values.map(value => ({ topic: 'values', key: value, value })) })
  await producer.close()

  const consumer = new Consumer({ ...connection(broker), groupId: 'readers', deserializers: stringDeserializers })
  const stream = await consumer.consume({
    topics: ['values'],
    mode: 'committed',
    fallbackMode: 'earliest',
    maxWaitTime: 50,
  })
  const received: string[] = []
  for await (const { value } of stream) if (received.push(value ?? '') === values.length) break
  await consumer.close(true)
  assert.deepEqual(received.sort(), values.sort())
})

test('a program that starts and stops a broker ends at once and by itself', async t => {
  for (const use of ['nothing', 'a client', 'a data directory']) {
    const report = JSON.parse(
      await mustRun(process.execPath, [path.join(here, 'start-and-stop.ts'), use], { timeoutMs: 30_000 }),
    )
    t.diagnostic(
      `with ${use}: import ${report.importMs} ms, start ${report.startMs} ms, stop ${report.stopMs} ms, exit ${report.exitMs} ms later`,
    )
    assert.deepEqual(report.openHandles, [])
    assert.ok(report.exitMs < 1_000, 'something kept the process from ending')
  }
})

test('starting is quick', async t => {
  const times: number[] = []
  for (let round = 0; round < 20; round++) {
    const startedAt = performance.now()
    const broker = await startBroker()
    times.push(performance.now() - startedAt)
    await broker.stop()
  }
  times.sort((a, b) => a - b)
  t.diagnostic(
    `start in this process: median ${times[10]?.toFixed(1)} ms, longest ${times[19]?.toFixed(1)} ms (the aim is 50)`,
  )
})

/** What a client may be doing when its broker is told to stop. */
const obstinate: Record<string, (socket: Socket, broker: RunningBroker) => Promise<void>> = {
  'is connected and says nothing': async () => {},
  'has sent half a request': async socket => {
    socket.write(halfRequest)
  },
  'waits in a fetch for a minute': async socket => {
    socket.write(longFetch)
  },
  'waits in a rebalance': async socket => {
    // The second member waits for the first one, which does not come back.
    socket.write(joinGroup)
    socket.write(joinGroup)
    await sleep(50)
  },
  'never reads its answers': async socket => {
    socket.pause()
    for (let count = 0; count < 2_000; count++) socket.write(apiVersions)
    await sleep(100)
  },
  'sends and sends': async socket => {
    const timer = setInterval(() => socket.write(apiVersions), 1)
    socket.once('close', () => clearInterval(timer))
    await sleep(50)
  },
}

for (const [what, begin] of Object.entries(obstinate)) {
  test(`stop ends though a client ${what}`, async t => {
    const broker = await startBroker()
    const socket = connect(broker.port, broker.host)
    const closed = new Promise(resolve => socket.once('close', resolve))
    // Being cut off is what happens to them.
    socket.on('error', () => {})
    await new Promise(resolve => socket.once('connect', resolve))
    await begin(socket, broker)
    await sleep(20)
    const startedAt = performance.now()
    await broker.stop()
    const tookMs = performance.now() - startedAt
    t.diagnostic(`${tookMs.toFixed(0)} ms`)
    assert.ok(tookMs < 3_000, `stop took ${tookMs} ms`)
    socket.resume()
    await closed
  })
}

test('stop ends in the middle of a start of clients and of other stops', async () => {
  const broker = await startBroker()
  const kafka = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING, retry: { retries: 0 } })
  const producers = Array.from({ length: 5 }, () => kafka.producer())
  const connecting = producers.map(producer => producer.connect().catch(() => {}))
  await Promise.all([broker.stop(), broker.stop(), broker.stop()])
  await Promise.all(connecting)
  await Promise.all(producers.map(producer => producer.disconnect()))
})

function connection({ bootstrapServers }: RunningBroker) {
  return { clientId: 'embedded', bootstrapBrokers: [bootstrapServers] }
}
