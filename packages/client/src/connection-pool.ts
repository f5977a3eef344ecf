import type { Clock, Network } from '@odradek/platform'
import type { Body, RequestSchema, ResponseSchema } from './api.ts'
import { BrokerConnection, type SendOptions } from './broker-connection.ts'
import { ConnectionError, NoBrokerError } from './kafka-error.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

/** One of the tries of a request. */
export interface Attempt {
  /** Any broker will do: false for whoever is connected, true for those who have not been asked for longest and may know better. */
  readonly asksAround: boolean
  /** By the monotonic clock. */
  readonly giveUpAtMs: number
}

/** As Kafka's clients wait before they connect again (reconnect.backoff.ms, reconnect.backoff.max.ms). */
const backoffMs = 50
const backoffMsMax = 1000

interface Peer {
  readonly at: Address
  connection: BrokerConnection | null
  /** Shared by all who want it meanwhile. */
  opening: Promise<BrokerConnection> | null
  /** In a row; an answer ends it, and an open connection alone does not: a stopped process takes those, too. */
  failures: number
  /** Of the last of them, -1 for none. */
  failedAtMs: number
  /** By a count of all uses of all peers. */
  lastUse: number
}

/** One connection to each broker that was asked, and which brokers failed lately: those are asked last, and after a pause. */
export class ConnectionPool {
  readonly #network: Network
  readonly #clock: Clock
  readonly #clientId: string
  readonly #timeoutMs: number
  /** By 'HOST:PORT'. */
  readonly #peers = new Map<string, Peer>()
  #uses = 0
  #isClosed = false

  constructor(options: { network: Network; clock: Clock; clientId: string; timeoutMs: number }) {
    this.#network = options.network
    this.#clock = options.clock
    this.#clientId = options.clientId
    this.#timeoutMs = options.timeoutMs
  }

  /** To the first of these that can be reached; rejects with NoBrokerError and the reason of the last one that was tried. */
  async any(addresses: readonly Address[], attempt: Attempt): Promise<BrokerConnection> {
    const peers = new Set(addresses.map(at => this.#peer(at)))
    let last: unknown = new ConnectionError('no bootstrap address was given')
    for (const { at } of [...peers].sort(attempt.asksAround ? byLastUse : byReadiness)) {
      try {
        return await this.to(at, attempt)
      } catch (error) {
        last = error
      }
      if (this.#clock.monotonic() >= attempt.giveUpAtMs) break
    }
    throw last instanceof ConnectionError ? new NoBrokerError(last.message, { cause: last }) : last
  }

  async to(at: Address, { giveUpAtMs }: Attempt): Promise<BrokerConnection> {
    const peer = this.#peer(at)
    peer.lastUse = ++this.#uses
    if (isOpen(peer)) return peer.connection
    peer.opening ??= this.#open(peer, giveUpAtMs).finally(() => {
      peer.opening = null
    })
    return peer.opening
  }

  /** Sends, and learns from how it ends. A request that gets no answer in time has closed the connection. */
  async ask<Q, A>(
    connection: BrokerConnection,
    request: RequestSchema<Q>,
    response: ResponseSchema<A>,
    body: Body<NoInfer<Q>>,
    { giveUpAtMs, ...options }: SendOptions & Attempt,
  ): Promise<A> {
    const peer = this.#peer(connection)
    try {
      const timeoutMs = this.#timeLeft(peer.at, options.timeoutMs ?? this.#timeoutMs, giveUpAtMs)
      const answer = await connection.send(request, response, body, { ...options, timeoutMs })
      peer.failures = 0
      peer.failedAtMs = -1
      return answer
    } catch (error) {
      // Many requests may wait on the one connection that fails.
      if (connection.closed && peer.connection === connection) this.#failed(peer)
      throw error
    }
  }

  /** And has not answered since. */
  hasFailed(at: Address): boolean {
    return this.#peer(at).failures > 0
  }

  /** Ends the open connections, and lets none be opened any more. */
  close(): void {
    this.#isClosed = true
    for (const { connection } of this.#peers.values()) connection?.close()
  }

  async #open(peer: Peer, giveUpAtMs: number): Promise<BrokerConnection> {
    const pauseMs = peer.failedAtMs + backoffAfter(peer.failures) - this.#clock.monotonic()
    if (pauseMs > 0) await new Promise<void>(resolve => this.#clock.after(pauseMs, resolve))
    this.#assertNotClosed()
    const timeoutMs = this.#timeLeft(peer.at, this.#timeoutMs, giveUpAtMs)
    const [network, clock, clientId] = [this.#network, this.#clock, this.#clientId]
    try {
      const connection = await BrokerConnection.open(peer.at, { network, clock, clientId, timeoutMs })
      if (this.#isClosed) connection.close()
      this.#assertNotClosed()
      peer.connection = connection
      return connection
    } catch (error) {
      this.#failed(peer)
      throw error
    }
  }

  #failed(peer: Peer): void {
    peer.connection = null
    peer.failures++
    peer.failedAtMs = this.#clock.monotonic()
  }

  #timeLeft({ host, port }: Address, timeoutMs: number, giveUpAtMs: number): number {
    const leftMs = Math.min(timeoutMs, giveUpAtMs - this.#clock.monotonic())
    if (leftMs <= 0) throw new ConnectionError(`no time was left to ask ${host}:${port}`)
    return leftMs
  }

  #assertNotClosed(): void {
    if (this.#isClosed) throw new NoBrokerError('the client has been closed')
  }

  #peer({ host, port }: Address): Peer {
    const name = `${host}:${port}`
    const known = this.#peers.get(name)
    if (known !== undefined) return known
    const peer: Peer = { at: { host, port }, connection: null, opening: null, failures: 0, failedAtMs: -1, lastUse: 0 }
    this.#peers.set(name, peer)
    return peer
  }
}

function isOpen(peer: Peer): peer is Peer & { connection: BrokerConnection } {
  return peer.connection !== null && !peer.connection.closed
}

function backoffAfter(failures: number): number {
  return failures === 0 ? 0 : Math.min(backoffMs * 2 ** (failures - 1), backoffMsMax)
}

function byReadiness(one: Peer, other: Peer): number {
  return one.failedAtMs - other.failedAtMs || Number(isOpen(other)) - Number(isOpen(one))
}

function byLastUse(one: Peer, other: Peer): number {
  return one.failedAtMs - other.failedAtMs || one.lastUse - other.lastUse
}
