import type { Platform } from '@odradek/platform'
import {
  errorCodes,
  type FindCoordinatorResponse,
  findCoordinatorRequest,
  findCoordinatorResponse,
  isRetriable,
  type MetadataResponse,
  metadataRequest,
  metadataResponse,
} from '@odradek/protocol'
import type { Body, RequestSchema, ResponseSchema } from './api.ts'
import type { BrokerConnection, SendOptions } from './broker-connection.ts'
import { type Address, type Attempt, ConnectionPool } from './connection-pool.ts'
import { ConnectionError, KafkaError, NoBrokerError } from './kafka-error.ts'

export interface ClusterOptions {
  readonly platform: Pick<Platform, 'network' | 'clock'>
  /** 'HOST:PORT[,HOST:PORT…]': brokers to ask first. */
  readonly bootstrap: string
  readonly clientId?: string
  /** How long one broker has for one answer; a connection that gets none is closed (Kafka's request.timeout.ms). */
  readonly timeoutMs?: number
  /** How long all tries of a request may take before its trouble reaches the caller (Kafka's default.api.timeout.ms). */
  readonly retryForMs?: number
}

const RETRY_PAUSE_MS = 100

/** Where a request has to go. */
export type Destination = 'any' | 'controller' | { readonly node: number } | { readonly coordinatorOf: string }

/**
 * A cluster, found from a bootstrap address. What one broker does not answer is tried again, with another one where any will do,
 * and with what another one knows of the cluster where it has to be the controller, a coordinator or a certain node. So a
 * request whose answer is lost may be carried out twice. close() ends the connections.
 */
export class ClusterClient {
  readonly #options: Required<ClusterOptions>
  readonly #connections: ConnectionPool
  #brokers: ReadonlyMap<number, Address> = new Map()
  #controllerId = -1

  constructor(options: ClusterOptions) {
    this.#options = { clientId: 'odradek-client', timeoutMs: 30_000, retryForMs: 60_000, ...options }
    const { platform, clientId, timeoutMs } = this.#options
    this.#connections = new ConnectionPool({ network: platform.network, clock: platform.clock, clientId, timeoutMs })
  }

