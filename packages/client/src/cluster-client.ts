import type { Platform } from '@odradek/platform'
import {
  type FindCoordinatorResponse,
  findCoordinatorRequest,
  findCoordinatorResponse,
  type MetadataResponse,
  metadataRequest,
  metadataResponse,
} from '@odradek/protocol'
import type { Body, RequestSchema, ResponseSchema } from './api.ts'
import { BrokerConnection, type SendOptions } from './broker-connection.ts'
import { ConnectionError, KafkaError } from './kafka-error.ts'

export interface ClusterOptions {
  readonly platform: Pick<Platform, 'network' | 'clock'>
  /** 'HOST:PORT[,HOST:PORT…]': brokers to ask first. */
  readonly bootstrap: string
  readonly clientId?: string
  readonly timeoutMs?: number
  /** How long a retriable error is tried again before it reaches the caller. */
  readonly retryForMs?: number
}

const RETRY_PAUSE_MS = 100

/** Where a request has to go. */
export type Destination = 'any' | 'controller' | { readonly node: number } | { readonly coordinatorOf: string }

/** A cluster, found from a bootstrap address. Keeps one connection a broker; close() ends them. */
export class ClusterClient {
  readonly #options: Required<ClusterOptions>
  /** By 'HOST:PORT'. A failed opening is forgotten, so that the next request tries again. */
  readonly #connections = new Map<string, Promise<BrokerConnection>>()
  #brokers = new Map<number, { host: string; port: number }>()
  #controllerId = -1

  constructor(options: ClusterOptions) {
    this.#options = { clientId: 'odradek-client', timeoutMs: 30_000, retryForMs: 30_000, ...options }
  }

  /** Asks a broker for the cluster's metadata: of all topics (null), or of those named. Unknown topics come back with their error. */
  async metadata(
    topics: readonly string[] | null,
    { allowAutoTopicCreation = false }: { allowAutoTopicCreation?: boolean } = {},
  ): Promise<MetadataResponse> {
    const connection = await this.#any()
    const answer = await connection.send(metadataRequest, metadataResponse, {
      topics: topics === null ? null : topics.map(name => ({ name })),
      allowAutoTopicCreation,
    })
    this.#brokers = new Map(answer.brokers.map(broker => [broker.nodeId, broker]))
    this.#controllerId = answer.controllerId
    return answer
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
    options: SendOptions & { errorOf?: (answer: A) => number } = {},
  ): Promise<A> {
    const { clock } = this.#options.platform
    const giveUpAtMs = clock.monotonic() + this.#options.retryForMs
    for (;;) {
      const answer = await this.#try(to, request, response, body, options)
      if (answer instanceof Error) {
        if (clock.monotonic() >= giveUpAtMs) throw answer
      } else return answer
      await new Promise<void>(resolve => clock.after(RETRY_PAUSE_MS, resolve))
    }
  }

  /** The brokers, as the last metadata told. */
  brokers(): ReadonlyMap<number, { readonly host: string; readonly port: number }> {
    return this.#brokers
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#connections.values())
    this.#connections.clear()
    for (const connection of opened) if (connection.status === 'fulfilled') connection.value.close()
  }

  /** The answer, or the error that is worth another try; throws what is not. */
  async #try<Q, A>(
    to: Destination,
    request: RequestSchema<Q>,
    response: ResponseSchema<A>,
    body: Body<Q>,
    options: SendOptions & { errorOf?: (answer: A) => number },
  ): Promise<A | Error> {
    try {
      const connection = await this.#route(to)
      const answer = await connection.send(request, response, body, options)
      const code = options.errorOf?.(answer) ?? 0
      const error = code === 0 ? null : new KafkaError(code)
      return error?.retriable ? error : answer
    } catch (error) {
      if (error instanceof KafkaError && error.retriable) return error
      throw error
    }
  }

  async #route(to: Destination): Promise<BrokerConnection> {
    if (to === 'any') return this.#any()
    if (to === 'controller') {
      await this.metadata([])
      return this.#node(this.#controllerId)
    }
    if ('node' in to) return this.#node(to.node)
    return this.#coordinator(to.coordinatorOf)
  }

  async #node(id: number): Promise<BrokerConnection> {
    if (!this.#brokers.has(id)) await this.metadata([])
    const broker = this.#brokers.get(id)
    return broker === undefined ? this.#any() : this.#connect(broker)
  }

  async #coordinator(group: string): Promise<BrokerConnection> {
    const connection = await this.#any()
    const answer = await connection.send(findCoordinatorRequest, findCoordinatorResponse, version =>
      version >= 4 ? { keyType: 0, coordinatorKeys: [group] } : { keyType: 0, key: group },
    )
    const found = coordinatorIn(answer)
    KafkaError.check(found.errorCode, found.errorMessage)
    return this.#connect(found)
  }

  async #any(): Promise<BrokerConnection> {
    for (const opening of this.#connections.values()) {
      const connection = await opening.catch(() => null)
      if (connection !== null && !connection.closed) return connection
    }
    let lastError: unknown = new ConnectionError('no bootstrap address was given')
    for (const at of parseBootstrap(this.#options.bootstrap)) {
      try {
        return await this.#connect(at)
      } catch (error) {
        lastError = error
      }
    }
    throw lastError
  }

  async #connect(at: { host: string; port: number }): Promise<BrokerConnection> {
    const address = `${at.host}:${at.port}`
    const existing = this.#connections.get(address)
    if (existing !== undefined) {
      const connection = await existing
      if (!connection.closed) return connection
    }
    const { network, clock } = this.#options.platform
    const opening = BrokerConnection.open(
      { host: at.host, port: at.port },
      { network, clock, clientId: this.#options.clientId, timeoutMs: this.#options.timeoutMs },
    )
    this.#connections.set(address, opening)
    opening.catch(() => this.#connections.delete(address))
    return opening
  }
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
