/** Partitions that move between brokers under a throttle (KIP-73), on simulated machines. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alterBrokerConfigs, alterTopicConfigs, listReassignments, reassignPartitions } from '@odradek/client'
import { createReplicatedTopic, TestProducer } from './testing/cluster-clients.ts'
import { SimulatedCluster } from './testing/simulated-cluster.ts'

const rates = ['leader.replication.throttled.rate', 'follower.replication.throttled.rate'] as const
const replicas = ['leader.replication.throttled.replicas', 'follower.replication.throttled.replicas'] as const

/** A topic with two copies of so much, to be moved as tools move it. */
class Move {
  readonly cluster: SimulatedCluster
  readonly producer: TestProducer
  readonly #client
  readonly #topic = 'moved'
  #from: readonly number[] = []

  private constructor(cluster: SimulatedCluster) {
    this.cluster = cluster
    this.#client = cluster.client()
    const { clock } = cluster.simulation.platform('client')
    this.producer = new TestProducer({ client: this.#client, clock, topic: this.#topic })
  }

  static async open(seed: string, { batches, batchBytes }: { batches: number; batchBytes: number }): Promise<Move> {
    const cluster = await SimulatedCluster.open(seed)
    for (const id of [1, 2, 3]) await cluster.start(id)
    const move = new Move(cluster)
    const { clock } = cluster.simulation.platform('client')
    await move.settle(createReplicatedTopic({ client: move.#client, clock }, move.#topic, { replicationFactor: 2 }))
    for (let n = 0; n < batches; n++) await move.settle(move.producer.send('x'.repeat(batchBytes)))
    move.#from = (await move.#state())?.replicaNodes ?? []
    return move
  }

  settle<T>(work: Promise<T>): Promise<T> {
    return this.cluster.simulation.settle(work, 300_000)
  }

  get #to(): number[] {
    const [stays = -1] = this.#from
    const [comes = -1] = [1, 2, 3].filter(id => !this.#from.includes(id))
    return [stays, comes]
  }

  async #state() {
    return (await this.settle(this.#client.metadata([this.#topic]))).topics[0]?.partitions[0]
  }

  /** As the tool does it: those that have a copy are throttled as leaders, whoever gets one as a follower. */
  async throttle(bytesPerSecond: number, sides: readonly ('leader' | 'follower')[] = ['leader', 'follower']) {
    const named = [this.#from.map(id => `0:${id}`).join(), `0:${this.#to[1]}`]
    await this.settle(
      alterTopicConfigs(this.#client, this.#topic, new Map(replicas.map((name, at) => [name, named[at] ?? '']))),
    )
    const limited = sides.map(side => [`${side}.replication.throttled.rate`, String(bytesPerSecond)] as const)
    for (const id of [1, 2, 3]) await this.settle(alterBrokerConfigs(this.#client, id, new Map(limited)))
  }

  async unthrottle(): Promise<void> {
    const free = new Map(rates.map(name => [name, null]))
    for (const id of [1, 2, 3]) await this.settle(alterBrokerConfigs(this.#client, id, free))
  }

  begin(): Promise<void> {
    return this.settle(reassignPartitions(this.#client, [{ topic: this.#topic, partition: 0, replicas: this.#to }]))
  }

  async isDone(): Promise<boolean> {
    return (await this.settle(listReassignments(this.#client))).length === 0
  }

  /** How long it goes on from now. */
  async end(meanwhile: () => Promise<unknown> = async () => {}): Promise<number> {
    const { simulation } = this.cluster
    const beganMs = simulation.nowMs
    while (!(await this.isDone())) {
      await meanwhile()
      await simulation.runFor(100)
    }
    assert.deepEqual((await this.#state())?.replicaNodes, this.#to)
    return simulation.nowMs - beganMs
  }
}

const fourMegabytes = { batches: 400, batchBytes: 10_000 }

for (const sides of [['leader', 'follower'], ['leader'], ['follower']] as const) {
  test(`a move takes as long as the rate of the ${sides.join(' and the ')} says`, async () => {
    const move = await Move.open(`rate ${sides}`, fourMegabytes)
    await move.throttle(200_000, sides)
    await move.begin()
    const tookMs = await move.end()
    assert.ok(tookMs > 16_000 && tookMs < 23_000, `${tookMs} ms for 20 s worth of records`)
  })
}

test('without a throttle a move takes no time to speak of', async () => {
  const move = await Move.open('free', fourMegabytes)
  await move.begin()
  assert.ok((await move.end()) < 2000)
})

test('a move goes on at full speed once the throttle is taken away', async () => {
  const move = await Move.open('freed', fourMegabytes)
  await move.throttle(50_000)
  await move.begin()
  await move.cluster.simulation.runFor(5000)
  assert.equal(await move.isDone(), false)
  await move.unthrottle()
  const tookMs = await move.end()
  assert.ok(tookMs < 2000, `${tookMs} ms`)
})

test('replicas in sync are not held back, and stay in sync', async () => {
  const move = await Move.open('in sync', fourMegabytes)
  await move.throttle(200_000)
  await move.begin()
  const { simulation } = move.cluster
  const waitsMs: number[] = []
  await move.end(async () => {
    const sentMs = simulation.nowMs
    await move.settle(move.producer.send('meanwhile'))
    waitsMs.push(simulation.nowMs - sentMs)
  })
  assert.ok(waitsMs.length > 100, `${waitsMs.length}`)
  assert.ok(Math.max(...waitsMs) < 100, `${Math.max(...waitsMs)} ms for an acknowledgement`)
})

test('a batch that is larger than the rate comes through all the same, one in the time of all samples', async () => {
  const move = await Move.open('large batches', { batches: 3, batchBytes: 100_000 })
  await move.throttle(1)
  await move.begin()
  const tookMs = await move.end()
  assert.ok(tookMs > 20_000 && tookMs < 30_000, `${tookMs} ms`)
})
