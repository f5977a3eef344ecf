/** Who may start as one of several brokers, and as whom. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSimulation, type Simulation } from '@odradek/platform/simulated'
import { type Broker, createBroker } from './broker.ts'
import { type Logger, silentLogger } from './logger.ts'
import { LocalStore } from './metadata/local-store.ts'
import { StoreLink } from './metadata/testing/store-link.ts'
import { OdradekError } from './odradek-error.ts'

interface Start {
  /** A machine of its own. */
  readonly host: string
  readonly config?: Readonly<Record<string, string>>
  readonly clusterId?: string
  readonly isAlone?: boolean
  readonly logger?: Logger
}

class World {
  readonly simulation: Simulation
  #store: LocalStore

  private constructor(simulation: Simulation, store: LocalStore) {
    this.simulation = simulation
    this.#store = store
  }

  static async open(): Promise<World> {
    const simulation = createSimulation({ seed: 'start' })
    return new World(simulation, await World.#newStore(simulation, 'store'))
  }

  static async #newStore(simulation: Simulation, host: string): Promise<LocalStore> {
    const { disk, clock } = simulation.platform(host)
    return (await simulation.settle(LocalStore.open({ disk, clock, path: '/metadata' }))).store
  }

  /** As if somebody had lost the store's disks. */
  async loseStore(): Promise<void> {
    this.#store = await World.#newStore(this.simulation, 'other store')
  }

  start({ host, config = {}, clusterId, isAlone = false, logger = silentLogger }: Start): Promise<Broker> {
    return this.simulation.settle(
      createBroker({
        platform: this.simulation.platform(host),
        config: { listeners: `PLAINTEXT://${host}:9092`, 'broker.session.timeout.ms': '1000', ...config },
        dataDirectory: '/data',
        logger,
        ...(isAlone ? {} : { cluster: { store: new StoreLink(this.#store) } }),
        ...(clusterId === undefined ? {} : { clusterId }),
      }),
      120_000,
    )
  }

  stop(broker: Broker): Promise<void> {
    return this.simulation.settle(broker.stop())
  }

  async refusal(start: Start): Promise<string> {
    try {
      await this.start(start)
    } catch (error) {
      assert.ok(error instanceof OdradekError, String(error))
      return `${error.code}: ${error.message}`
    }
    return assert.fail('it started')
  }
}

test('a broker without a node id gets the next free one, and keeps it with its data', async () => {
  const world = await World.open()
  const first = await world.start({ host: 'a' })
  const chosen = await world.start({ host: 'b', config: { 'node.id': '7' } })
  const next = await world.start({ host: 'c' })
  assert.deepEqual(
    [first, chosen, next].map(({ brokerId }) => brokerId),
    [1, 7, 8],
  )
  assert.equal(new Set([first, chosen, next].map(({ clusterId }) => clusterId)).size, 1)
  await world.stop(first)
  assert.equal((await world.start({ host: 'a' })).brokerId, 1)
  assert.equal((await world.start({ host: 'd' })).brokerId, 9)
})

test('a data directory belongs to one node of one cluster', async () => {
  const world = await World.open()
  const broker = await world.start({ host: 'a', clusterId: 'first' })
  assert.equal(broker.clusterId, 'first')
  await world.stop(broker)
  const otherNode = await world.refusal({ host: 'a', config: { 'node.id': '3' } })
  assert.match(otherNode, /^other-node: .*belongs to node 1, not to 3\. Set node\.id=1/)
  const otherCluster = await world.refusal({ host: 'b', clusterId: 'second' })
  assert.match(otherCluster, /^other-cluster: .*has cluster first under this prefix, not second/)
  const alone = await world.refusal({ host: 'a', isAlone: true })
  assert.match(
    alone,
    /^shared-cluster: .*is of node 1 of a cluster of several brokers, first\. Start it with --cluster/,
  )
})

test('nothing is founded anew over the data of a cluster whose store is empty', async () => {
  const world = await World.open()
  const { clusterId, ...broker } = await world.start({ host: 'a' })
  await world.simulation.settle(broker.stop())
  await world.loseStore()
  const refusal = await world.refusal({ host: 'a' })
  assert.match(refusal, /^no-cluster: .*but the metadata store has no cluster under this prefix.*restore it/)
  assert.ok(refusal.includes(clusterId))
})

test('the data of a broker that was alone joins no cluster as it is', async () => {
  const world = await World.open()
  await world.stop(await world.start({ host: 'a', isAlone: true }))
  assert.match(await world.refusal({ host: 'a' }), /^single-broker: .*odradek cluster import/)
  assert.equal((await world.start({ host: 'a', isAlone: true })).brokerId, 1)
})

test('a node id that another broker lives under is refused, once it is sure that it is not left over', async () => {
  const world = await World.open()
  await world.start({ host: 'a', config: { 'node.id': '1' } })
  const warnings: string[] = []
  const logger: Logger = { ...silentLogger, warn: text => warnings.push(text) }
  const refusal = await world.refusal({ host: 'b', config: { 'node.id': '1' }, logger })
  assert.match(refusal, /^node-id-taken: Another broker of this cluster has node id 1, at a:9092\. Stop that one/)
  assert.equal(warnings.filter(text => /node id of this broker is registered already/.test(text)).length, 1)
})

test('in a cluster a listener needs an address that the others can reach', async () => {
  const world = await World.open()
  const listeners = 'PLAINTEXT://:9092'
  const nowhere = await world.refusal({ host: 'a', config: { listeners } })
  assert.match(nowhere, /^invalid-config: .*set advertised\.listeners=PLAINTEXT:\/\/HOST:9092/)
  const unknown = await world.refusal({ host: 'a', config: { 'inter.broker.listener.name': 'INTERNAL' } })
  assert.match(unknown, /^invalid-config: .*INTERNAL, but no listener/)
  await world.start({ host: 'a', config: { listeners, 'advertised.listeners': 'PLAINTEXT://a:9092' } })
})

test('a cluster is born with the least number of in-sync replicas that its founder was told', async () => {
  const world = await World.open()
  const broker = await world.start({ host: 'a', config: { 'min.insync.replicas': '2' } })
  assert.deepEqual(broker.image.configs.get('broker/'), { 'min.insync.replicas': '2' })
})

test('a broker that is told another least number than its cluster has is told that this has no effect', async () => {
  const world = await World.open()
  const warnings: string[] = []
  const logger: Logger = { ...silentLogger, warn: text => warnings.push(text) }
  await world.start({ host: 'a', config: { 'min.insync.replicas': '2' }, logger })
  await world.start({ host: 'b', config: { 'min.insync.replicas': '2' }, logger })
  assert.deepEqual(warnings, [])
  await world.start({ host: 'c', config: { 'min.insync.replicas': '3' }, logger })
  assert.match(warnings.join(), /^min\.insync\.replicas=3 has no effect: the cluster has 2; change it with: \S/)
})

test('settings that no broker can start with are refused before a cluster is founded with them', async () => {
  const world = await World.open()
  const settings = { 'broker.session.timeout.ms': '10', 'min.insync.replicas': '1' }
  const refusal = await world.refusal({ host: 'a', config: settings, clusterId: 'first' })
  assert.match(refusal, /^invalid-config: broker\.session\.timeout\.ms is 10/)
  const broker = await world.start({ host: 'a', config: { 'min.insync.replicas': '2' }, clusterId: 'second' })
  assert.equal(broker.clusterId, 'second')
  assert.deepEqual(broker.image.configs.get('broker/'), { 'min.insync.replicas': '2' })
})
