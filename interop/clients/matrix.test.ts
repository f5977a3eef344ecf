/**
 * The same topics through other people's clients: each produces with all its codecs, consumes in a group, rebalances
 * when a member comes and when it leaves, and goes on after the broker was restarted under it.
 *
 * `ODRADEK_INTEROP_CLIENTS=kafkajs,kcat` runs some of them.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import kafkajs, { type Admin } from 'kafkajs'
import type { BrokerProcess } from '../broker-process.ts'
import { startTarget } from '../target.ts'
import { ClientProcess } from './client-process.ts'
import { type ClientLaunch, clients } from './clients.ts'
import { Deliveries } from './deliveries.ts'
import { valuesOf } from './driver.ts'

const wanted = process.env.ODRADEK_INTEROP_CLIENTS?.split(',') ?? Object.keys(clients)
const partitions = 4

let broker: BrokerProcess
let admin: Admin

before(async () => {
  broker = await startTarget()
  const retry = { initialRetryTime: 100, maxRetryTime: 1_000, retries: 50 }
  admin = new kafkajs.Kafka({ brokers: [broker.bootstrap], logLevel: kafkajs.logLevel.NOTHING, retry }).admin()
  await admin.connect()
})

after(async () => {
  await admin?.disconnect()
  await broker?.stop()
})

for (const name of wanted) {
  const prepare = clients[name]
  if (prepare === undefined) throw new Error(`there is no client ${name}; there are ${Object.keys(clients).join(', ')}`)
  describe(name, () => matrix(name.replaceAll(/[^a-z]+/g, '-'), prepare))
}

function matrix(id: string, prepare: () => Promise<ClientLaunch>): void {
  const deliveries = new Deliveries()
  const topic = `matrix-${id}`
  const group = `matrix-${id}`
  let producer: ClientProcess
  let first: ClientProcess
  let second: ClientProcess

  before(async () => {
    const launch = await prepare()
    await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true })
    const start = (who: string) => ClientProcess.start(launch, broker.bootstrap, value => deliveries.note(who, value))
    ;[producer, first, second] = await Promise.all([start('nobody'), start('first'), start('second')])
  })

  after(async () => {
    await Promise.all([producer, first, second].map(client => client?.end()))
  })

  /** Produces one round and waits until all of it has been consumed by somebody. */
  async function round(prefix: string, count = 40): Promise<ReadonlyMap<string, readonly string[]>> {
    await producer.run({ do: 'produce', topic, codec: 'none', prefix, count })
    const values = valuesOf(prefix, count)
    await deliveries.all(values).catch(cause => {
      throw new Error(`${cause.message}\n--- first\n${first.errors}\n--- second\n${second.errors}`, { cause })
    })
    return deliveries.receiversOf(values)
  }

  /** Produces rounds until one was received, each record once, by exactly these members. */
  async function roundsUntilSharedBy(prefix: string, members: readonly string[]): Promise<void> {
    const deadline = performance.now() + 30_000
    for (let number = 0; ; number++) {
      const receivers = [...(await round(`${prefix}-${number}`)).values()]
      const everyone = [...new Set(receivers.flat())].sort()
      if (receivers.every(one => one.length === 1) && everyone.join() === members.join()) return
      assert.ok(performance.now() < deadline, `after 30 s, ${everyone} receive records, not ${members}`)
    }
  }

  test('produces with every codec and consumes it in a group', async () => {
    const values: string[] = []
    for (const codec of producer.codecs) {
      await producer.run({ do: 'produce', topic, codec, prefix: codec, count: 100 })
      values.push(...valuesOf(codec, 100))
    }
    await first.run({ do: 'consume', topic, group })
    await deliveries.all(values)
    for (const receivers of deliveries.receiversOf(values).values()) assert.deepEqual(receivers, ['first'])
  })

  test('shares the partitions when a second member comes, and gets them back when it leaves', async () => {
    await second.run({ do: 'consume', topic, group })
    await roundsUntilSharedBy('two', ['first', 'second'])
    await second.run({ do: 'leave' })
    await roundsUntilSharedBy('one', ['first'])
  })

  test('goes on after a restart of the broker, and its commits are still there', async () => {
    await broker.restart()
    await round('restarted')
    await first.run({ do: 'leave' })
    const before = deliveries.countOf('second')
    await second.run({ do: 'consume', topic, group })
    await round('resumed')
    assert.equal(deliveries.countOf('second') - before, 40, 'the next member starts where the last one committed')
    await second.run({ do: 'leave' })
  })
}