  /** Asks a broker for the cluster's metadata: of all topics (null), or of those named. Unknown topics come back with their error. */
  async metadata(
    topics: readonly string[] | null,
    { allowAutoTopicCreation = false, from = 'any' }: { allowAutoTopicCreation?: boolean; from?: Destination } = {},
  ): Promise<MetadataResponse> {
    return this.#persist(async attempt => {
      const connection = await this.#route(from, attempt)
      return this.#metadata(topics, { allowAutoTopicCreation, connection, attempt })
    })
  }

  /**
   * Sends to where the request belongs. `errorOf` looks into the answer for an error that another try may cure
   * (a coordinator that moved or loads, a leader that changed): such answers are asked for again.
   */
  async send<Q, A>(
    to: Destination,
    request: RequestSchema<Q>,
    response: ResponseSchema<A>,
    body: Body<NoInfer<Q>>,
    { errorOf = () => 0, ...options }: SendOptions & { errorOf?: (answer: A) => number } = {},
  ): Promise<A> {
    return this.#persist(async attempt => {
      const connection = await this.#route(to, attempt)
      return this.#connections.ask(connection, request, response, body, { ...options, ...attempt })
    }, errorOf)
  }

  async close(): Promise<void> {
    this.#connections.close()
  }

  /** Until there is an answer without an error worth another try, or the time is up. */
  async #persist<A>(ask: (attempt: Attempt) => Promise<A>, errorOf: (answer: A) => number = () => 0): Promise<A> {
    const { clock } = this.#options.platform
    const giveUpAtMs = clock.monotonic() + this.#options.retryForMs
    for (let asksAround = false; ; ) {
      let trouble: unknown
      try {
        const answer = await ask({ asksAround, giveUpAtMs })
        const code = errorOf(answer)
        if (!isRetriable(code)) return answer
        trouble = new KafkaError(code)
      } catch (error) {
        if (!isPassing(error)) throw error
        trouble = error
      }
      if (clock.monotonic() + RETRY_PAUSE_MS >= giveUpAtMs) throw trouble
      asksAround = wasMisled(trouble)
      await new Promise<void>(resolve => clock.after(RETRY_PAUSE_MS, resolve))
    }
  }

  async #route(to: Destination, attempt: Attempt): Promise<BrokerConnection> {
    if (to === 'any') return this.#any(attempt)
    if (to === 'controller') {
      await this.#refresh(attempt)
      const controller = this.#brokers.get(this.#controllerId)
      // Without its metadata store a cluster elects nobody and goes on to name one that is gone. The others can tell as much.
      const isGone = controller === undefined || (attempt.asksAround && this.#connections.hasFailed(controller))
      return isGone ? this.#any(attempt) : this.#connections.to(controller, attempt)
    }
    if ('node' in to) return this.#node(to.node, attempt)
    return this.#coordinator(to.coordinatorOf, attempt)
  }

  /** Of -1, the leader of a partition that has none, any broker can tell. */
  async #node(id: number, attempt: Attempt): Promise<BrokerConnection> {
    if (id < 0) return this.#any(attempt)
    const known = this.#brokers.get(id)
    if (known === undefined || this.#connections.hasFailed(known)) await this.#refresh(attempt)
    const broker = this.#brokers.get(id)
    if (broker === undefined) throw new NoBrokerError(`broker ${id} does not run`)
    return this.#connections.to(broker, attempt)
  }

  async #coordinator(group: string, attempt: Attempt): Promise<BrokerConnection> {
    const body = (version: number) =>
      version >= 4 ? { keyType: 0, coordinatorKeys: [group] } : { keyType: 0, key: group }
    const connection = await this.#any(attempt)
    const answer = await this.#connections.ask(
      connection,
      findCoordinatorRequest,
      findCoordinatorResponse,
      body,
      attempt,
    )
    const found = coordinatorIn(answer)
    KafkaError.check(found.errorCode, found.errorMessage)
    return this.#connections.to(found, attempt)
  }

  async #refresh(attempt: Attempt): Promise<void> {
    await this.#metadata([], { allowAutoTopicCreation: false, connection: await this.#any(attempt), attempt })
  }

  async #metadata(
    topics: readonly string[] | null,
    {
      allowAutoTopicCreation,
      connection,
      attempt,
    }: { allowAutoTopicCreation: boolean; connection: BrokerConnection; attempt: Attempt },
  ): Promise<MetadataResponse> {
    const body = { topics: topics === null ? null : topics.map(name => ({ name })), allowAutoTopicCreation }
    const answer = await this.#connections.ask(connection, metadataRequest, metadataResponse, body, attempt)
    this.#brokers = new Map(answer.brokers.map(broker => [broker.nodeId, broker]))
    this.#controllerId = answer.controllerId
    return answer
  }

  #any(attempt: Attempt): Promise<BrokerConnection> {
    return this.#connections.any([...this.#brokers.values(), ...parseBootstrap(this.#options.bootstrap)], attempt)
  }
}

/** Whether another broker, or the same one later, may do better. */
function isPassing(error: unknown): boolean {
  if (error instanceof KafkaError) return error.retriable
  return error instanceof ConnectionError && !(error instanceof NoBrokerError)
}

const notMe: readonly number[] = [
  errorCodes.NOT_CONTROLLER,
  errorCodes.NOT_COORDINATOR,
  errorCodes.NOT_LEADER_OR_FOLLOWER,
]

/** Whether the broker that named this one may be behind the times: one that is cut off goes on to say what it knew. */
function wasMisled(trouble: unknown): boolean {
  return trouble instanceof ConnectionError || (trouble instanceof KafkaError && notMe.includes(trouble.code))
}

function coordinatorIn(answer: FindCoordinatorResponse) {
  // From version 4 on the answer holds a list (KIP-699).
  return answer.coordinators[0] ?? answer
}

/** 'HOST:PORT[,HOST:PORT…]'; the port defaults to 9092. IPv6 hosts stand in brackets. Throws TypeError with the reason. */
export function parseBootstrap(text: string): { host: string; port: number }[] {
  return text.split(',').map(part => {
    const match = /^\s*(?:\[([^\]]+)\]|([^:\s]+))(?::(\d+))?\s*$/.exec(part)
    const host = match?.[1] ?? match?.[2]
    const port = Number(match?.[3] ?? 9092)
    if (host === undefined || port < 1 || port > 65_535) {
      throw new TypeError(`'${part.trim()}' is not HOST:PORT, such as localhost:9092`)
    }
    return { host, port }
  })
}
