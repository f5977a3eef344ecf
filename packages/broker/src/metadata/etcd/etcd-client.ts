import type { Transport } from '@connectrpc/connect'
import type { Http2SessionManager } from '@connectrpc/connect-node'
import type { Clock, Random } from '@odradek/platform'
import { MetadataStoreError, StoreUnreachableError } from '../metadata-store.ts'
import {
  buildDescriptors,
  type EtcdCall,
  type EtcdDescriptors,
  type EtcdRequest,
  type EtcdResponse,
  type EtcdStream,
} from './etcd-api.ts'

export interface EtcdSecurity {
  /** Present: TLS. All are PEM texts; without `ca` the certificates that Node trusts count. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string }
  readonly user?: { readonly name: string; readonly password: string }
}

export interface EtcdTimeouts {
  /** How long one member may take to answer before the next one is asked. */
  readonly attemptMs: number
  /** How long a call asks around before it rejects. */
  readonly callMs: number
}

/** An answer: etcd has done nothing, and will not. */
export class EtcdRefusal extends MetadataStoreError {
  readonly code: number

  constructor(code: number, message: string) {
    super(`etcd refused: ${message}`)
    this.code = code
  }
}

/** No answer that means anything: what was asked for may have happened, may still happen, or may not. */
export class EtcdSilence extends Error {}

/** gRPC's codes that matter here. */
export const grpcCodes = {
  invalidArgument: 3,
  notFound: 5,
  resourceExhausted: 8,
  failedPrecondition: 9,
  outOfRange: 11,
}
const unauthenticated = 16
/** Canceled, unknown, deadline exceeded, aborted, internal, unavailable, data loss. */
const silentCodes = new Set([1, 2, 4, 10, 13, 14, 15])

/** etcd's servers take pings every five seconds and close the connection on more. */
const pingIntervalMs = 6000
const pingTimeoutMs = 3000
const pauseMs = { first: 50, max: 1000 }

interface Endpoint {
  readonly name: string
  readonly transport: Transport
  readonly session: Http2SessionManager
  token: string | null
}

/**
 * Asks the members of an etcd cluster, one at a time: whoever answers is asked again, and when it falls silent the next one.
 * Whether a call may be made twice is its caller's to know.
 */
export class EtcdClient {
  readonly #clock: Clock
  readonly #random: Random
  readonly #timeouts: EtcdTimeouts
  readonly #security: EtcdSecurity
  readonly #endpoints: readonly Endpoint[]
  readonly #descriptors: EtcdDescriptors
  readonly #problemOf: (error: unknown) => { code: number; message: string }
  readonly #closing = new AbortController()
  #current: number

  private constructor(options: {
    clock: Clock
    random: Random
    timeouts: EtcdTimeouts
    security: EtcdSecurity
    endpoints: readonly Endpoint[]
    descriptors: EtcdDescriptors
    problemOf: (error: unknown) => { code: number; message: string }
  }) {
    this.#clock = options.clock
    this.#random = options.random
    this.#timeouts = options.timeouts
    this.#security = options.security
    this.#endpoints = options.endpoints
    this.#descriptors = options.descriptors
    this.#problemOf = options.problemOf
    this.#current = options.random.integer(options.endpoints.length)
  }

  /** Loads the library, which nothing else needs, and connects when it is first asked. */
  static async load(options: {
    readonly clock: Clock
    readonly random: Random
    readonly endpoints: readonly string[]
    readonly security: EtcdSecurity
    readonly timeouts: EtcdTimeouts
  }): Promise<EtcdClient> {
    const { ConnectError } = await import('@connectrpc/connect')
    const { createGrpcTransport, Http2SessionManager } = await import('@connectrpc/connect-node')
    const { tls } = options.security
    const endpoints = options.endpoints.map(name => {
      const baseUrl = `${tls === undefined ? 'http' : 'https'}://${name}`
      const session = new Http2SessionManager(baseUrl, { pingIntervalMs, pingTimeoutMs }, tls)
      const transport = createGrpcTransport({ baseUrl, sessionManager: session, acceptCompression: [] })
      return { name, transport, session, token: null }
    })
    return new EtcdClient({
      ...options,
      endpoints,
      descriptors: await buildDescriptors(),
      problemOf: error => {
        const { code, rawMessage } = ConnectError.from(error)
        return { code, message: rawMessage }
      },
    })
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted
  }

