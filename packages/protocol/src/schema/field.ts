/**
 * The words in which messages are declared: a field has a type and the versions of its message in which it exists, may be
 * null, or is tagged. Fields are immutable; every method returns a new one, so a struct can be shared between places.
 */

/** A field of a message: `T` is what decoding gives, `I` what encoding takes. */
export class Field<T = unknown, I = unknown> {
  declare readonly '~value': T
  declare readonly '~input': I
  readonly type: FieldType
  readonly options: FieldOptions

  constructor(type: FieldType, options: FieldOptions = plain) {
    this.type = type
    this.options = options
  }

  /** Exists from this version of the message on. */
  since(version: number): Field<T, I> {
    return this.#with({ since: version })
  }

  /** Exists up to and including this version. */
  until(version: number): Field<T, I> {
    return this.#with({ until: version })
  }

  /** May be null, in all versions or in some; null is then the default, unless `default` says otherwise. */
  nullable(since = 0, until = Number.POSITIVE_INFINITY): Field<T | null, I | null> {
    const defaults = this.options.default === undefined ? { default: null } : {}
    return new Field(this.type, { ...this.options, nullableSince: since, nullableUntil: until, ...defaults })
  }

  /** What a version without the field decodes to, and what a value without the field encodes as. */
  default(value: I): Field<T, I> {
    return this.#with({ default: value })
  }

  /** Sits in the tag section (KIP-482), written only when it differs from its default. */
  tagged(tag: number): Field<T, I> {
    return this.#with({ tag })
  }

  /** Is dropped silently where the version has no such field; otherwise a value but the default is an EncodeError. */
  ignorable(): Field<T, I> {
    return this.#with({ ignorable: true })
  }

  /** Keeps the old length prefix in flexible versions too. Only the client id of the request header does. */
  neverCompact(): Field<T, I> {
    return this.#with({ neverCompact: true })
  }

  #with(options: Partial<FieldOptions>): Field<T, I> {
    return new Field(this.type, { ...this.options, ...options })
  }
}

export type NumberKind = 'int8' | 'int16' | 'uint16' | 'int32' | 'uint32' | 'int64' | 'float64'
export type ScalarKind = NumberKind | 'bool' | 'string' | 'bytes' | 'records' | 'uuid'

export type FieldType =
  | { readonly kind: ScalarKind }
  | { readonly kind: 'array'; readonly element: Field }
  | { readonly kind: 'struct'; readonly fields: Fields }

export interface FieldOptions {
  readonly since: number
  readonly until: number
  /** Versions in which null is allowed; none when since > until. */
  readonly nullableSince: number
  readonly nullableUntil: number
  readonly tag: number | null
  readonly ignorable: boolean
  readonly neverCompact: boolean
  /** Undefined: the zero of the type. */
  readonly default: unknown
}

const plain: FieldOptions = {
  since: 0,
  until: Number.POSITIVE_INFINITY,
  nullableSince: 1,
  nullableUntil: 0,
  tag: null,
  ignorable: false,
  neverCompact: false,
  default: undefined,
}

export type Fields = Readonly<Record<string, Field>>
/** The decoded form of a list of fields: all of them, whatever the version. */
export type Decoded<F extends Fields> = { [K in keyof F]: F[K]['~value'] }
/** The form that encoding takes: what is left out has its default. */
export type Encodable<F extends Fields> = { readonly [K in keyof F]?: F[K]['~input'] }

export const bool = (): Field<boolean, boolean> => new Field({ kind: 'bool' })
export const int8 = (): Field<number, number> => new Field({ kind: 'int8' })
export const int16 = (): Field<number, number> => new Field({ kind: 'int16' })
export const uint16 = (): Field<number, number> => new Field({ kind: 'uint16' })
export const int32 = (): Field<number, number> => new Field({ kind: 'int32' })
export const uint32 = (): Field<number, number> => new Field({ kind: 'uint32' })
/** Exact within 53 bits. Beyond, decoding rounds and encoding clamps, so that the least and the greatest int64 survive. */
export const int64 = (): Field<number, number> => new Field({ kind: 'int64' })
/** The greatest int64, as near as a number comes to it: encodes as 2^63 - 1. */
export const int64Max = 2 ** 63
export const float64 = (): Field<number, number> => new Field({ kind: 'float64' })
/** UTF-8, at most 32767 bytes. */
export const string = (): Field<string, string> => new Field({ kind: 'string' })
/** Decodes to a view of the frame: copy what outlives the request. */
export const bytes = (): Field<Buffer, Uint8Array> => new Field({ kind: 'bytes' })
/** Kafka's text form: 22 characters of base64url. */
export const uuid = (): Field<string, string> => new Field({ kind: 'uuid' })
/** Record batches: decodes to a view of the frame, encodes without a copy. Null without a value, even where null is not allowed. */
export const records = (): Field<Buffer | null, Buffer | readonly Buffer[] | null> => new Field({ kind: 'records' })

export function array<T, I>(element: Field<T, I>): Field<T[], readonly I[]> {
  return new Field({ kind: 'array', element })
}

export function struct<const F extends Fields>(fields: F): Field<Decoded<F>, Encodable<F>> {
  return new Field({ kind: 'struct', fields })
}
