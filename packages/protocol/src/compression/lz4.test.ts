import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compressFrameSync, decompressFrameSync } from 'lz4-napi'
import { CompressionError } from './compression-error.ts'
import { lz4Compress, lz4Decompress } from './lz4.ts'
import { xxHash32 } from './xx-hash-32.ts'

const text = Buffer.from(Array.from({ length: 9000 }, (_, id) => `{"id":${id},"kind":"line"}`).join(''))

test('the hash of the frame format is right for inputs of every length class', () => {
  assert.equal(xxHash32(Buffer.alloc(0)), 0x02cc5d05)
  assert.equal(xxHash32(Buffer.from('abc')), 0x32d153ff)
  assert.equal(xxHash32(Buffer.from('Nobody inspects the spammish repetition')), 0xe2293b2f)
})

test('frames of another writer are read, with and without checksums over blocks and content', () => {
  for (const blockChecksums of [false, true]) {
    for (const contentChecksum of [false, true]) {
      const frame = compressFrameSync(text, { blockChecksums, contentChecksum })
      assert.deepEqual(lz4Decompress(frame, text.length), text)
    }
  }
})

test('our frames are read by another reader', () => {
  assert.deepEqual(decompressFrameSync(lz4Compress(text)), text)
})

test('a header or a block whose checksum is wrong is corrupt', () => {
  const frame = compressFrameSync(text, { blockChecksums: true })
  for (const at of [6, 20]) {
    const broken = Buffer.from(frame)
    broken[at] = (broken[at] ?? 0) ^ 1
    assert.throws(() => lz4Decompress(broken, text.length), /checksum/)
  }
})

test('a content size in the header is read over', () => {
  const plain = lz4Compress(text)
  const header = Buffer.from('04224d1868400000000000000000', 'hex')
  header.writeBigUInt64LE(BigInt(text.length), 6)
  const checksum = Buffer.from([(xxHash32(header.subarray(4)) >>> 8) & 0xff])
  assert.deepEqual(lz4Decompress(Buffer.concat([header, checksum, plain.subarray(7)]), text.length), text)
})

test('what Kafka does not allow is refused: other versions, dependent blocks, reserved bits, unknown block sizes', () => {
  const frame = lz4Compress(text)
  const changes: [at: number, byte: number, says: RegExp][] = [
    [4, 0xa0, /version 2/],
    [4, 0x40, /depend on each other/],
    [4, 0x61, /reserved/],
    [5, 0x41, /reserved/],
    [5, 0x30, /block size 3/],
    [0, 0x05, /no frame/],
  ]
  for (const [at, byte, says] of changes) {
    const changed = Buffer.from(frame)
    changed[at] = byte
    assert.throws(() => lz4Decompress(changed, text.length), says)
  }
})

test('what follows the frame is not looked at', () => {
  assert.deepEqual(lz4Decompress(Buffer.concat([lz4Compress(text), Buffer.from('more')]), text.length), text)
})

test('a block beyond the block size of its frame is corrupt', () => {
  const frame = lz4Compress(text)
  frame.writeUInt32LE(64 * 1024 + 1, 7)
  assert.throws(() => lz4Decompress(frame, text.length), CompressionError)
})
