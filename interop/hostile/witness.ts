/** A client that behaves: it produces, reads back what it produced, and remembers all that was acknowledged. */
import { BrokerConnection } from '@odradek/client'
import { createNodePlatform } from '@odradek/platform/node'
import {
  createTopicsRequest,
  createTopicsResponse,
  decodeRecords,
  encodeBatch,
  fetchRequest,
  fetchResponse,
  iterateBatches,
  produceRequest,
  produceResponse,
} from '@odradek/protocol'

const topic = 'kept'
const partitions = 3
const requestTimeoutMs = 30_000
/** After so many rounds it comes back as a new client. */
const roundsInConnection = 20

export class Witness {
  readonly #port: number
  #connection: BrokerConnection | null = null
  #rounds = 0
  /** Values by partition and offset. */
  readonly #acknowledged = Array.from({ length: partitions }, () => new Map<number, string>())
  /** Of a round: connect where due, produce, fetch. */
  slowestMs = 0

  constructor(port: number) {
    this.#port = port
  }

  get acknowledgedCount(): number {
    return this.#acknowledged.reduce((sum, { size }) => sum + size, 0)
  }

  async createTopic(
    name: string,
    numPartitions: number,
    configs: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const connection = await this.#connect()
    const { topics } = await connection.send(createTopicsRequest, createTopicsResponse, {
      topics: [
        {
          name,
          numPartitions,
          replicationFactor: 1,
          configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
        },
      ],
      timeoutMs: requestTimeoutMs,
    })
    check(topics[0]?.errorCode, `topic ${name}`)
  }

  async createOwnTopic(): Promise<void> {
    await this.createTopic(topic, partitions)
  }

  /** Produces a record, and reads it back at the offset that it was given. */
  async round(): Promise<void> {
    const startedAt = performance.now()
    const number = this.#rounds++
    if (number % roundsInConnection === 0) this.close()
    const partition = number % partitions
    const value = `record ${number}`
    const offset = await this.#produce(partition, value)
    this.#acknowledged[partition]?.set(offset, value)
    const [found] = await this.#fetch(partition, offset)
    if (found?.offset !== offset || found.value !== value) {
      throw new Error(`${value} was acknowledged at ${partition}:${offset}, where there is ${JSON.stringify(found)}`)
    }
    this.slowestMs = Math.max(this.slowestMs, performance.now() - startedAt)
  }

  /** Reads everything; throws where an acknowledged record is not at its offset, or where one stands twice. */
  async checkAll(): Promise<void> {
    for (const [partition, acknowledged] of this.#acknowledged.entries()) {
      const found = new Map<number, string>()
      for (let next = 0; ; ) {
        const records = await this.#fetch(partition, next)
        if (records.length === 0) break
        for (const { offset, value } of records) found.set(offset, value)
        next = (records.at(-1)?.offset ?? next) + 1
      }
      for (const [offset, value] of acknowledged) {
        if (found.get(offset) !== value) {
          throw new Error(`${value}, acknowledged at ${partition}:${offset}, is lost; there is ${found.get(offset)}`)
        }
      }
      if (new Set(found.values()).size !== found.size)
        throw new Error(`a record of partition ${partition} stands twice`)
    }
  }

  close(): void {
    this.#connection?.close()
    this.#connection = null
  }

  async #connect(): Promise<BrokerConnection> {
    const { network, clock } = createNodePlatform()
    this.#connection ??= await BrokerConnection.open(
      { host: '127.0.0.1', port: this.#port },
      { network, clock, clientId: 'witness', timeoutMs: requestTimeoutMs },
    )
    return this.#connection
  }

  async #produce(partition: number, value: string): Promise<number> {
    const connection = await this.#connect()
    const records = encodeBatch({ records: [{ timestamp: Date.now(), value }] })
    const body = {
      acks: -1,
      timeoutMs: requestTimeoutMs,
      topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
    }
    const { responses } = await connection.send(produceRequest, produceResponse, body, { maxVersion: 12 })
    const answer = responses[0]?.partitionResponses[0]
    check(answer?.errorCode, 'produce')
    return answer?.baseOffset ?? -1
  }

  async #fetch(partition: number, fetchOffset: number): Promise<{ offset: number; value: string }[]> {
    const connection = await this.#connect()
    const body = {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 10_000_000,
      topics: [{ topic, partitions: [{ partition, fetchOffset, partitionMaxBytes: 1_000_000 }] }],
    }
    const { responses } = await connection.send(fetchRequest, fetchResponse, body, { maxVersion: 12 })
    const answer = responses[0]?.partitions[0]
    check(answer?.errorCode, 'fetch')
    const bytes = answer?.records ?? Buffer.alloc(0)
    const found: { offset: number; value: string }[] = []
    for (const at of iterateBatches(bytes)) {
      for (const { offset, value } of decodeRecords(bytes, at)) {
        if (offset >= fetchOffset) found.push({ offset, value: String(value) })
      }
    }
    return found
  }
}

function check(errorCode: number | undefined, what: string): void {
  if (errorCode !== 0) throw new Error(`${what} was answered with error ${errorCode}`)
}
