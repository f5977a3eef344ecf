/** One TCP connection to a broker: frames out, frames in, answers matched by correlation id. */
import { connect, type Socket } from 'node:net'

export type Answer = Buffer | 'closed' | 'no answer'

export class Connection {
  readonly #socket: Socket
  readonly #pending = new Map<number, (answer: Answer) => void>()
  #received: Buffer = Buffer.alloc(0)
  #closed = false

  constructor(port: number) {
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true })
    this.#socket.on('data', chunk => this.#take(chunk))
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => this.#end())
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Sends one request; its first four bytes behind API and version have to be the correlation id. */
  send(frame: Buffer): void {
    const size = Buffer.alloc(4)
    size.writeInt32BE(frame.length)
    this.#socket.write(Buffer.concat([size, frame]))
  }

  /** The answer's bytes behind the size. */
  answer(correlationId: number, timeoutMs: number): Promise<Answer> {
    if (this.#closed) return Promise.resolve('closed')
    return new Promise(resolve => {
      const timer = setTimeout(() => settle('no answer'), timeoutMs)
      const settle = (answer: Answer) => {
        clearTimeout(timer)
        this.#pending.delete(correlationId)
        resolve(answer)
      }
      this.#pending.set(correlationId, settle)
    })
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    while (this.#received.length >= 8) {
      const size = this.#received.readInt32BE(0)
      if (this.#received.length < 4 + size) return
      const frame = this.#received.subarray(4, 4 + size)
      this.#received = this.#received.subarray(4 + size)
      this.#pending.get(frame.readInt32BE(0))?.(frame)
    }
  }

  #end(): void {
    this.#closed = true
    for (const settle of [...this.#pending.values()]) settle('closed')
  }
}
