/** One step of a sequence: a request in one version, or something that happens to a connection. */
import { Reader, requestHeader, responseHeader, Writer } from '@odradek/protocol'
import type { World } from './world.ts'

export type Step = RequestStep | DisconnectStep | PauseStep | GatherStep

export interface RequestStep {
  readonly kind: 'request'
  readonly api: string
  readonly version: number
  /** Which of the sequence's connections carries it: an answer that is held back holds back those behind it. */
  readonly connection: number
  /** Whether the next step waits for the answer. One that does not wait still gets a moment to arrive first. */
  readonly waits: boolean
  readonly expectsAnswer: boolean
  /** The request as this broker gets it, and its bytes behind the size. */
  encode(world: World, correlationId: number): { readonly body: unknown; readonly frame: Buffer }
  decode(frame: Buffer): unknown
  learn(answer: unknown, world: World): void
}

/** The client vanishes: its connection breaks without a word. */
export interface DisconnectStep {
  readonly kind: 'disconnect'
  readonly connection: number
}

export interface PauseStep {
  readonly kind: 'pause'
  readonly ms: number
}

/** Waits for the answers that are still owed, or until some of them are known to be held back. */
export interface GatherStep {
  readonly kind: 'gather'
  readonly forAtMostMs: number
}

export interface RequestOptions<A> {
  readonly connection?: number
  readonly waits?: boolean
  readonly expectsAnswer?: boolean
  readonly learn?: (answer: A, world: World) => void
  /** Sent in the header instead of the version that the body is encoded in. */
  readonly claimedVersion?: number
}

/** The sides of a pair of schemas that a client needs. */
export interface Api<Q, A> {
  readonly request: {
    readonly name: string
    readonly key: number
    readonly versions: readonly [least: number, greatest: number]
    headerVersion(version: number): number
    encode(version: number, value: Q, writer: Writer): void
  }
  readonly response: {
    headerVersion(version: number): number
    decode(version: number, reader: Reader): A
  }
}

/** A request whose body is made for each broker from what that broker has told so far. */
export function ask<Q, A>(
  { request, response }: Api<Q, A>,
  version: number,
  body: (world: World) => Q,
  options: RequestOptions<A> = {},
): RequestStep {
  const { connection = 0, waits = true, expectsAnswer = true, learn, claimedVersion = version } = options
  return {
    kind: 'request',
    api: request.name.replace(/Request$/, ''),
    version: claimedVersion,
    connection,
    waits,
    expectsAnswer,
    encode(world, correlationId) {
      const value = body(world)
      const writer = new Writer()
      requestHeader.encode(
        request.headerVersion(claimedVersion),
        { requestApiKey: request.key, requestApiVersion: claimedVersion, correlationId, clientId: 'differential' },
        writer,
      )
      request.encode(version, value, writer)
      return { body: value, frame: writer.toBuffer() }
    },
    decode(frame) {
      const reader = new Reader(frame)
      responseHeader.decode(response.headerVersion(version), reader)
      const answer = response.decode(version, reader)
      if (reader.remaining > 0) throw new Error(`${reader.remaining} bytes are left over behind the answer`)
      return answer
    },
    learn(answer, world) {
      learn?.(answer as A, world)
    },
  }
}

export function disconnect(connection: number): DisconnectStep {
  return { kind: 'disconnect', connection }
}

export function pause(ms: number): PauseStep {
  return { kind: 'pause', ms }
}

export function gather(forAtMostMs = 60_000): GatherStep {
  return { kind: 'gather', forAtMostMs }
}
