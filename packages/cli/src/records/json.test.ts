import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsageError } from '../output/failure.ts'
import { recordFromJson, recordToJson } from './json.ts'

const bytes = Buffer.from([0xff, 0xfe])
const record = {
  topic: 't',
  partition: 1,
  offset: 7n,
  timestamp: 8n,
  key: null,
  value: bytes,
  headers: [['h', bytes]],
} as const

test('a record goes through JSON and back, text or not', () => {
  const back = recordFromJson(recordToJson(record), 'f:1')
  assert.deepEqual(back, { key: null, value: bytes, headers: [['h', bytes]], partition: 1, timestamp: 8n })
})

test('text stays readable', () => {
  assert.match(recordToJson({ ...record, value: Buffer.from('grüß') }), /"value":"grüß"/)
})

test('headers may be an object', () => {
  assert.deepEqual(recordFromJson('{"value":"v","headers":{"a":"1"}}', 'f:1').headers, [['a', Buffer.from('1')]])
})

test('a line that is not a record is refused with its place', () => {
  for (const line of [
    'nope',
    '[1]',
    '{"value":1}',
    '{"headers":3}',
    '{"partition":"x"}',
    '{"timestamp":1.5}',
    '{"partition":-1}',
  ]) {
    const isRefusal = (error: unknown) => error instanceof UsageError && error.message.startsWith('f:7')
    assert.throws(() => recordFromJson(line, 'f:7'), isRefusal, line)
  }
})
