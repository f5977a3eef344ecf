/** Loads the golden vectors for the tests. */
import { readdirSync, readFileSync } from 'node:fs'
import { defaultOf } from '../schema/interpreter.ts'
import type { FieldPlan, StructPlan, TypePlan } from '../schema/plan.ts'
import { Schema } from '../schema/schema.ts'

export interface GoldenVector {
  readonly schema: Schema<unknown, unknown>
  readonly version: number
  readonly bytes: Buffer
  /** With the defaults of the fields that the version lacks, as decoding gives them. */
  readonly value: unknown
  /** Where it stands, for messages of failure. */
  readonly line: string
}

/** Every message and record that is declared, by Kafka's name. */
export async function allSchemas(): Promise<Map<string, Schema<unknown, unknown>>> {
  const schemas = new Map<string, Schema<unknown, unknown>>()
  for (const folder of ['messages', 'record-types']) {
    for (const file of readdirSync(new URL(`../${folder}`, import.meta.url)).sort()) {
      if (!file.endsWith('.ts')) continue
      const module: Record<string, unknown> = await import(`../${folder}/${file}`)
      for (const value of Object.values(module)) if (value instanceof Schema) schemas.set(value.name, value)
    }
  }
  return schemas
}

export async function goldenVectors(): Promise<GoldenVector[]> {
  const folder = new URL('../../golden/', import.meta.url)
  const schemas = await allSchemas()
  const vectors: GoldenVector[] = []
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.jsonl')) continue
    const lines = readFileSync(new URL(file, folder), 'utf8').trimEnd().split('\n')
    for (const [i, text] of lines.entries()) {
      const { message, version, bytes, value } = JSON.parse(text)
      const schema = schemas.get(message)
      if (schema === undefined) throw new Error(`${file}: no schema is called ${message}`)
      vectors.push({
        schema,
        version,
        bytes: Buffer.from(bytes, 'base64'),
        value: fromJson(schema.plan(version), value),
        line: `${file}:${i + 1}`,
      })
    }
  }
  return vectors
}

/** Bytes are base64 in the files, and fields that the version lacks are left out. */
function fromJson(type: TypePlan, json: unknown): unknown {
  if (json === null) return null
  if (type.kind === 'struct') return structFromJson(type, json as Record<string, unknown>)
  if (type.kind === 'array') return (json as unknown[]).map(element => fromJson(type.element, element))
  if (type.kind === 'bytes' || type.kind === 'records') return Buffer.from(json as string, 'base64')
  return json
}

function structFromJson(plan: StructPlan, json: Record<string, unknown>): Record<string, unknown> {
  const known = new Set(plan.fields.map(field => field.name))
  for (const name of Object.keys(json)) if (!known.has(name)) throw new Error(`no field is called ${name}`)
  return Object.fromEntries(plan.fields.map(field => [field.name, valueIn(field, json[field.name])]))
}

function valueIn(field: FieldPlan, json: unknown): unknown {
  return json === undefined ? defaultOf(field) : fromJson(field.type, json)
}