  /** For a call that begins now. */
  retries(): Retries {
    const asked = this.#endpoints.map(({ name }) => name)
    return new Retries({
      asked,
      callMs: this.#timeouts.callMs,
      clock: this.#clock,
      sleep: ms => this.sleep(ms),
      random: this.#random,
    })
  }

  /** Asks until there is an answer: for what may be done twice. */
  async call<C extends EtcdCall>(call: C, request: EtcdRequest<C>, retries = this.retries()): Promise<EtcdResponse<C>> {
    for (;;) {
      try {
        return await this.attempt(call, request, retries)
      } catch (error) {
        await retries.again(error)
      }
    }
  }

  /** Asks one member once. Throws EtcdRefusal or EtcdSilence. */
  async attempt<C extends EtcdCall>(call: C, request: EtcdRequest<C>, retries: Retries): Promise<EtcdResponse<C>> {
    const timeoutMs = Math.min(this.#timeouts.attemptMs, retries.leftMs)
    const response = await this.#authenticated(endpoint =>
      this.#timed(endpoint, timeoutMs, async signal => {
        const headers = await this.#headers(endpoint, signal)
        return endpoint.transport.unary(this.#descriptors.calls[call], signal, timeoutMs, headers, request)
      }),
    )
    // The table that the descriptor was built from is also where the type comes from.
    return response.message as unknown as EtcdResponse<C>
  }

  /**
   * Sends one request over a stream of its own and gives what comes back, until the stream breaks off, which throws; the first
   * answer has to come within the time of an attempt. Who leaves the loop, or aborts, closes the stream.
   */
  async *stream<S extends EtcdStream>(
    stream: S,
    request: EtcdRequest<S>,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<EtcdResponse<S>, never> {
    const leaving = new AbortController()
    const open = Promise.withResolvers<void>()
    const requests = async function* () {
      yield request
      await open.promise
    }
    const leave = () => leaving.abort()
    signal?.addEventListener('abort', leave)
    try {
      const { endpoint, first, rest } = await this.#authenticated(async endpoint =>
        this.#timed(endpoint, this.#timeouts.attemptMs, async attempt => {
          attempt.addEventListener('abort', leave)
          const headers = await this.#headers(endpoint, attempt)
          const descriptor = this.#descriptors.streams[stream]
          const { message } = await endpoint.transport.stream(
            descriptor,
            leaving.signal,
            undefined,
            headers,
            requests(),
          )
          const rest = message[Symbol.asyncIterator]()
          return { endpoint, first: await rest.next(), rest }
        }),
      )
      for (let next = first; !next.done; ) {
        yield next.value as unknown as EtcdResponse<S>
        try {
          next = await rest.next()
        } catch (error) {
          throw this.#judge(endpoint, error)
        }
      }
      throw new EtcdSilence(`${endpoint.name} ended a stream`)
    } finally {
      signal?.removeEventListener('abort', leave)
      open.resolve()
      leave()
    }
  }

  /** Ends early, with an error, when the client is closed. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const { signal } = this.#closing
      const end = () => {
        timer.cancel()
        reject(closedError())
      }
      const timer = this.#clock.after(ms, () => {
        signal.removeEventListener('abort', end)
        resolve()
      })
      if (signal.aborted) end()
      else signal.addEventListener('abort', end)
    })
  }

  close(): void {
    this.#closing.abort()
    for (const { session } of this.#endpoints) session.abort()
  }

  /** A token may have expired, or a member restarted: it is asked for again, once. */
  async #authenticated<T>(ask: (endpoint: Endpoint) => Promise<T>): Promise<T> {
    if (this.isClosed) throw closedError()
    const endpoint = this.#endpoints[this.#current]
    if (endpoint === undefined) throw new Error('an etcd client without endpoints')
    const hadToken = endpoint.token !== null
    try {
      return await ask(endpoint)
    } catch (error) {
      const isTokenProblem =
        error instanceof EtcdRefusal && (error.code === unauthenticated || error.message.includes('auth store is old'))
      if (!isTokenProblem || !hadToken) throw error
      endpoint.token = null
      return ask(endpoint)
    }
  }

  async #headers(endpoint: Endpoint, signal: AbortSignal): Promise<Record<string, string>> {
    // A member that has lost the others says so at once, instead of keeping a stream open on which nothing will ever come.
    const headers = { hasleader: 'true' }
    const { user } = this.#security
    if (user === undefined) return headers
    if (endpoint.token === null) {
      const { authenticate } = this.#descriptors.calls
      const response = await endpoint.transport.unary(authenticate, signal, undefined, headers, { ...user })
      endpoint.token = (response.message as unknown as EtcdResponse<'authenticate'>).token
    }
    return { ...headers, token: endpoint.token }
  }

  async #timed<T>(endpoint: Endpoint, timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const attempt = new AbortController()
    const late = Promise.withResolvers<never>()
    const timer = this.#clock.after(timeoutMs, () => {
      late.reject(this.#leave(endpoint, `did not answer within ${timeoutMs} ms`))
      attempt.abort()
      // It may have been stopped, or be unreachable: what else waits for it on this connection had better ask elsewhere.
      endpoint.session.abort()
    })
    try {
      return await Promise.race([work(attempt.signal), late.promise])
    } catch (error) {
      throw this.#judge(endpoint, error)
    } finally {
      timer.cancel()
    }
  }

  #judge(endpoint: Endpoint, error: unknown): Error {
    if (error instanceof EtcdSilence) return error
    if (this.isClosed) return closedError()
    const { code, message } = this.#problemOf(error)
    return silentCodes.has(code) ? this.#leave(endpoint, message) : new EtcdRefusal(code, message)
  }

  /** The next call goes to another member. */
  #leave(endpoint: Endpoint, problem: string): EtcdSilence {
    if (this.#endpoints[this.#current] === endpoint) this.#current = (this.#current + 1) % this.#endpoints.length
    return new EtcdSilence(`${endpoint.name}: ${problem}`)
  }
}

