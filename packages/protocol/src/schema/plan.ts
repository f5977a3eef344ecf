/**
 * What a message looks like in one version: the declaration with all version ranges resolved. The interpreter walks a plan,
 * the compiler turns it into code.
 */
import type { Field, Fields, ScalarKind } from './field.ts'
import { zeroUuid } from './uuid.ts'

export interface StructPlan {
  readonly kind: 'struct'
  /** Ends with a tag section. */
  readonly flexible: boolean
  /** All fields of the declaration, in its order: present ones without a tag are in the order of the wire. */
  readonly fields: readonly FieldPlan[]
  /** Least number of bytes on the wire. */
  readonly minBytes: number
  /** Estimate of the memory of a decoded value, in words of 8 bytes, without arrays' elements. */
  readonly words: number
}

export interface FieldPlan {
  readonly name: string
  /** Exists in this version. */
  readonly present: boolean
  readonly tag: number | null
  readonly ignorable: boolean
  readonly type: TypePlan
  readonly nullable: boolean
  /** Never undefined; for a struct that is not null by default, `{}`. */
  readonly default: unknown
}

export type TypePlan = ScalarPlan | ArrayPlan | StructPlan

export interface ScalarPlan {
  readonly kind: ScalarKind
  /** Varint length prefix. */
  readonly compact: boolean
}

export interface ArrayPlan {
  readonly kind: 'array'
  readonly compact: boolean
  readonly element: TypePlan
}

export function planStruct(fields: Fields, version: number, flexible: boolean): StructPlan {
  const plans: FieldPlan[] = []
  let minBytes = flexible ? 1 : 0
  let words = 4
  for (const name of Object.keys(fields)) {
    const field = fields[name]
    if (field === undefined) continue
    const plan = planField(name, field, version, flexible)
    plans.push(plan)
    words += wordsOf(plan.type)
    if (plan.present && plan.tag === null) minBytes += fieldMinBytes(plan)
  }
  return { kind: 'struct', flexible, fields: plans, minBytes, words }
}

function planField(name: string, field: Field, version: number, flexible: boolean): FieldPlan {
  const options = field.options
  return {
    name,
    present: version >= options.since && version <= options.until,
    tag: options.tag,
    ignorable: options.ignorable,
    type: planType(field, version, flexible),
    nullable: version >= options.nullableSince && version <= options.nullableUntil,
    default: options.default === undefined ? zeroOf(field) : options.default,
  }
}

function planType(field: Field, version: number, flexible: boolean): TypePlan {
  const type = field.type
  if (type.kind === 'struct') return planStruct(type.fields, version, flexible)
  const compact = flexible && !field.options.neverCompact
  if (type.kind === 'array') return { kind: 'array', compact, element: planType(type.element, version, flexible) }
  return { kind: type.kind, compact }
}

function zeroOf(field: Field): unknown {
  switch (field.type.kind) {
    case 'bool':
      return false
    case 'string':
      return ''
    case 'bytes':
      return noBytes
    case 'records':
      return null
    case 'uuid':
      return zeroUuid
    case 'array':
      return noElements
    case 'struct':
      return noFields
    default:
      return 0
  }
}

const noBytes = Buffer.alloc(0)
const noElements: readonly unknown[] = Object.freeze([])
const noFields: object = Object.freeze({})

/** Bytes of the types that always take as many; undefined for the others. */
export const fixedBytes: Readonly<Partial<Record<TypePlan['kind'], number>>> = {
  bool: 1,
  int8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  float64: 8,
  uuid: 16,
}

export function fieldMinBytes(field: FieldPlan): number {
  if (field.type.kind === 'struct' && field.nullable) return 1
  return typeMinBytes(field.type)
}

/** Of an array's element, which is never null. */
export function typeMinBytes(type: TypePlan): number {
  if (type.kind === 'struct') return type.minBytes
  const fixed = fixedBytes[type.kind]
  if (fixed !== undefined) return fixed
  if ('compact' in type && type.compact) return 1
  return type.kind === 'string' ? 2 : 4
}

/** See StructPlan.words: a slot, and for what stands behind it an estimate of V8's headers. */
export function wordsOf(type: TypePlan): number {
  switch (type.kind) {
    case 'struct':
      return 1 + type.words
    case 'string':
      return 5
    case 'array':
      return 7
    case 'bytes':
    case 'records':
      return 13
    case 'int64':
    case 'float64':
      return 3
    default:
      return 1
  }
}
