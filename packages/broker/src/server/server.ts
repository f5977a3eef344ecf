import { type Connection, type Listener, NetworkError, type Platform, type Timer } from '@odradek/platform'
import { type LentMemory, MemoryBlocks } from '../log/memory-blocks.ts'
import type { Logger } from '../logger.ts'
import { OdradekError } from '../odradek-error.ts'
import { ConnectionError } from './api-handler.ts'
import { type AnswerChunks, type ConnectionHost, ServerConnection } from './connection.ts'
import { type Admission, ConnectionLimits, type ConnectionLimitsConfig } from './connection-limits.ts'
import type { Dispatcher } from './dispatcher.ts'

export interface ServerConfig extends ConnectionLimitsConfig {
  /** socket.request.max.bytes. */
  readonly socketRequestMaxBytes: number
  /** connections.max.idle.ms; negative: never closed for being idle. */
  readonly connectionsMaxIdleMs: number
}

/** Those who wait for records: told when a batch of requests is served, so that they come after it. */
export interface BatchListener {
  batchBegins(): void
  batchEnds(): void
}

export interface ListenAddress {
  readonly listenerName: string
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
}

export interface BoundListener {
  readonly listenerName: string
  readonly host: string
  readonly port: number
}

/** Connections that are held beyond max.connections, as the kernel would hold them in its backlog; more are refused. */
const heldConnectionsMax = 50

/** The broker's listeners and the connections that came through them. */
export class Server implements ConnectionHost {
  readonly #platform: Platform
  readonly #logger: Logger
  readonly #dispatcher: Dispatcher
  readonly #batches: BatchListener
  readonly #config: () => ServerConfig
  readonly #limits: ConnectionLimits
  readonly #memory = new MemoryBlocks()
  readonly #listeners: Listener[] = []
  readonly #connections = new Set<ServerConnection>()
  /** Beyond max.connections: open, not read from, not counted. First come, first served. */
  readonly #held = new Set<ServerConnection>()
  #nextConnectionId = 1
  #idleSweep: Timer | null = null
  #isServing = false
  #isStopping = false
  #onAllClosed: (() => void) | null = null

  constructor(options: {
    platform: Platform
    logger: Logger
    dispatcher: Dispatcher
    batches: BatchListener
    config: () => ServerConfig
  }) {
    this.#platform = options.platform
    this.#logger = options.logger
    this.#dispatcher = options.dispatcher
    this.#batches = options.batches
    this.#config = options.config
    this.#limits = new ConnectionLimits(options.config)
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /**
   * Binds the addresses; `serve` lets clients in: in between they wait. Throws OdradekError where a port is taken, and
   * then leaves none bound.
   */
  async listen(addresses: readonly ListenAddress[]): Promise<BoundListener[]> {
    const bound: BoundListener[] = []
    for (const { listenerName, host, port } of addresses) {
      try {
        const listener = await this.#platform.network.listen({ host, port }, socket =>
          this.#accept(socket, listenerName),
        )
        this.#listeners.push(listener)
        bound.push({ listenerName, host: listener.host, port: listener.port })
      } catch (error) {
        await this.#closeListeners()
        throw listenFailure(error, host, port)
      }
    }
    this.#scheduleIdleSweep()
    return bound
  }