/** The patience of one call: round all members at once, then ever slower, until its time is up. */
export class Retries {
  readonly #asked: readonly string[]
  readonly #callMs: number
  readonly #deadlineMs: number
  readonly #clock: Clock
  readonly #random: Random
  readonly #sleep: (ms: number) => Promise<void>
  #failures = 0

  constructor(options: {
    readonly asked: readonly string[]
    readonly callMs: number
    readonly clock: Clock
    readonly random: Random
    readonly sleep: (ms: number) => Promise<void>
  }) {
    this.#asked = options.asked
    this.#callMs = options.callMs
    this.#clock = options.clock
    this.#random = options.random
    this.#sleep = options.sleep
    this.#deadlineMs = this.#clock.monotonic() + options.callMs
  }

  /** Whole, as gRPC's header of the deadline must be, and at least one: who begins late fails by a timer, like all others. */
  get leftMs(): number {
    return Math.max(1, Math.ceil(this.#deadlineMs - this.#clock.monotonic()))
  }

  /** Resolves when it is time to ask again; throws what was no silence, and StoreUnreachableError when the time is up. */
  async again(error: unknown): Promise<void> {
    if (!(error instanceof EtcdSilence)) throw error
    const rounds = Math.floor(++this.#failures / this.#asked.length)
    const atMostMs = rounds === 0 ? 0 : Math.min(pauseMs.max, pauseMs.first * 2 ** (rounds - 1))
    const sleepMs = atMostMs / 2 + this.#random.integer(atMostMs / 2 + 1)
    if (this.#clock.monotonic() + sleepMs >= this.#deadlineMs) {
      const who = this.#asked.join(', ')
      throw new StoreUnreachableError(
        `no etcd member (${who}) has answered within ${this.#callMs} ms; last ${error.message}`,
        {
          cause: error,
        },
      )
    }
    if (atMostMs > 0) await this.#sleep(sleepMs)
  }
}

function closedError(): MetadataStoreError {
  return new MetadataStoreError('the metadata store is closed')
}
