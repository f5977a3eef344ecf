import type { Clock, Endpoint } from '@odradek/platform'
import { apiKeys, DecodeError, errorCodes, Reader, Writer } from '@odradek/protocol'
import type { Logger } from '../logger.ts'
import { type ApiHandler, ConnectionError, type RequestContext } from './api-handler.ts'
import type { AnswerChunks, ServerConnection } from './connection.ts'
import { type RequestHeader, readRequestHeader, readRequestIds } from './request-header.ts'

const noAnswer: AnswerChunks = []

/** Finds the handler of a request, reads the request for it, and writes its answer. */
export class Dispatcher {
  readonly #handlers = new Map<number, ApiHandler>()
  readonly #clock: Clock
  readonly #logger: Logger

  constructor(options: { handlers: readonly ApiHandler[]; clock: Clock; logger: Logger }) {
    this.#clock = options.clock
    this.#logger = options.logger
    for (const handler of options.handlers) {
      if (this.#handlers.has(handler.request.key)) throw new Error(`two handlers for ${handler.request.name}`)
      this.#handlers.set(handler.request.key, handler)
    }
  }

  /** Throws or rejects with a ConnectionError where Kafka would close the connection. */
  answer(frame: Buffer, connection: ServerConnection): AnswerChunks | Promise<AnswerChunks> {
    const { apiKey, apiVersion, correlationId } = readRequestIds(frame)
    const handler = this.#handlers.get(apiKey)
    if (handler === undefined) throw new ConnectionError(`unknown API key ${apiKey}`)
    const { request } = handler
    const [oldest, newest] = request.versions
    if (apiVersion < oldest || apiVersion > newest) {
      if (apiKey === apiKeys.ApiVersions) return this.#refuseApiVersions(handler, correlationId)
      throw new ConnectionError(`${request.name} version ${apiVersion} is not supported (${oldest} to ${newest} are)`)
    }
    const header = readRequestHeader(frame, request.headerVersion(apiVersion))
    let body: unknown
    try {
      body = request.decode(apiVersion, new Reader(frame, header.bodyAt))
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      throw new ConnectionError(`malformed request: ${error.message}`, { cause: error })
    }
    const context = new HandledRequest(frame, connection, header, this.#clock.monotonic())
    if (this.#logger.debugEnabled) this.#logRequest(handler, header, context)
    const answer = handler.handle(body, context)
    if (answer instanceof Promise) {
      return answer.then(value => (value === undefined ? noAnswer : this.#encode(handler, header, value)))
    }
    return answer === undefined ? noAnswer : this.#encode(handler, header, answer)
  }

  #encode(handler: ApiHandler, { apiVersion, correlationId }: RequestHeader, value: unknown): AnswerChunks {
    const writer = new Writer()
    const size = writer.reserveInt32()
    writer.int32(correlationId)
    if (handler.response.headerVersion(apiVersion) >= 1) writer.int8(0)
    handler.response.encode(apiVersion, value, writer)
    writer.patchInt32(size, writer.byteLength - 4)
    return writer.chunks()
  }

  /**
   * A client opens with the newest version it knows. One that is newer than ours gets version 0, which every client can
   * read, with the versions of this very API to choose from (KIP-511).
   */
  #refuseApiVersions(handler: ApiHandler, correlationId: number): AnswerChunks {
    const [minVersion, maxVersion] = handler.request.versions
    return this.#encode(
      handler,
      { apiKey: apiKeys.ApiVersions, apiVersion: 0, correlationId, clientId: null, bodyAt: 0 },
      {
        errorCode: errorCodes.UNSUPPORTED_VERSION,
        apiKeys: [{ apiKey: apiKeys.ApiVersions, minVersion, maxVersion }],
      },
    )
  }

  #logRequest(handler: ApiHandler, header: RequestHeader, context: RequestContext): void {
    this.#logger.debug('request', {
      api: handler.request.name,
      version: header.apiVersion,
      correlationId: header.correlationId,
      clientId: header.clientId,
      client: `${context.remote.host}:${context.remote.port}`,
    })
  }
}

class HandledRequest implements RequestContext {
  readonly apiVersion: number
  readonly clientId: string | null
  readonly receivedAtMs: number
  readonly #frame: Buffer
  readonly #connection: ServerConnection

  constructor(
    frame: Buffer,
    connection: ServerConnection,
    { apiVersion, clientId }: RequestHeader,
    receivedAtMs: number,
  ) {
    this.#frame = frame
    this.apiVersion = apiVersion
    this.clientId = clientId
    this.receivedAtMs = receivedAtMs
    this.#connection = connection
  }

  get clientHost(): string {
    return this.#connection.socket.remote.host
  }

  get connectionId(): number {
    return this.#connection.id
  }

  get local(): Endpoint {
    return this.#connection.socket.local
  }

  get remote(): Endpoint {
    return this.#connection.socket.remote
  }

  get listenerName(): string {
    return this.#connection.listenerName
  }

  releaseRequest(): void {
    this.#connection.releaseFrame(this.#frame)
  }

  afterSent(callback: () => void): void {
    this.#connection.afterSent(callback)
  }

  whenClosed(callback: () => void): void {
    this.#connection.whenClosed(callback)
  }

  nextTurn(): Promise<void> | null {
    return this.#connection.nextTurn()
  }
}
