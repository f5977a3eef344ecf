import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsageError } from '../output/failure.ts'
import type { ConsumedRecord } from './consumed-record.ts'
import { compileTemplate } from './template.ts'

const record: ConsumedRecord = {
  topic: 'orders',
  partition: 3,
  offset: 42n,
  timestamp: 1_700_000_000_000n,
  key: Buffer.from('k'),
  value: Buffer.from([0xff, 0x00]),
  headers: [
    ['a', Buffer.from('1')],
    ['b', null],
  ],
}

test('a template renders every field of a record', () => {
  const rendered = compileTemplate('%t [%p] at %o (%T): %k %K %S %h 100%%\\n')(record)
  assert.equal(rendered.toString(), 'orders [3] at 42 (1700000000000): k 1 2 a=1,b=NULL 100%\n')
})

test('a value that is not text comes out byte for byte', () => {
  assert.deepEqual(compileTemplate('%R%s\\x00')(record), Buffer.from([0, 0, 0, 2, 0xff, 0x00, 0x00]))
})

test('nulls are empty and have the length -1', () => {
  assert.equal(compileTemplate('<%k|%s> %K %S')({ ...record, key: null, value: null }).toString(), '<|> -1 -1')
})

test('an unknown token is refused with the list of those there are', () => {
  assert.throws(() => compileTemplate('%y'), /'%y' is no token/)
  assert.throws(() => compileTemplate('\\q'), UsageError)
})
