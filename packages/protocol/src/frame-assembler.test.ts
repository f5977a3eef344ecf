import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FrameAssembler, FrameError } from './frame-assembler.ts'

function framed(...bodies: Buffer[]): Buffer {
  return Buffer.concat(
    bodies.flatMap(body => {
      const prefix = Buffer.alloc(4)
      prefix.writeInt32BE(body.length)
      return [prefix, body]
    }),
  )
}

test('frames come out whole and in order, however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 }),
      (bodies, cuts) => {
        const stream = framed(...bodies.map(body => Buffer.from(body)))
        const assembler = new FrameAssembler(1000)
        const frames: Buffer[] = []
        for (let at = 0, i = 0; at < stream.length; i++) {
          const length = cuts[i % cuts.length] ?? 1
          assembler.push(Buffer.from(stream.subarray(at, at + length)), frames)
          at += length
        }
        assert.deepEqual(
          frames.map(frame => frame.toString('hex')),
          bodies.map(body => Buffer.from(body).toString('hex')),
        )
        assert.equal(assembler.isMidFrame, false)
      },
    ),
  )
})

test('a frame that lies whole in a chunk is not copied', () => {
  const chunk = framed(Buffer.from('abc'), Buffer.from('de'))
  const frames: Buffer[] = []
  new FrameAssembler(100).push(chunk, frames)
  assert.deepEqual(
    frames.map(frame => frame.buffer === chunk.buffer),
    [true, true],
  )
})

test('frames of a chunk that is only lent stay what they are when it is used again', () => {
  const bodies = [Buffer.from('one'), Buffer.alloc(0), Buffer.from('two'), Buffer.alloc(100, 3)]
  const stream = framed(...bodies)
  const assembler = new FrameAssembler(1000)
  const frames: Buffer[] = []
  for (const chunk of [stream.subarray(0, 60), stream.subarray(60)]) {
    const lent = Buffer.from(chunk)
    assembler.push(lent, frames, true)
    lent.fill(0xdd)
  }
  assert.deepEqual(frames, bodies)
})

test('a frame of many megabytes gets its memory as its bytes come in', () => {
  const assembler = new FrameAssembler(100_000_000)
  const prefix = Buffer.alloc(4)
  prefix.writeInt32BE(100_000_000)
  const before = process.memoryUsage().arrayBuffers
  const frames: Buffer[] = []
  assembler.push(Buffer.concat([prefix, Buffer.alloc(1000)]), frames)
  assert.ok(process.memoryUsage().arrayBuffers - before < 4_000_000)
  const piece = Buffer.alloc(1_000_000 - 10, 7)
  let sent = 1000
  while (sent < 100_000_000) {
    const part = piece.subarray(0, Math.min(piece.length, 100_000_000 - sent))
    assembler.push(part, frames)
    sent += part.length
  }
  assert.equal(frames.length, 1)
  assert.equal(frames[0]?.length, 100_000_000)
  assert.equal(frames[0]?.[99_999_999], 7)
})

test('a negative size and one over the limit are refused before anything is allocated', () => {
  for (const size of [-1, -2147483648, 1001, 2147483647]) {
    const prefix = Buffer.alloc(4)
    prefix.writeInt32BE(size)
    assert.throws(() => new FrameAssembler(1000).push(prefix, []), FrameError)
  }
})
