/** What clients send when they are broken, or mean harm: the golden vectors with damage. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DecodeError } from './schema/codec-error.ts'
import { interpretDecode } from './schema/interpreter.ts'
import { Reader } from './schema/reader.ts'
import { goldenVectors } from './testing/golden.ts'

const vectors = await goldenVectors()

interface Damage {
  readonly kind: 'flip' | 'cut' | 'insert' | 'remove' | 'length'
  readonly at: number
  readonly byte: number
}

const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom('flip', 'cut', 'insert', 'remove', 'length'),
  at: fc.nat(100_000),
  byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 127, 128, 255)),
})

function apply(bytes: Buffer, { kind, at, byte }: Damage): Buffer {
  const place = at % (bytes.length + 1)
  const front = bytes.subarray(0, place)
  const back = bytes.subarray(place)
  switch (kind) {
    case 'flip':
      return Buffer.concat([front, Buffer.from([byte]), back.subarray(1)])
    case 'cut':
      return Buffer.from(front)
    case 'insert':
      return Buffer.concat([front, Buffer.from([byte]), back])
    case 'remove':
      return Buffer.concat([front, back.subarray(1 + (byte % 8))])
    case 'length':
      return Buffer.concat([front, Buffer.from([byte, 255, 255, 255, byte]), back.subarray(5)])
  }
}

test('a hundred thousand damaged messages decode to something or to a DecodeError, and never to more than they may', () => {
  let refused = 0
  const runs = 100_000
  fc.assert(
    fc.property(fc.nat(vectors.length - 1), fc.array(damage, { minLength: 1, maxLength: 3 }), (index, damages) => {
      const vector = vectors[index]
      assert.ok(vector)
      const { schema, version } = vector
      const bytes = damages.reduce(apply, vector.bytes)
      const reader = new Reader(bytes)
      try {
        schema.decode(version, reader)
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
        assert.equal(error.subject, `${schema.name} v${version}`)
        assert.ok(error.offset >= 0 && error.offset <= bytes.length)
        refused++
        return
      }
      assert.ok(reader.position <= bytes.length)
    }),
    { numRuns: runs },
  )
  assert.ok(refused > runs / 10 && refused < runs, `${refused} were refused`)
})

test('compiled decoders take and refuse the same damaged messages as the interpreter', () => {
  fc.assert(
    fc.property(fc.nat(vectors.length - 1), damage, (index, change) => {
      const vector = vectors[index]
      assert.ok(vector)
      const { schema, version } = vector
      const bytes = apply(vector.bytes, change)
      const compiled = outcome(() => schema.fromBuffer(version, bytes))
      const interpreted = outcome(() =>
        interpretDecode(schema.plan(version), `${schema.name} v${version}`, new Reader(bytes)),
      )
      assert.deepEqual(compiled, interpreted)
    }),
    { numRuns: 10_000 },
  )
})

test('random bytes never take more memory than a multiple of their own', () => {
  fc.assert(
    fc.property(fc.nat(vectors.length - 1), fc.uint8Array({ minLength: 200, maxLength: 2000 }), (index, random) => {
      const vector = vectors[index]
      assert.ok(vector)
      const reader = new Reader(Buffer.from(random))
      const words = reader.wordsLeft
      outcome(() => vector.schema.decode(vector.version, reader))
      assert.ok(
        words - reader.wordsLeft <= 100 * random.length,
        `${words - reader.wordsLeft} words of ${random.length} bytes`,
      )
    }),
    { numRuns: 20_000 },
  )
})

function outcome(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error instanceof DecodeError ? error.message : error
  }
}
