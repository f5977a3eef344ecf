import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

test('a frame is a list of chunks in which large record batches stand uncopied', () => {
  const batch = Buffer.alloc(5000, 7)
  const small = Buffer.from('few bytes')
  const writer = new Writer()
  const size = writer.reserveInt32()
  writer.int16(1)
  writer.splice(batch)
  writer.splice(small)
  writer.splice(batch)
  writer.patchInt32(size, writer.byteLength - 4)
  const chunks = writer.chunks()
  assert.equal(chunks.length, 4)
  assert.equal(chunks[1], batch)
  assert.equal(chunks[3], batch)
  const whole = Buffer.concat(chunks)
  assert.equal(whole.length, writer.byteLength)
  assert.equal(whole.readInt32BE(0), whole.length - 4)
  assert.deepEqual(whole.subarray(6), Buffer.concat([batch, small, batch]))
})

test('what one writer has written stays when others write after it', () => {
  const messages: Buffer[] = []
  for (let i = 0; i < 2000; i++) {
    const writer = new Writer()
    for (let j = 0; j < 50; j++) writer.int32(i)
    messages.push(writer.toBuffer())
  }
  for (const [i, message] of messages.entries()) {
    for (let j = 0; j < 50; j++) assert.equal(message.readInt32BE(j * 4), i)
  }
})

test('two writers at work at the same time do not meet', () => {
  const one = new Writer()
  const other = new Writer()
  one.int32(1)
  other.int32(2)
  one.int32(3)
  assert.deepEqual([one.toBuffer().toString('hex'), other.toBuffer().toString('hex')], ['0000000100000003', '00000002'])
})

test('a message may outgrow its slab', () => {
  const bytes = Buffer.alloc(300_000, 'abc')
  const writer = new Writer()
  const size = writer.reserveInt32()
  for (let at = 0; at < bytes.length; at += 1000) writer.bytes(bytes.subarray(at, at + 1000))
  writer.patchInt32(size, writer.byteLength - 4)
  assert.equal(writer.toBuffer().readInt32BE(0), 300_000)
  assert.deepEqual(writer.toBuffer().subarray(4), bytes)
})

test('a finished writer takes no more bytes', () => {
  const writer = new Writer()
  writer.int32(1)
  writer.chunks()
  assert.throws(() => writer.int32(2), /finished/)
})

test('a sized section is moved up when its size needs more than one byte', () => {
  for (const length of [0, 1, 127, 128, 16383, 16384, 70_000]) {
    const writer = new Writer()
    writer.int8(9)
    writer.int8(0)
    const place = writer.position - 1
    writer.bytes(Buffer.alloc(length, 3))
    writer.closeSized(place)
    const reader = new Reader(writer.toBuffer())
    assert.equal(reader.int8(), 9)
    assert.equal(reader.unsignedVarint(), length)
    assert.deepEqual(reader.bytes(length), Buffer.alloc(length, 3))
    assert.equal(reader.remaining, 0)
  }
})

test('the primitives come back as they went', () => {
  fc.assert(
    fc.property(
      fc.nat(2 ** 32 - 1),
      fc.maxSafeInteger(),
      fc.double(),
      fc.string(),
      fc.boolean(),
      (n, long, double, text, flag) => {
        const writer = new Writer()
        writer.unsignedVarint(n)
        writer.uint32(n)
        writer.uint16(n % 65536)
        writer.int64(long)
        writer.float64(double)
        writer.bool(flag)
        writer.text(text)
        const reader = new Reader(writer.toBuffer())
        assert.deepEqual(
          [reader.unsignedVarint(), reader.uint32(), reader.uint16(), reader.int64(), reader.float64(), reader.bool()],
          [n, n, n % 65536, long, double, flag],
        )
        assert.equal(reader.text(reader.remaining), text.toWellFormed())
      },
    ),
  )
})
