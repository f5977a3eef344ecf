import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { VarintReader, varintBytes, varlongBytes, writeVarint, writeVarlong } from './varint.ts'

test('every 32-bit number is read as it was written, in the bytes foretold', () => {
  fc.assert(
    fc.property(fc.integer(), value => {
      const buffer = Buffer.alloc(10)
      const end = writeVarint(buffer, 0, value)
      assert.equal(end, varintBytes(value))
      const reader = new VarintReader(buffer, 0, end)
      assert.equal(reader.varint(), value)
      assert.equal(reader.position, end)
      assert.equal(reader.broken, false)
    }),
  )
})

test('every safe integer is read as it was written, in the bytes foretold', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), value => {
      const buffer = Buffer.alloc(10)
      const end = writeVarlong(buffer, 0, value)
      assert.equal(end, varlongBytes(value))
      const reader = new VarintReader(buffer, 0, end)
      assert.equal(reader.varlong(), value)
      assert.equal(reader.position, end)
    }),
  )
})

test('the limits of 64 bits are read', () => {
  assert.equal(new VarintReader(Buffer.from('ffffffffffffffffff01', 'hex')).varlongBits(), -(2n ** 63n))
  assert.equal(new VarintReader(Buffer.from('feffffffffffffffff01', 'hex')).varlongBits(), 2n ** 63n - 1n)
})

test('a number that is longer than it needs to be is legal', () => {
  assert.equal(new VarintReader(Buffer.from('8280808000', 'hex')).varint(), 1)
})

test('a number that does not end in time, or is cut off, is flagged and not read', () => {
  for (const hex of ['', '80', 'ffffffff', 'ffffffff8001']) {
    const reader = new VarintReader(Buffer.from(hex, 'hex'))
    assert.equal(reader.varint(), 0, hex)
    assert.equal(reader.broken, true, hex)
  }
  const reader = new VarintReader(Buffer.from('ffffffffffffffffffff01', 'hex'))
  assert.equal(reader.varlong(), 0)
  assert.equal(reader.broken, true)
})
