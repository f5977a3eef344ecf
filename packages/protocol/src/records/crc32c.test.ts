import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32c } from './crc32c.ts'

test('the check value of CRC-32C is right', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
})

test('a range is summed as if it stood alone', () => {
  assert.equal(crc32c(Buffer.from('..123456789.'), 2, 11), 0xe3069283)
})
