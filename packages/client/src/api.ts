import type { Reader, Writer } from '@odradek/protocol'

/** The side of a request's schema that a client needs. */
export interface RequestSchema<Q> {
  readonly name: string
  readonly key: number
  readonly versions: readonly [min: number, max: number]
  headerVersion(version: number): number
  encode(version: number, value: Q, writer: Writer): void
}

/** The side of a response's schema that a client needs. */
export interface ResponseSchema<A> {
  readonly name: string
  headerVersion(version: number): number
  decode(version: number, reader: Reader): A
}

/** What is asked; a function where the fields depend on the version that both sides speak. */
export type Body<Q> = Q | ((version: number) => Q)
