import type { Socket } from 'node:net'
import type { Connection, ConnectionHandler, Endpoint, NetworkError } from '../network.ts'
import { networkError } from './errors.ts'
import { type SharedReader, startReading } from './shared-read.ts'

/** How long a peer has to close its side after we closed ours. */
const lingerMs = 1000

/**
 * A TCP connection over a Node socket.
 *
 * One write() is one writev, which the kernel nearly always takes at once, before the call returns. Who answers several
 * requests in a turn does well to hand them over in one call: a system call costs more than all the rest here.
 *
 * A peer that ends its side gets what was already written, then the connection closes, as Kafka does it: an answer that is
 * written later goes nowhere. While paused, the end of the peer is noticed only after resume().
 */
export class NodeConnection implements Connection {
  readonly local: Endpoint
  readonly remote: Endpoint
  readonly #socket: Socket
  readonly #reader: SharedReader
  #handler: ConnectionHandler | null = null
  #error: NetworkError | null = null
  #isClosed = false
  #owesDrain = false
  #isEnding = false
  #isPaused = false

  /** The socket is paused, and gives what it reads to the reader. */
  constructor(socket: Socket, reader: SharedReader) {
    this.#socket = socket
    this.#reader = reader
    this.local = endpoint(socket.localAddress, socket.localPort)
    this.remote = endpoint(socket.remoteAddress, socket.remotePort)
    socket.on('error', error => {
      this.#error ??= networkError(error, `${this.remote.host}:${this.remote.port}`)
    })
    socket.on('close', () => {
      this.#isClosed = true
      this.#handler?.onClose(this.#error)
    })
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength
  }

  handle(handler: ConnectionHandler): void {
    this.#handler = handler
    const socket = this.#socket
    if (this.#isClosed) {
      setImmediate(() => handler.onClose(this.#error))
      return
    }
    socket.on('drain', () => {
      if (!this.#owesDrain || socket.destroyed) return
      this.#owesDrain = false
      handler.onDrain()
    })
    this.#reader.receive = chunk => {
      if (this.#isEnding) return
      if (handler.onBorrowedData === undefined) handler.onData(Buffer.from(chunk))
      else handler.onBorrowedData(chunk)
    }
    if (!this.#isPaused) startReading(socket)
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const socket = this.#socket
    if (!socket.writable) return false
    const [first] = chunks
    if (chunks.length === 1 && first !== undefined) {
      socket.write(first)
    } else {
      socket.cork()
      for (const chunk of chunks) socket.write(chunk)
      socket.uncork()
    }
    // Node's own answer is made before the kernel was asked; most of the time it has taken all by now.
    if (socket.writableLength < socket.writableHighWaterMark) return true
    this.#owesDrain = true
    return false
  }

  pause(): void {
    this.#isPaused = true
    this.#socket.pause()
  }

  resume(): void {
    this.#isPaused = false
    if (this.#handler !== null) startReading(this.#socket)
  }

  /**
   * Closing a socket with unread bytes makes the kernel send a reset, which may overtake the last answer in the peer's hands.
   * So what still comes is read and dropped until the peer closes too, or has had its time.
   */
  end(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    const socket = this.#socket
    socket.end(() => setTimeout(() => socket.destroy(), lingerMs).unref())
    startReading(socket)
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

/** IPv4 clients of a listener on all addresses come as '::ffff:10.0.0.1': they are known by their own form. */
function endpoint(host: string | undefined, port: number | undefined): Endpoint {
  const plain = host?.startsWith('::ffff:') && host.includes('.') ? host.slice('::ffff:'.length) : host
  return { host: plain ?? '', port: port ?? 0 }
}
