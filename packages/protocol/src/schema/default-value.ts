import type { FieldPlan, StructPlan } from './plan.ts'

/** Whether a value (undefined: left out) is what the field has when nobody sets it: such a tagged field is not written. */
export function isDefault(field: FieldPlan, value: unknown): boolean {
  if (value === undefined || value === field.default) return true
  if (value === null || field.default === null) return false
  const type = field.type
  if (type.kind === 'struct') return isDefaultStruct(type, value)
  if (type.kind === 'array' || type.kind === 'bytes') return (value as ArrayLike<unknown>).length === 0
  return false
}

function isDefaultStruct(plan: StructPlan, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const given = value as Record<string, unknown>
  return plan.fields.every(field => isDefault(field, given[field.name]))
}
