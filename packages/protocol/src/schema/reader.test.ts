import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DecodeError } from './codec-error.ts'
import { Reader } from './reader.ts'
import { readUuid, writeUuid, zeroUuid } from './uuid.ts'

test('what is not there is a DecodeError with the byte it was missed at', () => {
  const reads: ((reader: Reader) => unknown)[] = [
    reader => reader.int8(),
    reader => reader.int16(),
    reader => reader.int32(),
    reader => reader.int64(),
    reader => reader.uuid(),
    reader => reader.unsignedVarint(),
    reader => reader.bytes(4_000_000_000),
    reader => reader.text(1),
    reader => reader.advance(1),
  ]
  for (const read of reads) {
    const reader = new Reader(Buffer.alloc(40), 17, 17)
    assert.throws(
      () => read(reader),
      (error: unknown) => error instanceof DecodeError && error.offset === 17,
    )
    assert.equal(reader.position, 17)
  }
})

test('a reader sees nothing in front of its position and behind its end', () => {
  const reader = new Reader(Buffer.from([1, 2, 3, 4]), 1, 3)
  assert.equal(reader.int16(), 0x0203)
  assert.equal(reader.remaining, 0)
  assert.throws(() => reader.int8(), DecodeError)
  assert.throws(() => new Reader(Buffer.alloc(2), 0, 3), RangeError)
})

test('a varint has at most five bytes, and bits above the 32nd are dropped', () => {
  assert.equal(new Reader(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f])).unsignedVarint(), 4294967295)
  assert.equal(new Reader(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x7f])).unsignedVarint(), 4294967295)
  assert.throws(
    () => new Reader(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0])).unsignedVarint(),
    /more than five bytes/,
  )
})

test('text is what UTF-8 says, also when the same short text came before', () => {
  const text = fc.oneof(fc.string({ maxLength: 4 }), fc.string({ unit: 'grapheme', maxLength: 60 }))
  fc.assert(
    fc.property(text, text => {
      const utf8 = Buffer.from(text)
      for (let i = 0; i < 2; i++) assert.equal(new Reader(utf8).text(utf8.length), utf8.toString())
    }),
    { numRuns: 3000 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4 }), bytes => {
      assert.equal(new Reader(Buffer.from(bytes)).text(bytes.length), Buffer.from(bytes).toString())
    }),
    { numRuns: 3000 },
  )
})

test('a uuid is the base64url of its bytes, and goes back to them', () => {
  assert.equal(new Reader(Buffer.alloc(16)).uuid(), zeroUuid)
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(5), (bytes, offset) => {
      const buffer = Buffer.concat([Buffer.alloc(offset), bytes])
      const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
      const text = readUuid(buffer, view, offset)
      assert.equal(text, Buffer.from(bytes).toString('base64url'))
      assert.equal(readUuid(buffer, view, offset), text)
      const back = Buffer.alloc(16)
      assert.ok(writeUuid(back, 0, text))
      assert.deepEqual(back, Buffer.from(bytes))
    }),
    { numRuns: 5000 },
  )
})
