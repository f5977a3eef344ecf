import {
  type Clock,
  type Connection,
  type ConnectionHandler,
  type Endpoint,
  type Listener,
  type Network,
  NetworkError,
} from '@odradek/platform'
import type { ProcessGate } from './process-gate.ts'

/**
 * The network as one process sees it. While the process is paused, the kernel goes on to accept connections and to keep what
 * comes. While the network is cut, nothing gets through in either direction, and nobody is told; the connections of that
 * time have lost bytes, so that they end when it is whole again.
 */
export class ProcessNetwork implements Network {
  readonly #network: Network
  /** Of the process. */
  readonly #clock: Clock
  readonly #gate: ProcessGate
  readonly #connections = new Set<ProcessConnection>()
  readonly #listeners = new Set<Listener>()
  #isCut = false

  constructor(options: { network: Network; clock: Clock; gate: ProcessGate }) {
    this.#network = options.network
    this.#clock = options.clock
    this.#gate = options.gate
  }

  async listen(at: { host: string; port: number }, onConnection: (connection: Connection) => void): Promise<Listener> {
    const listening = this.#network.listen(at, accepted => {
      const connection = this.#take(accepted)
      // One that comes while the network is cut has not arrived.
      if (connection !== null && !this.#isCut) this.#gate.enter(() => onConnection(connection))
    })
    const listener = await this.#gate.settle(listening.then(opened => this.#keep(opened)))
    return {
      host: listener.host,
      port: listener.port,
      close: () => {
        this.#listeners.delete(listener)
        return this.#gate.settle(listener.close())
      },
    }
  }

  connect(to: { host: string; port: number; timeoutMs: number }): Promise<Connection> {
    if (this.#isCut) {
      return new Promise((_, reject) => {
        this.#clock.after(to.timeoutMs, () => {
          reject(
            new NetworkError('timeout', `cannot connect to ${to.host}:${to.port}: no answer within ${to.timeoutMs} ms`),
          )
        })
      })
    }
    const connecting = this.#network.connect(to).then(connected => {
      const connection = this.#take(connected)
      if (connection === null) throw new NetworkError('reset', 'the process is gone')
      return connection
    })
    return this.#gate.settle(connecting)
  }

  freeze(): void {
    for (const connection of this.#connections) connection.freeze()
  }

  thaw(): void {
    for (const connection of this.#connections) connection.thaw()
  }

  cut(): void {
    this.#isCut = true
    for (const connection of this.#connections) connection.cut()
  }

  heal(): void {
    this.#isCut = false
    for (const connection of [...this.#connections]) connection.heal()
  }

  /** What the kernel does for a process that is gone. */
  async closeAll(): Promise<void> {
    for (const connection of [...this.#connections]) connection.abandon()
    await Promise.all(Array.from(this.#listeners, listener => listener.close()))
    this.#listeners.clear()
  }

  async #keep(listener: Listener): Promise<Listener> {
    this.#listeners.add(listener)
    if (this.#gate.isDead) await this.closeAll()
    return listener
  }

  /** Null when the process has gone meanwhile. */
  #take(base: Connection): ProcessConnection | null {
    const connection = new ProcessConnection({
      base,
      gate: this.#gate,
      onEnd: () => this.#connections.delete(connection),
    })
    if (this.#gate.isDead) {
      base.destroy()
      return null
    }
    this.#connections.add(connection)
    if (this.#isCut) connection.cut()
    else if (!this.#gate.isRunning) connection.freeze()
    return connection
  }
}

class ProcessConnection implements Connection {
  readonly local: Endpoint
  readonly remote: Endpoint
  readonly #base: Connection
  readonly #gate: ProcessGate
  readonly #onEnd: () => void
  #handler: ConnectionHandler | null = null
  #isPaused = false
  #isFrozen = false
  #isCut = false
  #isEnded = false

  constructor(options: { base: Connection; gate: ProcessGate; onEnd: () => void }) {
    this.#base = options.base
    this.#gate = options.gate
    this.#onEnd = options.onEnd
    this.local = options.base.local
    this.remote = options.base.remote
  }

  get bufferedBytes(): number {
    return this.#base.bufferedBytes
  }

  handle(handler: ConnectionHandler): void {
    this.#handler = handler
    const hear = (event: () => void) => {
      if (!this.#isCut) this.#gate.enter(event)
    }
    const heard: ConnectionHandler = {
      onData: chunk => hear(() => handler.onData(chunk)),
      onDrain: () => hear(() => handler.onDrain()),
      onClose: error => this.#end(error),
    }
    if (handler.onBorrowedData !== undefined) {
      heard.onBorrowedData = chunk => {
        if (this.#isCut) return
        if (this.#gate.isRunning) {
          handler.onBorrowedData?.(chunk)
          return
        }
        const own = Buffer.from(chunk)
        this.#gate.enter(() => handler.onData(own))
      }
    }
    this.#base.handle(heard)
  }

  write(chunks: readonly Uint8Array[]): boolean {
    return this.#isCut || this.#gate.isDead ? true : this.#base.write(chunks)
  }

  pause(): void {
    this.#isPaused = true
    this.#base.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#flow()
  }

  end(): void {
    if (this.#isCut) this.#leave()
    else this.#base.end()
  }

  destroy(): void {
    if (this.#isCut) this.#leave()
    else this.#base.destroy()
  }

  freeze(): void {
    this.#isFrozen = true
    this.#base.pause()
  }

  thaw(): void {
    this.#isFrozen = false
    this.#flow()
  }

  cut(): void {
    this.#isCut = true
    this.#base.pause()
  }

  heal(): void {
    if (!this.#isCut) return
    this.#isCut = false
    this.abandon()
  }

  /** The other side hears of it. */
  abandon(): void {
    this.#base.destroy()
    this.#leave()
    this.#onEnd()
  }

  /** The other side hears nothing, until the wire is whole. */
  #leave(): void {
    this.#tell(null)
  }

  #end(error: NetworkError | null): void {
    this.#onEnd()
    this.#tell(error)
  }

  #tell(error: NetworkError | null): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#gate.enter(() => this.#handler?.onClose(error))
  }

  #flow(): void {
    if (!this.#isPaused && !this.#isFrozen && !this.#isCut) this.#base.resume()
  }
}
