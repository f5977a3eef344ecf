import type { Clock, Connection, ConnectionHandler, Network, NetworkError, Timer } from '@odradek/platform'
import {
  apiKeys,
  apiVersionsRequest,
  apiVersionsResponse,
  FrameAssembler,
  FrameError,
  Reader,
  requestHeader,
  responseHeader,
  Writer,
} from '@odradek/protocol'
import type { Body, RequestSchema, ResponseSchema } from './api.ts'
import { ConnectionError, KafkaError } from './kafka-error.ts'

export interface ConnectionOptions {
  readonly network: Network
  readonly clock: Clock
  readonly clientId: string
  /** For connecting, and for the answer of one request, unless the request says otherwise. */
  readonly timeoutMs: number
}

export interface SendOptions {
  /** The highest version to use, within what both sides speak. */
  readonly maxVersion?: number
  readonly timeoutMs?: number
  /** Where the answer shall lie, of exactly so many bytes; null: in memory of its own. Else it has that in any case. */
  readonly memory?: (byteLength: number) => Buffer | null
}

/** What a broker may send: a Fetch of ours asks for less, and whoever sends more is no broker. */
const answerBytesMax = 512 * 1024 * 1024

interface Waiting {
  readonly correlationId: number
  readonly answer: (frame: Buffer) => void
  readonly fail: (error: Error) => void
  readonly timer: Timer
  readonly memory: SendOptions['memory']
}

/** One connection to one broker. Requests are pipelined; a broker answers in their order (KIP-13's ordering guarantee). */
export class BrokerConnection implements ConnectionHandler {
  readonly host: string
  readonly port: number
  readonly #options: ConnectionOptions
  readonly #connection: Connection
  readonly #frames = new FrameAssembler(answerBytesMax, { memory: byteLength => this.#memoryFor(byteLength) })
  /** Of the chunk that is being cut into frames. */
  #answers: Buffer[] = []
  /** In the order in which the requests were sent. */
  readonly #waiting: Waiting[] = []
  #versions = new Map<number, readonly [number, number]>()
  #nextCorrelationId = 0
  #closed: Error | null = null

  private constructor(connection: Connection, at: { host: string; port: number }, options: ConnectionOptions) {
    this.#connection = connection
    this.#options = options
    this.host = at.host
    this.port = at.port
  }

  /** Connects and learns the versions that the broker speaks. */
  static async open(at: { host: string; port: number }, options: ConnectionOptions): Promise<BrokerConnection> {
    const connection = await options.network
      .connect({ ...at, timeoutMs: options.timeoutMs })
      .catch((error: NetworkError) => {
        throw new ConnectionError(error.message, { cause: error })
      })
    const broker = new BrokerConnection(connection, at, options)
    connection.handle(broker)
    await broker.#negotiate()
    return broker
  }

  get closed(): boolean {
    return this.#closed !== null
  }

  /** The versions of an API that the broker speaks, undefined where it does not know the API. */
  versionsOf(apiKey: number): readonly [min: number, max: number] | undefined {
    return this.#versions.get(apiKey)
  }

  /** The highest version that both sides speak. */
  version(request: RequestSchema<never>, maxVersion = Number.POSITIVE_INFINITY): number {
    const theirs = this.#versions.get(request.key)
    const max = Math.min(request.versions[1], theirs?.[1] ?? -1, maxVersion)
    if (theirs === undefined || max < Math.max(request.versions[0], theirs[0])) {
      throw new KafkaError(
        35,
        `the broker at ${this.host}:${this.port} speaks no version of ${request.name} that we do`,
      )
    }
    return max
  }

  /** Rejects with ConnectionError; error codes inside the answer are the caller's to look at. */
  async send<Q, A>(
    request: RequestSchema<Q>,
    response: ResponseSchema<A>,
    body: Body<NoInfer<Q>>,
    options: SendOptions = {},
  ): Promise<A> {
    const version = this.version(request, options.maxVersion)
    const asked = isFunction(body) ? body(version) : body
    return this.#exchange(request, response, asked, version, options)
  }

  close(): void {
    this.#connection.end()
    this.#fail(new ConnectionError('the connection was closed'))
  }

  onData(chunk: Buffer): void {
    this.#take(chunk, false)
  }

