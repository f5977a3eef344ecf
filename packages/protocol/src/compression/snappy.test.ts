import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compressSync } from 'snappy'
import { CompressionError } from './compression-error.ts'
import { snappyCompress, snappyDecompress } from './snappy.ts'

const text = Buffer.from('The cares of a family man. '.repeat(3000))

test('a raw block, which clients other than the Java one send, is read', () => {
  assert.deepEqual(snappyDecompress(compressSync(text), text.length), text)
  assert.throws(() => snappyDecompress(compressSync(text), text.length - 1), CompressionError)
})

test('streams that are glued together are read as one, as Java reads them', () => {
  assert.deepEqual(
    snappyDecompress(Buffer.concat([snappyCompress(text), snappyCompress(text)]), noLimit),
    Buffer.concat([text, text]),
  )
})

test("like Java's reader, ours minds neither the versions nor a rest that is no length", () => {
  const compressed = Buffer.concat([snappyCompress(text), Buffer.alloc(3)])
  compressed.writeInt32BE(9, 8)
  compressed.writeInt32BE(9, 12)
  assert.deepEqual(snappyDecompress(compressed, noLimit), text)
})

test('a block that claims four gigabytes is refused before anything is reserved', () => {
  const claim = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00])
  assert.throws(() => snappyDecompress(claim, noLimit), CompressionError)
  assert.throws(() => snappyDecompress(claim, 2 ** 40), /claims/)
})

const noLimit = 2 ** 31 - 1