  /** Lets clients in: the broker is known to the cluster under the ports that `listen` has got. */
  serve(): void {
    this.#isServing = true
    for (const connection of [...this.#held]) this.#letIn(connection)
  }

  /**
   * Takes no new connection and no new request, lets what is in flight be answered within `graceMs`, then closes the rest.
   * Resolves when all connections are closed.
   */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true
    this.#idleSweep?.cancel()
    for (const connection of [...this.#held]) connection.destroy()
    await this.#closeListeners()
    if (this.#connections.size === 0) return
    const allClosed = new Promise<void>(resolve => {
      this.#onAllClosed = resolve
    })
    for (const connection of [...this.#connections]) {
      if (connection.isIdle) connection.destroy()
      else connection.drain()
    }
    const deadline = this.#platform.clock.after(graceMs, () => {
      for (const connection of [...this.#connections]) connection.destroy()
    })
    await allClosed
    deadline.cancel()
  }

  get frameBytesMax(): number {
    return this.#config().socketRequestMaxBytes
  }

  lend(byteLength: number): LentMemory | null {
    return this.#memory.lend(byteLength)
  }

  now(): number {
    return this.#platform.clock.monotonic()
  }

  soon(callback: () => void): void {
    this.#platform.clock.soon(callback)
  }

  answer(frame: Buffer, connection: ServerConnection): AnswerChunks | Promise<AnswerChunks> {
    return this.#dispatcher.answer(frame, connection)
  }

  batchBegins(): void {
    this.#batches.batchBegins()
  }

  batchEnds(): void {
    this.#batches.batchEnds()
  }

  closed(connection: ServerConnection, reason: Error | null): void {
    if (reason !== null) this.#logClosing(connection, reason)
    if (this.#held.delete(connection)) return
    this.#connections.delete(connection)
    this.#limits.release(connection.socket.remote.host)
    if (this.#isStopping) {
      if (this.#connections.size === 0) this.#onAllClosed?.()
      return
    }
    for (const held of this.#held) if (this.#letIn(held)) return
  }

  #letIn(held: ServerConnection): boolean {
    if (this.#limits.admit(held.socket.remote.host) !== 'admitted') return false
    this.#held.delete(held)
    this.#connections.add(held)
    held.resume()
    return true
  }

  #accept(socket: Connection, listenerName: string): void {
    const { host } = socket.remote
    const admission = this.#admit(host)
    if (admission === 'refused' || (admission === 'must-wait' && this.#held.size >= heldConnectionsMax)) {
      this.#logger.warn('refused a connection: too many are open', { host })
      socket.destroy()
      return
    }
    const connection = new ServerConnection({ id: this.#nextConnectionId++, listenerName, socket, host: this })
    if (admission === 'admitted') {
      this.#connections.add(connection)
      connection.open()
    } else {
      this.#held.add(connection)
      connection.open()
      connection.pause()
    }
  }

  #admit(host: string): Admission {
    if (this.#isStopping) return 'refused'
    return this.#isServing ? this.#limits.admit(host) : 'must-wait'
  }

  #scheduleIdleSweep(): void {
    const { connectionsMaxIdleMs } = this.#config()
    if (connectionsMaxIdleMs < 0) return
    const everyMs = Math.min(30_000, Math.max(10, connectionsMaxIdleMs / 4))
    this.#idleSweep = this.#platform.clock.after(everyMs, () => {
      const oldestMs = this.now() - this.#config().connectionsMaxIdleMs
      for (const connection of [...this.#connections]) {
        if (connection.isIdle && connection.lastActiveMs < oldestMs) connection.destroy()
      }
      this.#scheduleIdleSweep()
    })
  }

  #logClosing(connection: ServerConnection, reason: Error): void {
    const client = `${connection.socket.remote.host}:${connection.socket.remote.port}`
    if (reason instanceof ConnectionError) {
      this.#logger.warn('closed a connection', { client, reason: reason.message })
    } else if (reason instanceof NetworkError) {
      if (this.#logger.debugEnabled) this.#logger.debug('connection lost', { client, reason: reason.message })
    } else {
      this.#logger.error('closed a connection after an unexpected error, which is a bug', { client, error: reason })
    }
  }

  async #closeListeners(): Promise<void> {
    await Promise.all(this.#listeners.splice(0).map(listener => listener.close()))
  }
}

function listenFailure(error: unknown, host: string, port: number): unknown {
  if (!(error instanceof NetworkError)) return error
  const at = `${host}:${port}`
  if (error.kind === 'in-use') {
    return new OdradekError(
      'port-taken',
      `Port ${port} on ${host} is already in use: another broker may be running. Stop it, or listen on another port (0 takes a free one).`,
      { cause: error },
    )
  }
  if (error.kind === 'denied') {
    return new OdradekError(
      'port-denied',
      `The system does not let this user listen on ${at}: take a port above 1023.`,
      { cause: error },
    )
  }
  return new OdradekError('cannot-listen', `${error.message}: take an address of this machine, or 0.0.0.0 for all.`, {
    cause: error,
  })
}
