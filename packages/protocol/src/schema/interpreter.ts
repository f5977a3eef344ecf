/**
 * Decodes and encodes by walking a plan field by field. Slow and simple: it is what the compiled codecs are compared with,
 * it explains why a compiled decoder gave up (field path and offset), and it works where code generation is forbidden.
 */
import { DecodeError, EncodeError } from './codec-error.ts'
import { isDefault } from './default-value.ts'
import {
  type ArrayPlan,
  type FieldPlan,
  type ScalarPlan,
  type StructPlan,
  type TypePlan,
  typeMinBytes,
  wordsOf,
} from './plan.ts'
import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'

type Struct = Record<string, unknown>

/** Throws DecodeError, and nothing else, whatever the bytes. */
export function interpretDecode(plan: StructPlan, subject: string, reader: Reader): unknown {
  const path: Path = []
  try {
    return decodeStruct(plan, reader, path)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new DecodeError(plainProblem(error), { subject, path: renderPath(path), offset: error.offset })
  }
}

type Path = (string | number)[]

function renderPath(path: Path): string {
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('')
}

function plainProblem(error: DecodeError): string {
  return error.message.slice(0, error.message.lastIndexOf(' (at byte '))
}

function decodeStruct(plan: StructPlan, reader: Reader, path: Path): Struct {
  const value: Struct = {}
  // Absent and tagged fields first get their default, so that all are there, in the order of the declaration.
  for (const field of plan.fields) {
    if (field.present && field.tag === null) {
      path.push(field.name)
      value[field.name] = decodeField(field, reader, path)
      path.pop()
    } else {
      value[field.name] = defaultOf(field)
    }
  }
  if (plan.flexible) decodeTags(plan, value, reader, path)
  return value
}

function decodeTags(plan: StructPlan, value: Struct, reader: Reader, path: Path): void {
  for (let count = reader.unsignedVarint(); count > 0; count--) {
    const tag = reader.unsignedVarint()
    const size = reader.unsignedVarint()
    const field = plan.fields.find(field => field.present && field.tag === tag)
    if (field === undefined) {
      reader.advance(size)
      continue
    }
    path.push(field.name)
    if (size > reader.remaining) throw reader.problem(`a tagged field of ${size} bytes, ${reader.remaining} left`)
    const end = reader.position + size
    value[field.name] = decodeField(field, reader, path)
    if (reader.position !== end) throw reader.problem(`a tagged field that does not end where it says, at byte ${end}`)
    path.pop()
  }
}

function decodeField(field: FieldPlan, reader: Reader, path: Path): unknown {
  const type = field.type
  switch (type.kind) {
    case 'struct':
      if (field.nullable && reader.int8() < 0) return null
      return decodeStruct(type, reader, path)
    case 'array':
      return decodeArray(type, field.nullable, reader, path)
    default:
      return decodeScalar(type, field.nullable, reader)
  }
}

function decodeArray(plan: ArrayPlan, nullable: boolean, reader: Reader, path: Path): unknown[] | null {
  const count = readLength(plan.compact, 4, nullable, reader)
  if (count === null) return null
  const least = typeMinBytes(plan.element)
  if (count * least > reader.remaining) {
    throw reader.problem(`${count} elements of at least ${least} bytes, ${reader.remaining} bytes left`)
  }
  reader.wordsLeft -= count * wordsOf(plan.element)
  if (reader.wordsLeft < 0) throw reader.problem(`${count} more elements, too much for one message`)
  const elements: unknown[] = []
  for (let i = 0; i < count; i++) {
    path.push(i)
    elements.push(decodeElement(plan.element, reader, path))
    path.pop()
  }
  return elements
}

function decodeElement(plan: TypePlan, reader: Reader, path: Path): unknown {
  if (plan.kind === 'struct') return decodeStruct(plan, reader, path)
  if (plan.kind === 'array') return decodeArray(plan, false, reader, path)
  return decodeScalar(plan, false, reader)
}

function decodeScalar(plan: ScalarPlan, nullable: boolean, reader: Reader): unknown {
  switch (plan.kind) {
    case 'string': {
      const length = readLength(plan.compact, 2, nullable, reader)
      if (length === null) return null
      if (length > 32767) throw reader.problem(`a string of ${length} bytes`)
      return reader.text(length)
    }
    case 'bytes':
    case 'records': {
      const length = readLength(plan.compact, 4, nullable, reader)
      return length === null ? null : reader.bytes(length)
    }
    default:
      return reader[plan.kind]()
  }
}

/** Null for a null that is allowed. */
function readLength(compact: boolean, prefixBytes: 2 | 4, nullable: boolean, reader: Reader): number | null {
  const length = compact ? reader.unsignedVarint() - 1 : prefixBytes === 2 ? reader.int16() : reader.int32()
  if (length >= 0) return length
  if (!nullable) throw reader.problem('null where it is not allowed')
  return null
}

/** A fresh value: what is decoded belongs to the caller. */
export function defaultOf(field: FieldPlan): unknown {
  if (field.default === null) return null
  if (field.type.kind === 'array') return []
  if (field.type.kind !== 'struct') return field.default
  return defaultStruct(field.type)
}

function defaultStruct(plan: StructPlan): Struct {
  const value: Struct = {}
  for (const field of plan.fields) value[field.name] = defaultOf(field)
  return value
}

/** Throws EncodeError where the value does not fit the version. What was written by then stays in the writer. */
export function interpretEncode(plan: StructPlan, subject: string, value: unknown, writer: Writer): void {
  new Encoding(subject, writer).struct(plan, value)
}

