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

test('a framing that says it is newer than we know is refused', () => {
  const compressed = snappyCompress(text)
  compressed.writeInt32BE(2, 12)
  assert.throws(() => snappyDecompress(compressed, noLimit), /newer version/)
})

test('a block that claims four gigabytes is refused before anything is reserved', () => {
  const claim = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00])
  assert.throws(() => snappyDecompress(claim, noLimit), CompressionError)
  assert.throws(() => snappyDecompress(claim, 2 ** 40), /claims/)
})

const noLimit = 2 ** 31 - 1
