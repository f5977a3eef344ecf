import {
  encodeBatch,
  errorCodes,
  errorName,
  initProducerIdRequest,
  initProducerIdResponse,
  produceRequest,
  produceResponse,
} from '@odradek/protocol'
import type { Client } from '../client.ts'
import { isPassing } from '../client.ts'
import { recordValue } from '../ledger.ts'
import { Violation } from '../verdict.ts'
import { newClient, type World } from '../world.ts'

export interface ProducerOptions {
  readonly name: string
  readonly topic: string
  readonly partition: number
  readonly isIdempotent: boolean
  /** 'leader': nothing is promised; what its leader alone has, others have to cut off. */
  readonly acks: 'all' | 'leader'
}

/** Sends a batch to one partition until it is acknowledged; then the next. */
export class Producer {
  readonly #world: World
  readonly #options: ProducerOptions
  readonly #client: Client
  #producerId = -1
  #number = 0

  constructor(world: World, options: ProducerOptions) {
    this.#world = world
    this.#options = options
    this.#client = newClient(world, options.name)
  }

  async run(): Promise<void> {
    if (this.#options.isIdempotent) this.#producerId = await this.#newProducerId()
    while (!this.#world.isClosing()) {
      await this.#sendBatch()
      await this.#client.sleep(this.#world.plan.producerPauseMs * 2 * this.#client.random.fraction())
    }
  }

  async #sendBatch(): Promise<void> {
    const { random } = this.#client
    const { name, isIdempotent } = this.#options
    const baseSequence = this.#number
    const values = Array.from({ length: 1 + random.integer(3) }, () =>
      recordValue(name, this.#number++, random.chance(0.05) ? random.integer(1000) : random.integer(40)),
    )
    for (;;) {
      const records = encodeBatch({
        records: values.map(value => ({ timestamp: this.#client.nowMs, value })),
        ...(isIdempotent ? { producerId: this.#producerId, producerEpoch: 0, baseSequence } : {}),
      })
      if (await this.#attempt(records, values)) return
      await this.#client.sleep(50 + 100 * random.fraction())
    }
  }

  async #attempt(records: Buffer, values: readonly string[]): Promise<boolean> {
    const { topic, partition, name, acks } = this.#options
    const leader = this.#client.leader(topic, partition) ?? (await this.#client.findLeader(topic, partition))
    if (leader === null) return false
    const { topicId } = leader
    const answer = await this.#client.attempt(() =>
      this.#client.ask(leader.broker, produceRequest, produceResponse, {
        transactionalId: null,
        acks: acks === 'all' ? -1 : 1,
        timeoutMs: 2000,
        topicData: [{ name: topic, topicId, partitionData: [{ index: partition, records }] }],
      }),
    )
    const found = answer?.responses[0]?.partitionResponses[0]
    if (found?.errorCode === errorCodes.NONE) {
      if (acks === 'all') this.#world.ledger.acknowledge(topicId, partition, found.baseOffset, values)
      return true
    }
    if (found !== undefined && !isPassing(found.errorCode)) {
      const what = `${name} to ${topic}-${partition} at broker ${leader.broker}: ${errorName(found.errorCode)}`
      throw new Violation('producers', `${what} ${found.errorMessage ?? ''}`)
    }
    await this.#client.findLeader(topic, partition)
    return false
  }

  async #newProducerId(): Promise<number> {
    const { errorCode, answer } = await this.#client.persist(async () => {
      const given = await this.#client.ask(this.#client.anyBroker(), initProducerIdRequest, initProducerIdResponse, {
        transactionalId: null,
        transactionTimeoutMs: 60_000,
      })
      return { errorCode: given.errorCode, answer: given.producerId }
    })
    if (errorCode !== errorCodes.NONE) throw new Violation('producers', `no producer id: ${errorName(errorCode)}`)
    return answer
  }
}
