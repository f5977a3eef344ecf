/**
 * Three brokers and three members of etcd, all of them real processes, which are killed, stopped and started under the load of
 * other people's clients. What counts is what the clients were told: nothing acknowledged is lost, nothing stands twice, the
 * order is kept, and no client sees an error that it cannot get over by itself.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createNodePlatform } from '@odradek/platform/node'
import { createReplicatedTopic, TestProducer } from '../../packages/broker/src/testing/cluster-clients.ts'
import { Load, type LoadPlan } from '../durability/load.ts'
import { countsOf, judge } from '../durability/verdict.ts'
import { ClusterProcesses } from './cluster-processes.ts'

const sessionTimeoutMs = 1000
const settings = {
  'broker.session.timeout.ms': String(sessionTimeoutMs),
  'default.replication.factor': '3',
  'min.insync.replicas': '2',
  'offsets.topic.num.partitions': '4',
  'offsets.topic.replication.factor': '3',
  'replica.lag.time.max.ms': '5000',
}

/** Not much: eight processes and their clients share few cores, and it is not the speed that is tried here. */
const plan: LoadPlan = {
  partitions: 3,
  topics: { plain: {}, rolling: { 'segment.bytes': '1048576' } },
  writers: [
    { program: 'librdkafka', name: 'plain', topics: ['plain'], messagesPerSecond: 600, valueBytes: 100 },
    { program: 'librdkafka', name: 'rolling', topics: ['rolling'], messagesPerSecond: 300, valueBytes: 1000 },
    { program: 'kafkajs', name: 'kafkajs', topics: ['plain', 'rolling'], messagesPerSecond: 300, valueBytes: 100 },
  ],
  members: 2,
  commitEveryMs: 100,
}

let cluster: ClusterProcesses
let load: Load | undefined
let probe: Probe

before(async () => {
  cluster = await ClusterProcesses.start({ brokers: 3, settings })
  load = await Load.start(cluster, plan)
  probe = await Probe.start(cluster)
  await sleep(1000)
})

after(async () => {
  probe?.end()
  load?.kill()
  await cluster?.stop()
})

test('a leader that is killed has a successor within a few leases', async t => {
  const leader = cluster.broker(await cluster.leaderOf(Probe.topic))
  const killed = performance.now()
  await leader.kill()
  const acknowledgedMs = (await probe.nextAfter(performance.now())) - killed
  t.diagnostic(
    `from a leader's death to the next acknowledgement: ${acknowledgedMs.toFixed()} ms, with a lease of ${sessionTimeoutMs} ms`,
  )
  assert.ok(acknowledgedMs < 6 * sessionTimeoutMs)
  await leader.start()
  await isWhole()
})

test('a leader that is stopped for longer than its lease is replaced, and follows when it goes on', async t => {
  const id = await cluster.leaderOf(Probe.topic)
  const leader = cluster.broker(id)
  const stopped = performance.now()
  leader.pause()
  await sleep(3 * sessionTimeoutMs)
  leader.resume()
  const acknowledgedMs = (await probe.nextAfter(stopped + 50)) - stopped
  t.diagnostic(`from a leader's SIGSTOP to the next acknowledgement: ${acknowledgedMs.toFixed()} ms`)
  await isWhole()
})

test('brokers restart one after the other', async t => {
  const begun = performance.now()
  for (const broker of cluster.brokers) {
    await broker.restart()
    await isWhole()
  }
  t.diagnostic(`longest time without an acknowledgement: ${probe.longestGapMs(begun).toFixed()} ms`)
})

test('a member of etcd that is killed is nothing to anybody', async t => {
  const begun = performance.now()
  const member = await cluster.etcd.leader()
  await member.kill()
  await sleep(2000)
  member.start()
  await cluster.etcd.isHealthy()
  t.diagnostic(`longest time without an acknowledgement: ${probe.longestGapMs(begun).toFixed()} ms`)
  await isWhole()
})

test('without any etcd, leaders go on to lead', async t => {
  await Promise.all(cluster.etcd.members.map(member => member.kill()))
  const killed = performance.now()
  await sleep(5 * sessionTimeoutMs)
  const gapMs = probe.longestGapMs(killed)
  for (const member of cluster.etcd.members) member.start()
  await cluster.etcd.isHealthy()
  t.diagnostic(
    `longest time without an acknowledgement: ${gapMs.toFixed()} ms in ${5 * sessionTimeoutMs} ms without etcd`,
  )
  assert.ok(gapMs < 2 * sessionTimeoutMs)
  await isWhole()
})

test('of all this nothing is lost, nothing stands twice, and the order is kept', async t => {
  await probe.finish()
  if (load === undefined) throw new Error('there is no load')
  const verdict = await judge(load)
  t.diagnostic(countsOf(verdict))
  assert.deepEqual(verdict.problems, [])
})

/** All partitions have all copies in sync again. */
async function isWhole(): Promise<void> {
  const deadlineMs = performance.now() + 20_000
  for (;;) {
    load?.check()
    const behind = await cluster.behind().catch(() => -1)
    if (behind === 0) return
    assert.ok(performance.now() < deadlineMs, `${behind} partitions are not whole`)
    await sleep(50)
  }
}

/** Sends one record after the other to one partition, and notes when each was acknowledged. */
class Probe {
  static readonly topic = 'probe'
  readonly #acknowledgedMs: number[] = []
  #isOver = false
  #running: Promise<void> = Promise.resolve()
  #failure: unknown = null

  static async start({ client }: ClusterProcesses): Promise<Probe> {
    const { clock } = createNodePlatform()
    await createReplicatedTopic({ client, clock }, Probe.topic)
    const probe = new Probe()
    const producer = new TestProducer({ client, clock, topic: Probe.topic })
    const run = async () => {
      for (let n = 0; !probe.#isOver; n++) {
        assert.equal(await producer.send(String(n)), n)
        probe.#acknowledgedMs.push(performance.now())
        await sleep(5)
      }
    }
    probe.#running = run().catch(error => {
      probe.#failure = error
    })
    return probe
  }

  /** The first acknowledgement after a moment. */
  async nextAfter(momentMs: number): Promise<number> {
    for (;;) {
      const next = this.#acknowledgedMs.find(atMs => atMs > momentMs)
      if (next !== undefined) return next
      if (this.#failure !== null) throw this.#failure
      await sleep(2)
    }
  }

  /** Between two acknowledgements, or the last one and now. */
  longestGapMs(fromMs: number): number {
    const moments = [fromMs, ...this.#acknowledgedMs.filter(atMs => atMs > fromMs), performance.now()]
    return Math.max(...moments.slice(1).map((atMs, index) => atMs - (moments[index] ?? atMs)))
  }

  end(): void {
    this.#isOver = true
  }

  async finish(): Promise<void> {
    this.end()
    await this.#running
    if (this.#failure !== null) throw this.#failure
  }
}
