/** What docs/promises.md says of several brokers: each line of it by whole brokers on simulated machines. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterClient } from '@odradek/client'
import type { Clock } from '@odradek/platform'
import { errorCodes, iterateBatches, setBatchPartitionLeaderEpoch } from '@odradek/protocol'
import {
  createReplicatedTopic,
  deleteRecords,
  fetchOnce,
  readPartition,
  sleep,
  TestProducer,
} from './testing/cluster-clients.ts'
import { SimulatedCluster } from './testing/simulated-cluster.ts'

const minInSyncReplicas = { 'min.insync.replicas': '2' }

class Trial {
  readonly cluster: SimulatedCluster
  readonly #client: ClusterClient
  readonly #clock: Clock
  readonly #producer: TestProducer
  readonly #sent: string[] = []

  private constructor(cluster: SimulatedCluster) {
    this.cluster = cluster
    this.#client = cluster.client()
    this.#clock = cluster.simulation.platform('client').clock
    this.#producer = new TestProducer({ client: this.#client, clock: this.#clock, topic: 't' })
  }

  /** Three brokers, and a topic of one partition in three copies. */
  static async begin(
    seed: string,
    { broker = {}, topic = {} }: { broker?: Record<string, string>; topic?: Record<string, string> },
  ): Promise<Trial> {
    const cluster = await SimulatedCluster.open(seed)
    for (const id of [1, 2, 3]) await cluster.start(id, broker)
    const trial = new Trial(cluster)
    const asked = { client: trial.#client, clock: trial.#clock }
    await cluster.simulation.settle(createReplicatedTopic(asked, 't', { configs: topic }), 60_000)
    return trial
  }

  /** With acks=all, each acknowledged before the next. */
  async send(count: number): Promise<void> {
    for (let n = 0; n < count; n++) await this.cluster.simulation.settle(this.sendOne(), 60_000)
  }

  /** One record; resolves when it is acknowledged. */
  async sendOne(): Promise<void> {
    const value = `v${this.#sent.length}`
    this.#sent.push(value)
    await this.#producer.send(value)
  }

  async leader(): Promise<number> {
    const { topics } = await this.cluster.simulation.settle(this.#client.metadata(['t']), 60_000)
    return topics[0]?.partitions[0]?.leaderId ?? -1
  }

  async others(): Promise<number[]> {
    const leader = await this.leader()
    return [1, 2, 3].filter(id => id !== leader)
  }

  /** All three are in sync, within a minute. */
  async isWhole(): Promise<void> {
    const inSync = async () => (await this.#client.metadata(['t'])).topics[0]?.partitions[0]?.isrNodes.length
    const wait = async () => {
      while ((await inSync()) !== 3) await sleep(this.#clock, 100)
    }
    await this.cluster.simulation.settle(wait(), 60_000)
  }

  /** Deletes what lies before the offset, and has the leader die with the answer. Returns who it was. */
  async deleteAndDie(offset: number): Promise<number> {
    const node = await this.leader()
    const deletion = deleteRecords(this.#client, { node, topic: 't', offset })
    assert.deepEqual(await this.cluster.simulation.settle(deletion), {
      errorCode: errorCodes.NONE,
      lowWatermark: offset,
    })
    this.cluster.crash(node)
    return node
  }

  /** Where the log begins, as its leader says. */
  async logStart(offset: number): Promise<number> {
    const found = fetchOnce(this.#client, { node: await this.leader(), topic: 't', offset })
    return (await this.cluster.simulation.settle(found)).logStartOffset
  }

  /** All that was sent is there, once and in order. */
  async holds(): Promise<void> {
    const asked = { client: this.#client, clock: this.#clock }
    const found = await this.cluster.simulation.settle(readPartition(asked, 't'), 120_000)
    assert.deepEqual([...found.values()], this.#sent)
  }
}

test('with acks=all what was acknowledged survives the loss of a machine, disk and all', async () => {
  const trial = await Trial.begin('machine', { broker: minInSyncReplicas })
  await trial.send(20)
  trial.cluster.crash(await trial.leader())
  await trial.send(20)
  await trial.holds()
})

test('what was deleted does not come back when the leader dies', async () => {
  const trial = await Trial.begin('deleted', { broker: minInSyncReplicas })
  for (let end = 10; end <= 60; end += 10) {
    await trial.send(10)
    const died = await trial.deleteAndDie(end - 3)
    await trial.cluster.simulation.runFor(5000)
    assert.notEqual(await trial.leader(), died)
    assert.equal(await trial.logStart(end), end - 3)
    await trial.cluster.start(died, minInSyncReplicas)
    await trial.isWhole()
  }
})

test('with too few copies in sync nothing is acknowledged with acks=all, and what was is there', async () => {
  const trial = await Trial.begin('minimum', { broker: minInSyncReplicas })
  await trial.send(10)
  const [first = 0, second = 0] = await trial.others()
  trial.cluster.crash(first)
  await trial.send(10)
  trial.cluster.crash(second)
  // The leader finds out by their sessions.
  await trial.cluster.simulation.runFor(5000)
  let isAcknowledged = false
  const sending = trial.sendOne().then(() => {
    isAcknowledged = true
  })
  await trial.cluster.simulation.runFor(10_000)
  assert.equal(isAcknowledged, false)
  await trial.cluster.start(second, minInSyncReplicas)
  await trial.cluster.simulation.settle(sending, 60_000)
  await trial.holds()
})

test('with acks=all what was acknowledged survives that a machine loses what it had not synced', async () => {
  const trial = await Trial.begin('one loses power', { broker: minInSyncReplicas })
  for (let round = 0; round < 4; round++) {
    await trial.send(15)
    const id = await trial.leader()
    trial.cluster.powerLoss(id)
    await trial.send(15)
    await trial.cluster.start(id, minInSyncReplicas)
  }
  await trial.holds()
})

test('with acks=all what was acknowledged survives that bits rot on a machine without power', async () => {
  const trial = await Trial.begin('rot', { broker: minInSyncReplicas, topic: { 'flush.messages': '1' } })
  for (let round = 0; round < 6; round++) {
    await trial.send(15)
    const id = await trial.leader()
    trial.cluster.powerLoss(id)
    const bits = trial.cluster.machine(id).disk.rot(1 + round, { isIn: path => /^\/data\/t-0\/.*\.log$/.test(path) })
    assert.equal(bits, 1 + round)
    await trial.send(15)
    await trial.cluster.start(id, minInSyncReplicas)
    await trial.isWhole()
  }
  await trial.holds()
})

test('a replica whose last batch claims an epoch that never was gets it anew', async () => {
  const trial = await Trial.begin('rotten epoch', { broker: minInSyncReplicas, topic: { 'flush.messages': '1' } })
  await trial.send(15)
  const [id = 0] = await trial.others()
  trial.cluster.powerLoss(id)
  const { disk } = trial.cluster.machine(id).restart()
  const log = disk.openSync('/data/t-0/00000000000000000000.log', { create: false })
  const bytes = Buffer.alloc(log.size)
  log.readSync(bytes, 0)
  const last = [...iterateBatches(bytes)].at(-1)
  assert.ok(last !== undefined)
  setBatchPartitionLeaderEpoch(bytes, last, 0x4000_0000)
  log.writeSync([bytes], 0)
  log.closeSync()
  await trial.cluster.start(id, minInSyncReplicas)
  await trial.isWhole()
  await trial.holds()
})

test('with flush.messages=1 what was acknowledged survives that all machines lose power at once', async () => {
  const topic = { 'flush.messages': '1' }
  const trial = await Trial.begin('all lose power', { broker: minInSyncReplicas, topic })
  for (let round = 0; round < 4; round++) {
    await trial.send(15)
    for (const id of [1, 2, 3]) trial.cluster.powerLoss(id)
    await trial.cluster.simulation.runFor(5000)
    for (const id of [1, 2, 3]) await trial.cluster.start(id, minInSyncReplicas)
  }
  await trial.send(15)
  await trial.holds()
})

test('what was acknowledged survives that all processes are killed at once', async () => {
  const trial = await Trial.begin('all killed', { broker: minInSyncReplicas })
  for (let round = 0; round < 4; round++) {
    await trial.send(15)
    for (const id of [1, 2, 3]) trial.cluster.crash(id)
    await trial.cluster.simulation.runFor(5000)
    for (const id of [1, 2, 3]) await trial.cluster.start(id, minInSyncReplicas)
  }
  await trial.send(15)
  await trial.holds()
})