  onBorrowedData(chunk: Buffer): void {
    this.#take(chunk, true)
  }

  #take(chunk: Buffer, isBorrowed: boolean): void {
    const answers: Buffer[] = []
    this.#answers = answers
    try {
      this.#frames.push(chunk, answers, isBorrowed)
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      this.#fail(new ConnectionError(`${this.host}:${this.port} does not speak Kafka's protocol: ${error.message}`))
      this.#connection.destroy()
      return
    }
    for (const answer of answers) this.#receive(answer)
  }

  /** Answers come in the order of the requests. */
  #memoryFor(byteLength: number): Buffer | null {
    return this.#waiting[this.#answers.length]?.memory?.(byteLength) ?? null
  }

  onDrain(): void {}

  onClose(error: NetworkError | null): void {
    const why = error === null ? 'it closed the connection' : error.message
    this.#fail(new ConnectionError(`lost the broker at ${this.host}:${this.port}: ${why}`, { cause: error }))
  }

  async #negotiate(): Promise<void> {
    const ask = (version: number) =>
      this.#exchange(
        apiVersionsRequest,
        apiVersionsResponse,
        { clientSoftwareName: 'odradek', clientSoftwareVersion: '0.1.0' },
        version,
        {},
        // A broker that does not know our version answers in version 0, so that the answer can be read (KIP-511).
        frame => (new Reader(frame, 4).int16() === 35 ? 0 : version),
      )
    let answer = await ask(3)
    if (answer.errorCode === 35) answer = await ask(0)
    KafkaError.check(answer.errorCode)
    this.#versions = new Map(answer.apiKeys.map(api => [api.apiKey, [api.minVersion, api.maxVersion]]))
    if (!this.#versions.has(apiKeys.Metadata))
      throw new ConnectionError(`${this.host}:${this.port} is not a Kafka broker`)
  }

  #exchange<Q, A>(
    request: RequestSchema<Q>,
    response: ResponseSchema<A>,
    body: Q,
    version: number,
    { timeoutMs = this.#options.timeoutMs, memory }: SendOptions,
    answerVersion: (frame: Buffer) => number = () => version,
  ): Promise<A> {
    if (this.#closed !== null) return Promise.reject(this.#closed)
    const correlationId = this.#nextCorrelationId
    this.#nextCorrelationId = (correlationId + 1) & 0x7fffffff
    const writer = new Writer()
    requestHeader.encode(
      request.headerVersion(version),
      {
        requestApiKey: request.key,
        requestApiVersion: version,
        correlationId,
        clientId: this.#options.clientId,
      },
      writer,
    )
    request.encode(version, body, writer)
    const { promise, resolve, reject } = Promise.withResolvers<A>()
    this.#waiting.push({
      correlationId,
      answer: frame => {
        try {
          const reader = new Reader(frame)
          responseHeader.decode(response.headerVersion(version), reader)
          resolve(response.decode(answerVersion(frame), reader))
        } catch (error) {
          reject(error)
        }
      },
      fail: reject,
      memory,
      timer: this.#options.clock.after(timeoutMs, () => {
        const text = `${this.host}:${this.port} did not answer ${request.name} within ${timeoutMs} ms`
        this.#fail(new ConnectionError(text))
        this.#connection.destroy()
      }),
    })
    const size = Buffer.allocUnsafe(4)
    size.writeInt32BE(writer.byteLength)
    this.#connection.write([size, ...writer.chunks()])
    return promise
  }

  #receive(frame: Buffer): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined || frame.length < 4 || frame.readInt32BE(0) !== waiting.correlationId) {
      waiting?.timer.cancel()
      const error = new ConnectionError(`${this.host}:${this.port} sent an answer that no request waits for`)
      waiting?.fail(error)
      this.#fail(error)
      this.#connection.destroy()
      return
    }
    waiting.timer.cancel()
    waiting.answer(frame)
  }

  #fail(error: Error): void {
    this.#closed ??= error
    for (const { timer, fail } of this.#waiting.splice(0)) {
      timer.cancel()
      fail(error)
    }
  }
}

/** Message bodies are plain objects, so that a function can only be one that makes the body. */
function isFunction<Q>(body: Body<Q>): body is (version: number) => Q {
  return typeof body === 'function'
}
