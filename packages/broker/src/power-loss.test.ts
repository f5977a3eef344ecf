/**
 * A whole broker under kill -9 and power loss at any one call to its disk, with clients that go on asking until they are
 * answered: records, committed offsets, topics and producer ids that were acknowledged are there in the end, records once.
 * (What one log does in such lives, with rolls and retention, is the subject of log/power-loss.test.ts.)
 *
 * A failed seed prints itself; replay it with ODRADEK_SEED=n, and look for more with ODRADEK_SEEDS=count.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createSimulation,
  type SeededRandom,
  type SimulatedMachine,
  type Simulation,
} from '@odradek/platform/simulated'
import {
  createTopicsRequest,
  createTopicsResponse,
  decodeRecords,
  deleteTopicsRequest,
  deleteTopicsResponse,
  encodeBatch,
  errorCodes,
  errorName,
  fetchRequest,
  fetchResponse,
  findCoordinatorRequest,
  findCoordinatorResponse,
  initProducerIdRequest,
  initProducerIdResponse,
  iterateBatches,
  metadataRequest,
  metadataResponse,
  offsetCommitRequest,
  offsetCommitResponse,
  offsetFetchRequest,
  offsetFetchResponse,
  produceRequest,
  produceResponse,
} from '@odradek/protocol'
import { type Broker, createBroker } from './broker.ts'
import { silentLogger } from './logger.ts'
import { PersistentClient } from './testing/persistent-client.ts'

const seedsDefault = 150

test('a broker keeps what it has acknowledged through kills and power losses', async t => {
  const { ODRADEK_SEED: only, ODRADEK_SEEDS: count } = process.env
  const first = only === undefined ? 0 : Number(only)
  const end = only === undefined ? Number(count ?? seedsDefault) : first + 1
  let deaths = 0
  let acknowledged = 0
  for (let seed = first; seed < end; seed++) {
    try {
      const history = new History(seed)
      await history.run()
      deaths += history.deaths
      acknowledged += history.acknowledged
    } catch (error) {
      throw new Error(`seed ${seed} fails; replay it with ODRADEK_SEED=${seed}`, { cause: error })
    }
  }
  t.diagnostic(`${end - first} seeds: ${deaths} deaths, ${acknowledged} requests acknowledged, nothing lost or doubled`)
})

test('one seed has one history', async () => {
  const [one, other] = [new History(3), new History(3)]
  await one.run()
  await other.run()
  assert.equal(one.traceHash, other.traceHash)
})

const topic = 'orders'
const partitionCount = 2
const group = 'readers'
const at = { host: 'broker', port: 9092 }

/** Errors that a client meets while a coordinator loads, or that a dying disk causes. */
const temporary: readonly number[] = [
  errorCodes.COORDINATOR_LOAD_IN_PROGRESS,
  errorCodes.COORDINATOR_NOT_AVAILABLE,
  errorCodes.NOT_COORDINATOR,
  errorCodes.REQUEST_TIMED_OUT,
  errorCodes.KAFKA_STORAGE_ERROR,
  errorCodes.UNKNOWN_SERVER_ERROR,
]

class History {
  deaths = 0
  acknowledged = 0
  readonly #simulation: Simulation
  readonly #machine: SimulatedMachine
  readonly #random: SeededRandom
  /** By value. */
  readonly #records = new Map<string, { partition: number; offset: number }>()
  readonly #producerIds = new Set<number>()
  readonly #topics = new Map<string, 'exists' | 'deleted'>()
  #committed = -1
  #clusterId: string | null = null
  #failure: { readonly error: unknown } | null = null