class Encoding {
  readonly #subject: string
  readonly #writer: Writer
  readonly #path: Path = []

  constructor(subject: string, writer: Writer) {
    this.#subject = subject
    this.#writer = writer
  }

  struct(plan: StructPlan, value: unknown): void {
    if (typeof value !== 'object' || value === null) throw this.#problem(`an object is wanted, not ${show(value)}`)
    const given = value as Struct
    const tagged: FieldPlan[] = []
    for (const field of plan.fields) {
      const of = given[field.name]
      this.#path.push(field.name)
      if (!field.present) {
        if (!field.ignorable && !isDefault(field, of)) throw this.#problem('this version has no such field')
      } else if (field.tag === null) {
        this.#field(field, of === undefined ? field.default : of)
      } else if (!isDefault(field, of)) {
        tagged.push(field)
      }
      this.#path.pop()
    }
    if (plan.flexible) this.#tags(tagged, given)
  }

  #tags(fields: FieldPlan[], value: Struct): void {
    this.#writer.unsignedVarint(fields.length)
    for (const field of fields.toSorted((a, b) => (a.tag ?? 0) - (b.tag ?? 0))) {
      this.#path.push(field.name)
      this.#writer.unsignedVarint(field.tag ?? 0)
      this.#writer.int8(0)
      const place = this.#writer.position - 1
      this.#field(field, value[field.name])
      this.#writer.closeSized(place)
      this.#path.pop()
    }
  }

  #field(field: FieldPlan, value: unknown): void {
    const type = field.type
    if (value === null && !field.nullable) throw this.#problem('null is not allowed in this version')
    if (type.kind === 'struct' && field.nullable) this.#writer.int8(value === null ? -1 : 1)
    if (type.kind !== 'struct' || value !== null) this.#value(type, value)
  }

  #value(plan: TypePlan, value: unknown): void {
    switch (plan.kind) {
      case 'struct':
        this.struct(plan, value)
        break
      case 'array':
        this.#array(plan, value)
        break
      case 'string':
        this.#string(plan.compact, value)
        break
      case 'bytes':
        this.#bytes(plan.compact, value)
        break
      case 'records':
        this.#records(plan.compact, value)
        break
      case 'uuid':
        if (typeof value !== 'string' || !this.#writer.uuid(value)) throw this.#problem(`${show(value)} is not a uuid`)
        break
      case 'bool':
        if (typeof value !== 'boolean') throw this.#problem(`${show(value)} is not a boolean`)
        this.#writer.bool(value)
        break
      default:
        this.#number(plan.kind, value)
    }
  }

  #number(kind: keyof typeof numberRanges, value: unknown): void {
    const [least, greatest] = numberRanges[kind]
    if (typeof value !== 'number' || !(value >= least && value <= greatest)) {
      if (kind !== 'float64' || typeof value !== 'number') throw this.#problem(`${show(value)} is not an ${kind}`)
    }
    if (kind !== 'float64' && value !== Math.floor(value)) throw this.#problem(`${show(value)} is not whole`)
    this.#writer[kind](value)
  }

  #array(plan: ArrayPlan, value: unknown): void {
    if (value === null) {
      this.#length(plan.compact, 4, -1)
      return
    }
    if (!Array.isArray(value)) throw this.#problem(`an array is wanted, not ${show(value)}`)
    this.#length(plan.compact, 4, value.length)
    for (let i = 0; i < value.length; i++) {
      this.#path.push(i)
      if (value[i] === null) throw this.#problem('null is not allowed as an element')
      this.#value(plan.element, value[i])
      this.#path.pop()
    }
  }

  #string(compact: boolean, value: unknown): void {
    if (value === null) {
      this.#length(compact, 2, -1)
      return
    }
    if (typeof value !== 'string') throw this.#problem(`a string is wanted, not ${show(value)}`)
    const byteLength = Buffer.byteLength(value)
    if (byteLength > 32767) throw this.#problem(`a string of ${byteLength} bytes, at most 32767 can be sent`)
    this.#length(compact, 2, byteLength)
    this.#writer.text(value)
  }

  #bytes(compact: boolean, value: unknown): void {
    if (value === null) {
      this.#length(compact, 4, -1)
      return
    }
    if (!(value instanceof Uint8Array)) throw this.#problem(`bytes are wanted, not ${show(value)}`)
    this.#length(compact, 4, value.length)
    this.#writer.bytes(value)
  }

  #records(compact: boolean, value: unknown): void {
    if (value === null) {
      this.#length(compact, 4, -1)
      return
    }
    const chunks: unknown[] = Array.isArray(value) ? value : [value]
    let byteLength = 0
    for (const chunk of chunks) {
      if (!Buffer.isBuffer(chunk)) throw this.#problem(`a Buffer or a list of Buffers is wanted, not ${show(chunk)}`)
      byteLength += chunk.length
    }
    this.#length(compact, 4, byteLength)
    for (const chunk of chunks) this.#writer.splice(chunk as Buffer)
  }

  #length(compact: boolean, prefixBytes: 2 | 4, length: number): void {
    if (compact) this.#writer.unsignedVarint(length + 1)
    else if (prefixBytes === 2) this.#writer.int16(length)
    else this.#writer.int32(length)
  }

  #problem(text: string): EncodeError {
    return new EncodeError(text, { subject: this.#subject, path: renderPath(this.#path) })
  }
}

const numberRanges = {
  int8: [-128, 127],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-2147483648, 2147483647],
  uint32: [0, 4294967295],
  int64: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  float64: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
} as const

function show(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
