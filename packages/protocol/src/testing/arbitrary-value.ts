/** Values of a message for property tests: whatever a version can carry. */
import fc from 'fast-check'
import { defaultOf } from '../schema/interpreter.ts'
import type { FieldPlan, StructPlan, TypePlan } from '../schema/plan.ts'

export function arbitraryValue(plan: StructPlan): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.fromEntries(plan.fields.map(field => [field.name, arbitraryField(field)]))
  return fc.record(fields, { noNullPrototype: true })
}

function arbitraryField(field: FieldPlan): fc.Arbitrary<unknown> {
  if (!field.present) return fc.constant(defaultOf(field))
  const value = arbitraryOf(field.type)
  // A default has ways of its own, above all in the tag section.
  const withDefault = fc.oneof({ arbitrary: value, weight: 4 }, { arbitrary: fc.constant(defaultOf(field)), weight: 1 })
  if (field.nullable)
    return fc.oneof({ arbitrary: withDefault, weight: 4 }, { arbitrary: fc.constant(null), weight: 1 })
  // Records are null by default even where null cannot be sent.
  return field.type.kind === 'records' ? value : withDefault
}

function arbitraryOf(type: TypePlan): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'struct':
      return arbitraryValue(type)
    case 'array':
      return fc.array(arbitraryOf(type.element), { maxLength: 3 })
    case 'bool':
      return fc.boolean()
    case 'int8':
      return fc.integer({ min: -128, max: 127 })
    case 'int16':
      return fc.integer({ min: -32768, max: 32767 })
    case 'uint16':
      return fc.nat(65535)
    case 'int32':
      return fc.integer()
    case 'uint32':
      return fc.nat(4294967295)
    case 'int64':
      return fc.oneof(fc.maxSafeInteger(), fc.constantFrom(2 ** 63, -(2 ** 63), 2 ** 53, -1, 2 ** 32, -(2 ** 32)))
    case 'float64':
      return fc.double({ noNaN: true })
    case 'uuid':
      return fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytes => Buffer.from(bytes).toString('base64url'))
    case 'string':
      return fc.oneof(
        fc.string({ unit: 'grapheme', maxLength: 12 }),
        fc.string({ unit: 'grapheme-ascii', minLength: 40, maxLength: 140 }),
      )
    case 'bytes':
    case 'records':
      return fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes))
  }
}
