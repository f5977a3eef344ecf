import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { compress, compressionLevels, decompress } from './compression.ts'
import { CompressionError } from './compression-error.ts'
import { type CompressionType, compressionId, compressionTypeOf, compressionTypes } from './compression-type.ts'

const codecs = compressionTypes.filter(type => type !== 'none')
const noLimit = 2 ** 31 - 1

/** Bytes as records have them: runs, repetitions and noise. */
const content = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes)),
      fc
        .tuple(fc.string({ minLength: 1, maxLength: 20 }), fc.nat(6000))
        .map(([text, times]) => Buffer.from(text.repeat(times))),
    ),
    { maxLength: 6 },
  )
  .map(chunks => Buffer.concat(chunks))

function kindOfFailure(type: CompressionType, bytes: Buffer, limitBytes = noLimit): string | null {
  try {
    decompress(type, bytes, limitBytes)
    return null
  } catch (error) {
    assert.ok(error instanceof CompressionError, `${error}`)
    return error.kind
  }
}

test("the types have the numbers of a batch's attributes", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 7].map(compressionTypeOf), [
    'none',
    'gzip',
    'snappy',
    'lz4',
    'zstd',
    null,
    null,
    null,
  ])
  assert.deepEqual(compressionTypes.map(compressionId), [0, 1, 2, 3, 4])
})

test('no compression is the bytes themselves, within the limit', () => {
  const bytes = Buffer.from('abc')
  assert.equal(compress('none', bytes), bytes)
  assert.equal(decompress('none', bytes, 3), bytes)
  assert.equal(kindOfFailure('none', bytes, 2), 'too-large')
})

for (const type of codecs) {
  describe(type, () => {
    test('any bytes come back', () => {
      fc.assert(
        fc.property(content, bytes => {
          assert.deepEqual(decompress(type, compress(type, bytes), noLimit), bytes)
          assert.deepEqual(decompress(type, compress(type, bytes), noLimit, 'shared'), bytes)
        }),
      )
    })

    test('several blocks of bytes that do not compress come back', () => {
      const noise = Buffer.allocUnsafe(300_000)
      let state = 1
      for (let at = 0; at < noise.length; at++) {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
        noise[at] = state >>> 16
      }
      const compressed = compress(type, noise)
      assert.ok(compressed.length < noise.length * 1.02)
      assert.deepEqual(decompress(type, compressed, noise.length), noise)
    })

    test('the limit is exact, on both sides', () => {
      for (const length of [0, 1, 100, 32 * 1024, 64 * 1024 + 1, 300_000]) {
        const compressed = compress(type, Buffer.alloc(length, 'abcd'))
        assert.equal(decompress(type, compressed, length).length, length)
        if (length > 1) assert.equal(kindOfFailure(type, compressed, length - 1), 'too-large')
      }
    })

    test('a bomb costs no more memory than the limit', () => {
      const bomb = compress(type, Buffer.alloc(200 * 1024 * 1024))
      const before = process.memoryUsage.rss()
      for (let round = 0; round < 20; round++) assert.equal(kindOfFailure(type, bomb, 1024 * 1024), 'too-large')
      assert.ok(process.memoryUsage.rss() - before < 100 * 1024 * 1024)
    })

    test('bytes that are cut off anywhere are corrupt', () => {
      const compressed = compress(type, Buffer.from('The cares of a family man. '.repeat(20)))
      const from = type === 'zstd' || type === 'snappy' ? 1 : 0
      for (let length = from; length < compressed.length; length++) {
        // Of xerial's stream a header alone is empty content, and so is one with the rest of a length.
        if (type === 'snappy' && length >= 16 && length < 20) continue
        assert.equal(kindOfFailure(type, compressed.subarray(0, length)), 'corrupt', `cut to ${length}`)
      }
    })

    test('mutated bytes are read or refused, within the limit, and nothing else happens', () => {
      const compressed = compress(type, Buffer.from(Array.from({ length: 40 }, (_, id) => `{"id":${id}}`).join('')))
      const mutation = fc.tuple(fc.nat(compressed.length - 1), fc.nat(255))
      fc.assert(
        fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), mutations => {
          const mutated = Buffer.from(compressed)
          for (const [at, byte] of mutations) mutated[at] = byte
          if (kindOfFailure(type, mutated, 5000) === null) assert.ok(decompress(type, mutated, 5000).length <= 5000)
        }),
        { numRuns: 25_000 },
      )
    })

    test('noise is refused', () => {
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), bytes => {
          kindOfFailure(type, Buffer.from(bytes), 5000)
        }),
        { numRuns: 5000 },
      )
    })
  })
}

test('glued together, the streams of gzip and zstd are one, and a zstd frame may be meant for somebody else', () => {
  const [first, second] = [Buffer.alloc(70_000, 'one'), Buffer.from('two')]
  const both = Buffer.concat([first, second])
  for (const type of ['gzip', 'zstd'] as const) {
    const glued = Buffer.concat([compress(type, first), compress(type, second)])
    assert.deepEqual(decompress(type, glued, both.length), both)
    assert.equal(kindOfFailure(type, glued, both.length - 1), 'too-large')
    assert.equal(kindOfFailure(type, Buffer.concat([glued, Buffer.from('noise')])), 'corrupt')
  }
  const skippable = Buffer.from('502a4d1804000000aabbccdd', 'hex')
  assert.deepEqual(decompress('zstd', Buffer.concat([skippable, compress('zstd', second), skippable]), 3), second)
  assert.equal(kindOfFailure('zstd', Buffer.concat(new Array(1001).fill(skippable))), 'corrupt')
})

test('a zstd frame says how large its content is, in 1 to 8 bytes, and is not believed when it lies', () => {
  for (const length of [10, 300, 70_000, 5_000_000]) {
    const content = Buffer.alloc(length, 'spool ')
    const frame = compress('zstd', content)
    assert.deepEqual(decompress('zstd', frame, length), content)
    const sizeAt = 5
    for (const claim of [0, 1, 0xff]) {
      const lie = Buffer.from(frame)
      lie.fill(claim, sizeAt, sizeAt + (length < 256 ? 1 : length < 65_792 ? 2 : 4))
      assert.notEqual(kindOfFailure('zstd', lie), null, `${length} ${claim}`)
    }
  }
})

test('every level that Kafka allows is taken', () => {
  const bytes = Buffer.from('The cares of a family man. '.repeat(100))
  for (const type of ['gzip', 'lz4', 'zstd'] as const) {
    const { min, max, default: usual } = compressionLevels[type]
    for (const level of [min, 1, max, usual]) {
      assert.deepEqual(decompress(type, compress(type, bytes, level), bytes.length), bytes, `${type} ${level}`)
    }
  }
  const fast = compress('zstd', bytes, compressionLevels.zstd.min).length
  assert.ok(compress('zstd', bytes, compressionLevels.zstd.max).length < fast)
  assert.ok(compress('gzip', bytes, 9).length <= compress('gzip', bytes, 1).length)
})
