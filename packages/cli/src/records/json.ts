import { isUtf8 } from 'node:buffer'
import { UsageError } from '../output/failure.ts'
import type { ConsumedRecord } from './consumed-record.ts'

/** Text where the bytes are UTF-8, else { base64 }, so that nothing is lost. */
type JsonBytes = string | { readonly base64: string } | null

/** One line of JSON: topic, partition, offset, timestamp (ms), key, value, headers ([name, value] pairs). */
export function recordToJson(record: ConsumedRecord): string {
  return JSON.stringify({
    topic: record.topic,
    partition: record.partition,
    offset: Number(record.offset),
    timestamp: Number(record.timestamp),
    key: toJson(record.key),
    value: toJson(record.value),
    headers: record.headers.map(([name, value]) => [name, toJson(value)]),
  })
}

export interface RecordInput {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [name: string, value: Buffer])[]
  readonly partition: number | null
  readonly timestamp: bigint | null
}

/**
 * The reverse of recordToJson; every field but value may be left out. Throws UsageError with what is wrong.
 *
 * @param place - of the line, for messages
 */
export function recordFromJson(line: string, place: string): RecordInput {
  const { key = null, value = null, headers = [], partition = null, timestamp = null } = parse(line, place)
  return {
    key: fromJson(key, place),
    value: fromJson(value, place),
    headers: headerPairs(headers, place).map(([name, each]) => [name, fromJson(each, place) ?? Buffer.alloc(0)]),
    partition: wholeNumber(partition, `${place}: 'partition'`),
    timestamp: toBigInt(wholeNumber(timestamp, `${place}: 'timestamp' (milliseconds)`)),
  }
}

function parse(line: string, place: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(line)
    if (parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed)) return { ...parsed }
  } catch {
    // The same words for both: a line that is not what we need.
  }
  throw new UsageError(`${place} is not a JSON object such as {"key":"a","value":"b"}`)
}

function wholeNumber(value: unknown, what: string): number | null {
  if (value === null) return null
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new UsageError(`${what} must be a whole number`)
  }
  return value
}

function toBigInt(value: number | null): bigint | null {
  return value === null ? null : BigInt(value)
}

function headerPairs(headers: unknown, place: string): [string, unknown][] {
  if (Array.isArray(headers) && headers.every(pair => Array.isArray(pair) && typeof pair[0] === 'string'))
    return headers
  if (headers !== null && typeof headers === 'object' && !Array.isArray(headers)) return Object.entries(headers)
  throw new UsageError(`${place}: 'headers' must be an object or a list of [name, value]`)
}

function toJson(bytes: Buffer | null): JsonBytes {
  if (bytes === null) return null
  return isUtf8(bytes) ? bytes.toString() : { base64: bytes.toString('base64') }
}

function fromJson(value: unknown, place: string): Buffer | null {
  if (value === null) return null
  if (typeof value === 'string') return Buffer.from(value)
  if (typeof value === 'object' && 'base64' in value && typeof value.base64 === 'string') {
    return Buffer.from(value.base64, 'base64')
  }
  throw new UsageError(`${place}: keys, values and headers are text, {"base64": …} or null`)
}
