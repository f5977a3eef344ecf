import type { Endpoint } from '@odradek/platform'
import type { Reader, Writer } from '@odradek/protocol'

/** What a handler may know of the connection and of the request's header. */
export interface RequestContext {
  readonly apiVersion: number
  readonly clientId: string | null
  /** The client's address, without its port. */
  readonly clientHost: string
  readonly connectionId: number
  /** The address that the client reached us on. */
  readonly local: Endpoint
  readonly remote: Endpoint
  readonly listenerName: string
  /** By the monotonic clock. */
  readonly receivedAtMs: number
  /**
   * Nobody looks at the request's bytes any more, the decoded views of them included: the next request may have their memory.
   * At most once; never calling it is safe.
   */
  releaseRequest(): void
  /** Calls back once the answer's bytes have been handed to the kernel, or never will be: nobody looks at them any more. */
  afterSent(callback: () => void): void
  /** Calls back when the connection is closed before this request is answered. */
  whenClosed(callback: () => void): void
  /**
   * For work that can take long, to be asked between its steps: null while the loop may be held, else a promise of the
   * next turn, after other connections had theirs. Until the answer no other request of this connection is started.
   */
  nextTurn(): Promise<void> | null
}

/** Does the steps, and lets others in between them where they take long; null when all are done at once. */
export function inTurns(steps: Iterator<void>, context: RequestContext): Promise<void> | null {
  while (!steps.next().done) {
    const turn = context.nextTurn()
    if (turn !== null) return turn.then(() => inTurns(steps, context) ?? undefined)
  }
  return null
}

/** The peer sent what cannot be answered: its connection is closed, with one line in the log. */
export class ConnectionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ConnectionError'
  }
}

/** The side of a schema that dispatch needs of a request. Methods, so that handlers of all types fit one map. */
export interface RequestSchema<Q> {
  readonly name: string
  readonly key: number
  /** The versions that are served. */
  readonly versions: readonly [min: number, max: number]
  headerVersion(version: number): number
  decode(version: number, reader: Reader): Q
}

/** The side of a schema that dispatch needs of a response. */
export interface ResponseSchema<A> {
  readonly name: string
  headerVersion(version: number): number
  encode(version: number, value: A, writer: Writer): void
}

/** One API: how its request is read, what it does, how its answer is written. */
export interface ApiHandler<Q = unknown, A = unknown> {
  readonly request: RequestSchema<Q>
  readonly response: ResponseSchema<A>
  /**
   * Answers at once where it can: a promise costs a turn of the microtask queue. Undefined means no answer at all
   * (Produce with acks=0). Expected trouble is an error code in the answer; what is thrown closes the connection: a
   * ConnectionError with a line in the log, everything else as the bug that it is.
   */
  handle(request: Q, context: RequestContext): A | undefined | Promise<A | undefined>
}

/** Builds a handler; the types come from the schemas, so that the function's arguments need none. */
export function apiHandler<Q, A>(
  request: RequestSchema<Q>,
  response: ResponseSchema<A>,
  handle: (request: NoInfer<Q>, context: RequestContext) => NoInfer<A> | undefined | Promise<NoInfer<A> | undefined>,
): ApiHandler<Q, A> {
  return { request, response, handle }
}