  constructor(seed: number) {
    this.#simulation = createSimulation({ seed })
    this.#machine = this.#simulation.machine('broker')
    this.#random = this.#simulation.random('workload')
    if (this.#random.chance(0.3)) Object.assign(this.#simulation.network.faults, { reset: 0.01, stall: 0.02 })
    if (this.#random.chance(0.2)) this.#machine.disk.faults.blockingMs = [0, 8]
  }

  get traceHash(): string {
    return this.#simulation.traceHash
  }

  async run(): Promise<void> {
    let unfinished = 0
    const begin = (work: Promise<void>) => {
      unfinished++
      work.then(
        () => unfinished--,
        error => {
          this.#failure ??= { error }
        },
      )
    }
    const producing = async () => {
      await this.#createTopic()
      for (const index of [0, 1]) begin(this.#produceAll(index))
    }
    begin(producing())
    begin(this.#commitAll())
    begin(this.#changeTopics())

    const lives = 1 + this.#random.integer(5)
    for (let life = 0; life < lives; life++) await this.#live()
    const broker = await this.#simulation.settle(this.#start())
    await this.#until(() => unfinished === 0)
    await this.#simulation.settle(broker.stop())
    this.#machine.powerLoss()
    await this.#simulation.settle(this.#start())
    await this.#simulation.settle(this.#verify())
  }

  /** Until death, which may come before the broker has begun to serve. */
  async #live(): Promise<void> {
    const how = this.#random.pick(['crash', 'power loss'] as const)
    const starting = this.#start()
    starting.catch(error => {
      if (this.#machine.isUp) this.#failure ??= { error }
    })
    this.#machine.dieAtDiskCall(1 + this.#random.integer(this.#random.pick([60, 300])), how)
    const longestMs = 5000
    const bornMs = this.#simulation.nowMs
    await this.#until(() => !this.#machine.isUp || this.#simulation.nowMs > bornMs + longestMs)
    if (how === 'crash') this.#machine.crash()
    else this.#machine.powerLoss()
    this.deaths++
    await this.#simulation.runFor(this.#random.integer(300))
  }

  async #until(condition: () => boolean): Promise<void> {
    await this.#simulation.until(() => this.#failure !== null || condition(), 300_000)
    if (this.#failure !== null) throw this.#failure.error
  }

  async #start(): Promise<Broker> {
    const platform = this.#machine.isUp ? this.#machine.platform : this.#machine.restart()
    const broker = await createBroker({
      platform,
      dataDirectory: '/var/odradek',
      logger: silentLogger,
      config: {
        listeners: 'PLAINTEXT://:9092',
        'log.flush.interval.messages': '1',
        'offsets.topic.num.partitions': '1',
        'auto.create.topics.enable': 'false',
      },
    })
    this.#clusterId ??= broker.clusterId
    return broker
  }

  #client(name: string): PersistentClient {
    return new PersistentClient(this.#simulation.platform(name), at)
  }

  /** Asks again while the error is one that passes. Returns the code of the last answer. */
  async #retry(
    client: PersistentClient,
    attempt: () => Promise<number>,
  ): Promise<{ code: number; mayBeSecond: boolean }> {
    let mayBeSecond = false
    for (;;) {
      const code = await attempt()
      mayBeSecond ||= client.unanswered > 0
      if (!temporary.includes(code)) {
        this.acknowledged++
        return { code, mayBeSecond }
      }
      mayBeSecond = true
      await client.sleep(20)
    }
  }

  async #createTopic(): Promise<void> {
    const code = await this.#create(this.#client('admin'), topic, partitionCount)
    assert.equal(errorName(code), 'NONE')
  }

  async #create(client: PersistentClient, name: string, numPartitions: number): Promise<number> {
    const { code, mayBeSecond } = await this.#retry(client, async () => {
      const body = { topics: [{ name, numPartitions, replicationFactor: 1 }] }
      const answer = await client.ask(createTopicsRequest, createTopicsResponse, body, 7)
      return answer.topics[0]?.errorCode ?? -1
    })
    return code === errorCodes.TOPIC_ALREADY_EXISTS && mayBeSecond ? errorCodes.NONE : code
  }

  async #changeTopics(): Promise<void> {
    const client = this.#client('admin')
    for (let index = 0; index < 8; index++) {
      const name = `passing-${index}`
      assert.equal(errorName(await this.#create(client, name, 1 + this.#random.integer(3))), 'NONE')
      this.#topics.set(name, 'exists')
      await client.sleep(this.#random.integer(40))
      if (this.#random.chance(0.5)) continue
      const { code, mayBeSecond } = await this.#retry(client, async () => {
        const body = { topics: [{ name }], timeoutMs: 1000 }
        const answer = await client.ask(deleteTopicsRequest, deleteTopicsResponse, body, 6)
        return answer.responses[0]?.errorCode ?? -1
      })
      if (!mayBeSecond) assert.equal(errorName(code), 'NONE')
      this.#topics.set(name, 'deleted')
    }
  }

  async #produceAll(index: number): Promise<void> {
    const client = this.#client(`producer-${index}`)
    const { producerId, producerEpoch } = await this.#newProducer(client)
    const sequences = new Array<number>(partitionCount).fill(0)
    for (let batch = 0; batch < 25; batch++) {
      const partition = this.#random.integer(partitionCount)
      const values = Array.from({ length: 1 + this.#random.integer(3) }, (_, at) => `${index}-${batch}-${at}`)
      const baseSequence = sequences[partition] ?? 0
      const timestamp = this.#simulation.platform('admin').clock.now()
      const records = values.map(value => ({ timestamp, value }))
      const bytes = encodeBatch({ records, producerId, producerEpoch, baseSequence })
      let baseOffset = -1
      const { code } = await this.#retry(client, async () => {
        const partitionData = [{ index: partition, records: bytes }]
        const body = { acks: -1, timeoutMs: 1000, topicData: [{ name: topic, partitionData }] }
        const answer = await client.ask(produceRequest, produceResponse, body, 9)
        const found = answer.responses[0]?.partitionResponses[0]
        baseOffset = found?.baseOffset ?? -1
        return found?.errorCode ?? -1
      })
      assert.equal(errorName(code), 'NONE')
      sequences[partition] = baseSequence + values.length
      for (const [at, value] of values.entries()) this.#records.set(value, { partition, offset: baseOffset + at })
      await client.sleep(this.#random.pick([0, 1, 30]))
    }
  }

  async #newProducer(client: PersistentClient): Promise<{ producerId: number; producerEpoch: number }> {
    let producer = { producerId: -1, producerEpoch: -1 }
    const { code } = await this.#retry(client, async () => {
      const body = { transactionalId: null, transactionTimeoutMs: 60_000 }
      const answer = await client.ask(initProducerIdRequest, initProducerIdResponse, body, 4)
      producer = answer
      return answer.errorCode
    })
    assert.equal(errorName(code), 'NONE')
    assert.ok(!this.#producerIds.has(producer.producerId), `producer id ${producer.producerId} was given out twice`)
    this.#producerIds.add(producer.producerId)
    return producer
  }

  async #commitAll(): Promise<void> {
    const client = this.#client('consumer')
    await this.#findCoordinator(client)
    for (let offset = 0; offset < 25; offset++) {
      const { code } = await this.#retry(client, async () => {
        const partitions = [{ partitionIndex: 0, committedOffset: offset }]
        const body = { groupId: group, topics: [{ name: topic, partitions }] }
        const answer = await client.ask(offsetCommitRequest, offsetCommitResponse, body, 8)
        const errorCode = answer.topics[0]?.partitions[0]?.errorCode ?? -1
        // The topic is being made at the same time.
        return errorCode === errorCodes.UNKNOWN_TOPIC_OR_PARTITION ? errorCodes.REQUEST_TIMED_OUT : errorCode
      })
      assert.equal(errorName(code), 'NONE')
      this.#committed = offset
      if (this.#random.chance(0.3)) assert.equal(await this.#committedOffset(client), offset)
      // Ids that nobody uses, for the blocks that they come from.
      if (this.#random.chance(0.2)) await this.#newProducer(client)
      await client.sleep(this.#random.pick([0, 5, 50]))
    }
  }

  /** Asking for it makes the topic of the offsets. */
  async #findCoordinator(client: PersistentClient): Promise<void> {
    const { code } = await this.#retry(client, async () => {
      const body = { keyType: 0, coordinatorKeys: [group] }
      const answer = await client.ask(findCoordinatorRequest, findCoordinatorResponse, body, 6)
      return answer.coordinators[0]?.errorCode ?? -1
    })
    assert.equal(errorName(code), 'NONE')
  }

  async #committedOffset(client: PersistentClient): Promise<number> {
    let offset = -1
    const { code } = await this.#retry(client, async () => {
      const body = { groupId: group, topics: [{ name: topic, partitionIndexes: [0] }] }
      const answer = await client.ask(offsetFetchRequest, offsetFetchResponse, body, 7)
      offset = answer.topics[0]?.partitions[0]?.committedOffset ?? -1
      return answer.errorCode
    })
    assert.equal(errorName(code), 'NONE')
    return offset
  }

  async #verify(): Promise<void> {
    const client = this.#client('auditor')
    const metadata = await client.ask(metadataRequest, metadataResponse, { topics: null }, 12)
    assert.equal(metadata.clusterId, this.#clusterId)
    const names = new Set(metadata.topics.map(({ name }) => name))
    for (const [name, state] of this.#topics) assert.equal(names.has(name), state === 'exists', `${name} ${state}`)
    assert.ok(metadata.topics.every(({ partitions }) => partitions.every(({ errorCode }) => errorCode === 0)))
    assert.equal(await this.#committedOffset(client), this.#committed)
    const found = new Map<string, { partition: number; offset: number }>()
    for (let partition = 0; partition < partitionCount; partition++) await this.#readAll(client, partition, found)
    assert.deepEqual(new Map([...found].sort()), new Map([...this.#records].sort()))
  }

  async #readAll(
    client: PersistentClient,
    partition: number,
    found: Map<string, { partition: number; offset: number }>,
  ): Promise<void> {
    for (let fetchOffset = 0; ; ) {
      const partitions = [{ partition, fetchOffset, partitionMaxBytes: 1_000_000 }]
      const body = { maxWaitMs: 0, minBytes: 0, topics: [{ topic, partitions }] }
      const answer = await client.ask(fetchRequest, fetchResponse, body, 12)
      const part = answer.responses[0]?.partitions[0]
      assert.equal(part?.errorCode, errorCodes.NONE)
      const bytes = part?.records ?? Buffer.alloc(0)
      for (const at of iterateBatches(bytes)) {
        for (const { offset, value } of decodeRecords(bytes, at)) {
          assert.equal(offset, fetchOffset, 'offsets are contiguous')
          assert.ok(!found.has(String(value)), `${value} stands twice`)
          found.set(String(value), { partition, offset })
          fetchOffset++
        }
      }
      if (fetchOffset === part?.highWatermark) return
    }
  }
}
