import { type Connection, type ConnectionHandler, type Endpoint, NetworkError } from '../network.ts'
import type { Pipe, Segment } from './pipe.ts'
import type { SimulatedProcess } from './process.ts'

/** What the kernels of both ends take before a writer has to wait. */
const windowBytes = 128 * 1024
const highWaterBytes = 64 * 1024
/** As on Node: how long a peer has to close its side after we closed ours. */
const lingerMs = 1000

/**
 * One end of a simulated connection.
 *
 *     write -> [ buffered | window: travelling, arrived ] -> onData of the peer
 *
 * Bytes count against the window until the peer's program has taken them, so a peer that pauses stops its writer.
 */
export class SimulatedConnection implements Connection {
  readonly local: Endpoint
  readonly remote: Endpoint
  readonly process: SimulatedProcess
  #outgoing: Pipe | null = null
  #peer: SimulatedConnection | null = null
  #handler: ConnectionHandler | null = null
  readonly #arrived: Segment[] = []
  #untakenBytes = 0
  #isPaused = false
  #isFlushing = false
  #owesDrain = false
  #hasEnded = false
  #isClosed = false
  #closeError: NetworkError | null = null
  #hasToldClose = false

  constructor({ process, local, remote }: { process: SimulatedProcess; local: Endpoint; remote: Endpoint }) {
    this.process = process
    this.local = local
    this.remote = remote
  }

  attach(peer: SimulatedConnection, outgoing: Pipe): void {
    this.#peer = peer
    this.#outgoing = outgoing
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  get bufferedBytes(): number {
    return Math.max(0, this.#untakenBytes - windowBytes)
  }

  handle(handler: ConnectionHandler): void {
    this.#handler = handler
    if (this.#isClosed) this.#tellClose()
    else this.#flushSoon()
  }

  write(chunks: readonly Uint8Array[]): boolean {
    this.process.assertAlive()
    if (this.#isClosed || this.#hasEnded) return false
    for (const chunk of chunks) {
      this.#untakenBytes += chunk.length
      this.#outgoing?.sendBytes(chunk)
    }
    if (this.bufferedBytes < highWaterBytes) return true
    this.#owesDrain = true
    return false
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#flushSoon()
  }

  end(): void {
    this.process.assertAlive()
    if (this.#isClosed || this.#hasEnded) return
    this.#hasEnded = true
    this.#isPaused = false
    this.#outgoing?.send({ kind: 'end' })
    this.#flushSoon()
    if (this.#untakenBytes === 0) this.#linger()
  }

  destroy(): void {
    this.process.assertAlive()
    if (this.#isClosed) return
    this.#leave()
    this.#close(null)
  }

  /** The peer's pipe brings something. */
  arrive(segment: Segment): void {
    if (!this.process.isAlive || this.#isClosed) {
      // A kernel that knows no such connection answers with a reset; to an end or a reset it need not.
      if (segment.kind === 'data') this.#outgoing?.send({ kind: 'reset' })
      return
    }
    if (segment.kind === 'reset') {
      this.#outgoing?.cut()
      this.#close(new NetworkError('reset', `${this.remote.host}:${this.remote.port} reset the connection`))
      return
    }
    this.#arrived.push(segment)
    this.#flush()
  }

  /** The kernel has sent the same bytes in vain for too long. */
  giveUp(): void {
    if (!this.process.isAlive || this.#isClosed) return
    this.#close(new NetworkError('timeout', `${this.remote.host}:${this.remote.port} does not answer`))
  }

  /** The kernel closes for a process that died. */
  abandon(): void {
    if (!this.#isClosed) this.#leave()
    this.#isClosed = true
  }

  /** Power is gone: what was not yet on the wire never will be. */
  vanish(): void {
    this.#outgoing?.cut()
    this.#isClosed = true
  }

  /** Unread bytes make the kernel send a reset; else the peer gets an ordinary end, behind what the kernel had taken. */
  #leave(): void {
    const isUnread = this.#arrived.some(segment => segment.kind === 'data')
    if (isUnread || this.bufferedBytes > 0) {
      this.#outgoing?.cut()
      this.#outgoing?.send({ kind: 'reset' })
    } else if (!this.#hasEnded) this.#outgoing?.send({ kind: 'end' })
  }

  #close(error: NetworkError | null): void {
    this.#isClosed = true
    this.#closeError = error
    this.#arrived.length = 0
    if (this.#handler !== null) this.#tellClose()
  }

  #tellClose(): void {
    this.process.schedule(this.process.nowMs, `${this.local.host} close`, () => {
      if (this.#hasToldClose) return
      this.#hasToldClose = true
      this.#handler?.onClose(this.#closeError)
    })
  }

  #flushSoon(): void {
    if (this.#arrived.length === 0) return
    this.process.schedule(this.process.nowMs, `${this.local.host} readable`, () => this.#flush())
  }

  /** Gives the program what has arrived, one piece an event: what a piece sets going comes to rest before the next. */
  #flush(): void {
    if (this.#isFlushing || this.#handler === null) return
    this.#isFlushing = true
    this.process.schedule(this.process.nowMs, `${this.local.host} data`, () => {
      this.#isFlushing = false
      if (this.#isPaused || this.#isClosed) return
      const segment = this.#arrived.shift()
      if (segment?.kind === 'data') {
        this.#peer?.taken(segment.bytes.length)
        if (!this.#hasEnded) this.#give(segment.bytes)
      } else if (segment?.kind === 'end') this.#peerEnded()
      if (this.#arrived.length > 0) this.#flush()
    })
  }

  /** Lent memory is spoilt as soon as it is given back: who kept a view of it is found out. */
  #give(bytes: Buffer): void {
    const handler = this.#handler
    if (handler?.onBorrowedData === undefined) handler?.onData(bytes)
    else {
      handler.onBorrowedData(bytes)
      bytes.fill(0xdd)
    }
  }

  /** The peer's program has taken that many of our bytes. */
  taken(length: number): void {
    this.#untakenBytes -= length
    if (!this.process.isAlive || this.#isClosed) return
    if (this.#hasEnded && this.#untakenBytes === 0) this.#linger()
    if (!this.#owesDrain || this.bufferedBytes > 0) return
    this.#owesDrain = false
    this.process.schedule(this.process.nowMs, `${this.local.host} drain`, () => {
      if (!this.#isClosed) this.#handler?.onDrain()
    })
  }

  /** Both ends are done then: ours ends too, with all that was written before, and closes. */
  #peerEnded(): void {
    if (!this.#hasEnded) {
      this.#hasEnded = true
      this.#outgoing?.send({ kind: 'end' })
    }
    this.#close(null)
  }

  #linger(): void {
    this.process.schedule(this.process.nowMs + lingerMs, `${this.local.host} linger`, () => {
      if (!this.#isClosed) this.#close(null)
    })
  }
}
