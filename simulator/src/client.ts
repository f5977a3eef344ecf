import { BrokerConnection, ConnectionError, type RequestSchema, type ResponseSchema } from '@odradek/client'
import type { Platform } from '@odradek/platform'
import type { SeededRandom } from '@odradek/platform/simulated'
import { errorCodes, metadataRequest, metadataResponse } from '@odradek/protocol'
import { machineName } from './cluster.ts'

export interface Leader {
  readonly broker: number
  readonly epoch: number
  readonly topicId: string
}

/** How long a client waits for an answer before it looks for another broker. */
const timeoutMs = 4000

/** Errors that say: ask again, perhaps somebody else. */
const passing: ReadonlySet<number> = new Set([
  errorCodes.NOT_LEADER_OR_FOLLOWER,
  errorCodes.LEADER_NOT_AVAILABLE,
  errorCodes.FENCED_LEADER_EPOCH,
  errorCodes.UNKNOWN_LEADER_EPOCH,
  errorCodes.UNKNOWN_TOPIC_ID,
  errorCodes.UNKNOWN_TOPIC_OR_PARTITION,
  errorCodes.INCONSISTENT_TOPIC_ID,
  errorCodes.OFFSET_NOT_AVAILABLE,
  errorCodes.NOT_ENOUGH_REPLICAS,
  errorCodes.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
  errorCodes.REQUEST_TIMED_OUT,
  errorCodes.KAFKA_STORAGE_ERROR,
  errorCodes.NOT_COORDINATOR,
  errorCodes.COORDINATOR_NOT_AVAILABLE,
  errorCodes.COORDINATOR_LOAD_IN_PROGRESS,
  errorCodes.NOT_CONTROLLER,
  errorCodes.BROKER_NOT_AVAILABLE,
  errorCodes.NETWORK_EXCEPTION,
])

export function isPassing(errorCode: number): boolean {
  return passing.has(errorCode)
}

/**
 * A client of the cluster, as patient as real ones: a connection a broker, metadata from whichever broker answers, and no step
 * back to an older leader epoch than it has seen (KIP-320).
 */
export class Client {
  readonly name: string
  readonly random: SeededRandom
  readonly #platform: Platform
  readonly #brokerIds: readonly number[]
  readonly #connections = new Map<number, Promise<BrokerConnection>>()
  readonly #leaders = new Map<string, Leader>()

  constructor(options: { name: string; random: SeededRandom; platform: Platform; brokerIds: readonly number[] }) {
    this.name = options.name
    this.random = options.random
    this.#platform = options.platform
    this.#brokerIds = options.brokerIds
  }

  get nowMs(): number {
    return this.#platform.clock.now()
  }

  get monotonicMs(): number {
    return this.#platform.clock.monotonic()
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise(resolve => this.#platform.clock.after(delayMs, resolve))
  }

  anyBroker(): number {
    return this.random.pick(this.#brokerIds)
  }

  /** Rejects with ConnectionError. */
  async ask<Q, A>(
    broker: number,
    request: RequestSchema<Q>,
    response: ResponseSchema<A>,
    body: NoInfer<Q>,
    options: { readonly maxVersion?: number; readonly timeoutMs?: number } = {},
  ): Promise<A> {
    const connection = await this.#connect(broker)
    return connection.send(request, response, body, { timeoutMs, ...options })
  }

  /** The same, until there is an answer whose error is not one that passes; `to` says whom to ask each time. */
  async persist<A>(
    attempt: () => Promise<{ readonly errorCode: number; readonly answer: A } | null>,
    pauseMs = 100,
  ): Promise<{ readonly errorCode: number; readonly answer: A }> {
    for (;;) {
      const outcome = await this.attempt(attempt)
      if (outcome !== null && !isPassing(outcome.errorCode)) return outcome
      await this.sleep(pauseMs)
    }
  }

  /** Null where no answer came. */
  async attempt<A>(ask: () => Promise<A | null>): Promise<A | null> {
    try {
      return await ask()
    } catch (error) {
      if (error instanceof ConnectionError) return null
      throw error
    }
  }

  /** As last heard; null while nobody is known to lead. */
  leader(topic: string, partition: number): Leader | null {
    const leader = this.#leaders.get(`${topic}-${partition}`)
    return leader === undefined || leader.broker < 0 ? null : leader
  }

  /** Asks some broker who leads. Null: no answer, or it does not know. */
  async findLeader(topic: string, partition: number): Promise<Leader | null> {
    const answer = await this.attempt(() =>
      this.ask(this.anyBroker(), metadataRequest, metadataResponse, {
        topics: [{ name: topic }],
        allowAutoTopicCreation: false,
      }),
    )
    const found = answer?.topics[0]
    if (found === undefined || found.errorCode !== errorCodes.NONE) return null
    for (const { partitionIndex, leaderId: broker, leaderEpoch: epoch } of found.partitions) {
      const key = `${topic}-${partitionIndex}`
      const known = this.#leaders.get(key)
      if (known !== undefined && known.topicId === found.topicId && known.epoch > epoch) continue
      this.#leaders.set(key, { broker, epoch, topicId: found.topicId })
    }
    return this.leader(topic, partition)
  }

  async #connect(broker: number): Promise<BrokerConnection> {
    const present = this.#connections.get(broker)
    if (present !== undefined) {
      const connection = await present
      if (!connection.closed) return connection
    }
    const { network, clock } = this.#platform
    const at = { host: machineName(broker), port: 9092 }
    const opening = BrokerConnection.open(at, { network, clock, clientId: this.name, timeoutMs })
    this.#connections.set(broker, opening)
    opening.catch(() => {
      if (this.#connections.get(broker) === opening) this.#connections.delete(broker)
    })
    return opening
  }
}
