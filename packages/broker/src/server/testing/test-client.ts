import type { Connection, Network } from '@odradek/platform'
import { FrameAssembler, Reader, requestHeader, Writer } from '@odradek/protocol'

interface RequestCodec<I> {
  readonly key: number
  headerVersion(version: number): number
  encode(version: number, value: I, writer: Writer): void
}

interface ResponseCodec<T> {
  headerVersion(version: number): number
  decode(version: number, reader: Reader): T
}

export interface SendOptions {
  readonly version: number
  readonly clientId?: string | null
}

/** A connection that speaks the protocol word by word: for tests that want to see the very frames. */
export class TestClient {
  readonly connection: Connection
  /** Resolves when the connection is closed, by whomever. */
  readonly closed: Promise<void>
  #isClosed = false
  readonly #assembler = new FrameAssembler(0x7fffffff)
  readonly #frames: Buffer[] = []
  #readers: ((frame: Buffer | null) => void)[] = []
  #nextCorrelationId = 1

  private constructor(connection: Connection) {
    this.connection = connection
    this.closed = new Promise(resolve => {
      connection.handle({
        onData: chunk => {
          this.#assembler.push(chunk, this.#frames)
          this.#deliver()
        },
        onDrain: () => {},
        onClose: () => {
          this.#isClosed = true
          this.#deliver()
          resolve()
        },
      })
    })
  }

  static async connect(network: Network, { host, port }: { host: string; port: number }): Promise<TestClient> {
    return new TestClient(await network.connect({ host, port, timeoutMs: 5000 }))
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Writes a request and waits for the next answer; throws where the broker closes the connection instead. */
  async send<I, T>(request: RequestCodec<I>, response: ResponseCodec<T>, body: I, options: SendOptions): Promise<T> {
    const correlationId = this.write(request, body, options)
    const frame = await this.nextFrame()
    if (frame === null) throw new Error('the broker closed the connection instead of answering')
    const reader = new Reader(frame)
    const answered = reader.int32()
    if (answered !== correlationId) throw new Error(`answer ${answered} came, ${correlationId} was expected`)
    if (response.headerVersion(options.version) >= 1) reader.skipTags()
    const decoded = response.decode(options.version, reader)
    if (reader.remaining > 0) throw new Error(`${reader.remaining} bytes behind the answer`)
    return decoded
  }

  /** Writes a request; returns its correlation id. */
  write<I>(request: RequestCodec<I>, body: I, options: SendOptions): number {
    const correlationId = this.#nextCorrelationId++
    this.writeBytes(encodeRequest(request, body, { ...options, correlationId }))
    return correlationId
  }

  writeBytes(bytes: Buffer): void {
    this.connection.write([bytes])
  }

  /** The next frame without its size; null once the connection is closed. */
  nextFrame(): Promise<Buffer | null> {
    return new Promise(resolve => {
      this.#readers.push(resolve)
      this.#deliver()
    })
  }

  close(): void {
    this.connection.destroy()
  }

  #deliver(): void {
    while (this.#readers.length > 0 && (this.#frames.length > 0 || this.#isClosed)) {
      this.#readers.shift()?.(this.#frames.shift() ?? null)
    }
  }
}

/** A whole frame, size and header included. */
export function encodeRequest<I>(
  request: RequestCodec<I>,
  body: I,
  { version, correlationId, clientId = 'test' }: SendOptions & { correlationId: number },
): Buffer {
  const writer = new Writer()
  const size = writer.reserveInt32()
  const headerVersion = request.headerVersion(version)
  requestHeader.encode(
    headerVersion,
    { requestApiKey: request.key, requestApiVersion: version, correlationId, clientId },
    writer,
  )
  request.encode(version, body, writer)
  writer.patchInt32(size, writer.byteLength - 4)
  return writer.toBuffer()
}
