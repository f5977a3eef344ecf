/**
 * A declared message: what it is called, which versions it has, and how its values become bytes and back.
 * Codecs come into being per version, at the first use.
 */
import { apiName } from '../api-keys.ts'
import { compileDecoder, compileEncoder, type Decoder, type Encoder } from './codec.ts'
import { DecodeError, EncodeError } from './codec-error.ts'
import type { Decoded, Encodable, Fields } from './field.ts'
import { interpretDecode, interpretEncode } from './interpreter.ts'
import { planStruct, type StructPlan } from './plan.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

/** The decoded form of a message: `interface FetchRequest extends Message<typeof fetchRequest> {}`. */
export type Message<S extends { readonly '~value': unknown }> = S['~value']
/** What `encode` takes for it: every field may be left out, and then has its default. */
export type MessageInput<S extends { readonly '~input': unknown }> = S['~input']

export interface SchemaOptions {
  readonly name: string
  /** API key of a request or response, record type of a record; -1 where there is none. */
  readonly key: number
  readonly versions: VersionRange
  /** First version with compact lengths and tag sections; null when there is none. */
  readonly flexible: number | null
  /** See Schema.unstable. */
  readonly unstable: number | null
  readonly kind: 'request' | 'response' | 'header' | 'data'
}

export type VersionRange = readonly [least: number, greatest: number]

export class Schema<T, I> {
  declare readonly '~value': T
  declare readonly '~input': I
  /** As Kafka calls it: `FetchRequest`. */
  readonly name: string
  readonly key: number
  /** What a broker serves. */
  readonly versions: VersionRange
  /** One more version that is still in the making: Kafka serves it with `unstable.api.versions.enable` only. */
  readonly unstable: number | null
  /** First version with compact lengths and tag sections. */
  readonly flexible: number | null
  readonly kind: SchemaOptions['kind']
  readonly #fields: Fields
  readonly #plans: (StructPlan | undefined)[] = []
  readonly #decoders: (Decoder | undefined)[] = []
  readonly #encoders: (Encoder | undefined)[] = []

  constructor(options: SchemaOptions, fields: Fields) {
    this.name = options.name
    this.key = options.key
    this.versions = options.versions
    this.flexible = options.flexible
    this.kind = options.kind
    this.unstable = options.unstable
    this.#fields = fields
  }

  /** Whether it can be encoded and decoded in this version. */
  has(version: number): boolean {
    return (version >= this.versions[0] && version <= this.versions[1]) || version === this.unstable
  }

  isFlexible(version: number): boolean {
    return this.flexible !== null && version >= this.flexible
  }

  /** Of the header in front of a request or response; also for versions that we do not know. */
  headerVersion(version: number): number {
    const flexible = this.isFlexible(version) ? 1 : 0
    if (this.kind === 'request') return 1 + flexible
    // A client that asks in a version we do not have must be able to read the answer: ApiVersions never has tags in the header.
    return this.key === 18 ? 0 : flexible
  }

  /** Moves the reader behind the message. Throws DecodeError, and then the reader stands anywhere. */
  decode(version: number, reader: Reader): T {
    const decoder = this.#decoders[version] ?? this.#prepareDecoder(version)
    const start = reader.position
    const words = reader.wordsLeft
    try {
      return decoder(reader) as T
    } catch (error) {
      if (error instanceof DecodeError && error.subject !== '') throw error
      reader.position = start
      reader.wordsLeft = words
      interpretDecode(this.plan(version), `${this.name} v${version}`, reader)
      throw error
    }
  }

  /** Throws EncodeError where the version cannot carry the value; the writer is of no use then. */
  encode(version: number, value: I, writer: Writer): void {
    const encoder = this.#encoders[version] ?? this.#prepareEncoder(version)
    try {
      encoder(value, writer)
    } catch (error) {
      if (error instanceof EncodeError) throw error
      interpretEncode(this.plan(version), `${this.name} v${version}`, value, new Writer())
      throw error
    }
  }

  /** The message alone, for bytes fields and records. */
  toBuffer(version: number, value: I): Buffer {
    const writer = new Writer()
    this.encode(version, value, writer)
    return writer.toBuffer()
  }

  /** Decodes the message alone; bytes behind it are ignored. Throws DecodeError. */
  fromBuffer(version: number, buffer: Buffer): T {
    return this.decode(version, new Reader(buffer))
  }

  /** For the codecs and their tests. */
  plan(version: number): StructPlan {
    const known = this.#plans[version]
    if (known !== undefined) return known
    if (!this.has(version)) throw new RangeError(`${this.name} has no version ${version}`)
    const plan = planStruct(this.#fields, version, this.isFlexible(version))
    this.#plans[version] = plan
    return plan
  }

  #prepareDecoder(version: number): Decoder {
    const plan = this.plan(version)
    const decoder =
      compileDecoder(plan, this.name, version) ?? (reader => interpretDecode(plan, `${this.name} v${version}`, reader))
    this.#decoders[version] = decoder
    return decoder
  }

  #prepareEncoder(version: number): Encoder {
    const plan = this.plan(version)
    const encoder =
      compileEncoder(plan, this.name, version) ??
      ((value, writer) => interpretEncode(plan, `${this.name} v${version}`, value, writer))
    this.#encoders[version] = encoder
    return encoder
  }
}

interface ApiOptions {
  readonly key: number
  readonly versions: VersionRange
  readonly flexible?: number
  readonly unstable?: number
}

export function request<const F extends Fields>(options: ApiOptions, fields: F): Schema<Decoded<F>, Encodable<F>> {
  return new Schema({ ...unversioned, ...options, name: `${apiName(options.key)}Request`, kind: 'request' }, fields)
}

export function response<const F extends Fields>(options: ApiOptions, fields: F): Schema<Decoded<F>, Encodable<F>> {
  return new Schema({ ...unversioned, ...options, name: `${apiName(options.key)}Response`, kind: 'response' }, fields)
}

interface NamedOptions {
  readonly name: string
  readonly versions: VersionRange
  readonly flexible?: number
  /** Record type, of the records that have one. */
  readonly key?: number
}

export function header<const F extends Fields>(options: NamedOptions, fields: F): Schema<Decoded<F>, Encodable<F>> {
  return new Schema({ ...unversioned, ...options, kind: 'header' }, fields)
}

/** Structures inside bytes fields and records. */
export function data<const F extends Fields>(options: NamedOptions, fields: F): Schema<Decoded<F>, Encodable<F>> {
  return new Schema({ ...unversioned, ...options, kind: 'data' }, fields)
}

const unversioned = { key: -1, flexible: null, unstable: null }
