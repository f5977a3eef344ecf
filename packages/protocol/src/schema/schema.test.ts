import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import fc from 'fast-check'
import { fetchRequest, fetchResponse, metadataRequest } from '../index.ts'
import { arbitraryValue } from '../testing/arbitrary-value.ts'
import { allSchemas } from '../testing/golden.ts'
import { DecodeError, EncodeError } from './codec-error.ts'
import { array, bytes, int8, int32, int64, string, struct, uuid } from './field.ts'
import { interpretDecode, interpretEncode } from './interpreter.ts'
import { Reader } from './reader.ts'
import { data, type Schema } from './schema.ts'
import { Writer } from './writer.ts'

const schemas = [...(await allSchemas()).values()]

test('any value comes back from its bytes, and the compiled codecs do what the interpreter does', () => {
  for (const schema of schemas) {
    for (const version of versionsOf(schema)) {
      const plan = schema.plan(version)
      fc.assert(
        fc.property(arbitraryValue(plan), value => {
          const encoded = schema.toBuffer(version, value)
          const writer = new Writer()
          interpretEncode(plan, '', value, writer)
          assert.deepEqual(encoded, writer.toBuffer())
          assert.deepEqual(schema.fromBuffer(version, encoded), value)
          assert.deepEqual(interpretDecode(plan, '', new Reader(encoded)), value)
        }),
        { numRuns: 6 },
      )
    }
  }
})

test('a value of the wrong kind anywhere is refused with its path, or carried, alike by both codecs', () => {
  const wrong = fc.constantFrom<unknown>(
    null,
    undefined,
    'x',
    '',
    1.5,
    -1,
    2 ** 40,
    Number.NaN,
    true,
    {},
    [],
    [null],
    Buffer.alloc(3),
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...schemas),
      fc.nat(),
      fc.nat(),
      wrong,
      fc.infiniteStream(fc.nat()),
      (schema, at, seed, bad, picks) => {
        const version = pick(versionsOf(schema), at)
        const plan = schema.plan(version)
        const value = fc.sample(arbitraryValue(plan), { numRuns: 1, seed })[0]
        replaceSomewhere(value, bad, picks)
        const interpreted = outcome(() => {
          const writer = new Writer()
          interpretEncode(plan, `${schema.name} v${version}`, value, writer)
          return writer.toBuffer()
        })
        const compiled = outcome(() => schema.toBuffer(version, value))
        assert.deepEqual(compiled, interpreted)
        if (compiled instanceof Error) assert.ok(compiled instanceof EncodeError, String(compiled.stack))
      },
    ),
    { numRuns: 5000 },
  )
})

test('an EncodeError names message, version and field', () => {
  assert.throws(
    () => fetchRequest.toBuffer(12, { topics: [{ topic: 'a', partitions: [{}, { partition: 2 ** 31 }] }] }),
    new EncodeError('2147483648 is not an int32', {
      subject: 'FetchRequest v12',
      path: 'topics[0].partitions[1].partition',
    }),
  )
  assert.throws(
    () => metadataRequest.toBuffer(0, { topics: null }),
    /MetadataRequest v0: topics: null is not allowed in this version/,
  )
})

test('a field that the version lacks is dropped when it is ignorable, and an error otherwise', () => {
  assert.deepEqual(fetchRequest.toBuffer(4, { rackId: 'here' }), fetchRequest.toBuffer(4, {}))
  assert.throws(
    () => fetchRequest.toBuffer(4, { forgottenTopicsData: [{ topic: 'a' }] }),
    /FetchRequest v4: forgottenTopicsData: this version has no such field/,
  )
})

test('a DecodeError names message, version, field and byte', () => {
  const good = fetchRequest.toBuffer(12, { topics: [{ topic: 'abc', partitions: [{}, {}] }] })
  const cut = good.subarray(0, good.indexOf('abc') + 4 + 33 + 10)
  assert.throws(
    () => fetchRequest.fromBuffer(12, cut),
    (error: unknown) => {
      assert.ok(error instanceof DecodeError)
      assert.equal(error.subject, 'FetchRequest v12')
      assert.equal(error.path, 'topics[0].partitions')
      return true
    },
  )
})

test('an array that claims more elements than the bytes left can hold is refused before it is made', () => {
  const claim = Buffer.alloc(64)
  claim.writeInt32BE(2 ** 30, 0)
  const list = data({ name: 'List', versions: [0, 0] }, { of: array(int8()) })
  assert.throws(() => list.fromBuffer(0, claim), /List v0: of: 1073741824 elements of at least 1 bytes, 60 bytes left/)
})

test('a message whose values would take far more memory than its bytes is refused', () => {
  const list = data({ name: 'List', versions: [0, 0], flexible: 0 }, { of: array(struct({ name: string() })) })
  const count = 8_000_000
  const writer = new Writer()
  writer.unsignedVarint(count + 1)
  const frame = Buffer.concat([writer.toBuffer(), Buffer.alloc(2 * count, Buffer.from([1, 0])), Buffer.from([0])])
  assert.throws(() => list.fromBuffer(0, frame), /List v0: of: 8000000 more elements, too much for one message/)
})

test('unknown tags are passed over, and known ones must end where they say', () => {
  const tagged = data({ name: 'Tagged', versions: [0, 0], flexible: 0 }, { a: int32(), b: int8().tagged(1).default(7) })
  assert.deepEqual(tagged.fromBuffer(0, Buffer.from([0, 0, 0, 9, 2, 1, 1, 5, 200, 1, 2, 0, 0])), { a: 9, b: 5 })
  assert.deepEqual(tagged.fromBuffer(0, Buffer.from([0, 0, 0, 9, 0])), { a: 9, b: 7 })
  assert.throws(
    () => tagged.fromBuffer(0, Buffer.from([0, 0, 0, 9, 1, 1, 2, 5, 5])),
    /b: a tagged field that does not end/,
  )
})

test('the values that were left out are the defaults, and decoding always gives all fields in one order', () => {
  for (const version of [4, 11, 12, 17]) {
    const decoded = fetchResponse.fromBuffer(
      version,
      fetchResponse.toBuffer(version, { responses: [{ partitions: [{}] }] }),
    )
    assert.deepEqual(Object.keys(decoded), Object.keys(fetchResponse.fromBuffer(17, fetchResponse.toBuffer(17, {}))))
    assert.deepEqual(decoded.responses[0]?.partitions[0]?.currentLeader, { leaderId: -1, leaderEpoch: -1 })
    assert.equal(decoded.responses[0]?.partitions[0]?.lastStableOffset, -1)
  }
})

test('the greatest and the least int64 survive, and what is beyond is clamped', () => {
  const one = data({ name: 'One', versions: [0, 0] }, { is: int64() })
  const hex = (is: number) => one.toBuffer(0, { is }).toString('hex')
  assert.equal(hex(2 ** 63), '7fffffffffffffff')
  assert.equal(hex(2 ** 64), '7fffffffffffffff')
  assert.equal(hex(-(2 ** 63)), '8000000000000000')
  assert.equal(hex(-1), 'ffffffffffffffff')
  assert.equal(hex(-(2 ** 32) - 1), 'fffffffeffffffff')
  for (const is of [2 ** 63, -(2 ** 63), 2 ** 53 - 1, -1, 0]) {
    assert.equal(one.fromBuffer(0, one.toBuffer(0, { is })).is, is)
  }
})

test('text that is not a uuid, and strings beyond 32767 bytes, are refused', () => {
  const one = data({ name: 'One', versions: [0, 1], flexible: 1 }, { id: uuid(), name: string(), blob: bytes() })
  for (const id of [
    '',
    'x',
    'AAAAAAAAAAAAAAAAAAAAA!',
    'AAAAAAAAAAAAAAAAAAAAAB',
    'AAAAAAAAAAAAAAAAAAAA\u{1F600}',
    '?'.repeat(22),
  ]) {
    assert.throws(() => one.toBuffer(0, { id }), /One v0: id: ".*" is not a uuid/)
  }
  for (const version of [0, 1]) {
    assert.equal(one.fromBuffer(version, one.toBuffer(version, { name: 'é'.repeat(16383) })).name.length, 16383)
    assert.throws(() => one.toBuffer(version, { name: 'é'.repeat(16384) }), /name: a string of 32768 bytes/)
  }
})

test('a version that a message does not have is a mistake of the caller', () => {
  assert.throws(() => fetchRequest.toBuffer(99, {}), /FetchRequest has no version 99/)
})

test('where the process forbids code generation, messages are interpreted', () => {
  const script = `
    import { fetchRequest, DecodeError } from ${JSON.stringify(new URL('../index.ts', import.meta.url).href)}
    let forbidden = false
    try { new Function('') } catch { forbidden = true }
    const bytes = fetchRequest.toBuffer(17, { maxWaitMs: 5 })
    let refused = false
    try { fetchRequest.fromBuffer(17, bytes.subarray(1)) } catch (error) { refused = error instanceof DecodeError }
    console.log(forbidden, fetchRequest.fromBuffer(17, bytes).maxWaitMs, refused)`
  const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '-e', script]
  const child = spawnSync(process.execPath, flags, { encoding: 'utf8' })
  assert.equal(child.stdout, 'true 5 true\n', child.stderr)
})

function versionsOf(schema: Schema<unknown, unknown>): number[] {
  const [least, greatest] = schema.versions
  const versions = Array.from({ length: greatest - least + 1 }, (_, i) => least + i)
  return schema.unstable === null ? versions : [...versions, schema.unstable]
}

function pick<T>(list: readonly T[], at: number): T {
  const chosen = list[at % list.length]
  if (chosen === undefined) throw new Error('nothing to pick from')
  return chosen
}

/** Puts `bad` in the place of a value that is found by random steps down from the top. */
function replaceSomewhere(value: unknown, bad: unknown, picks: Iterator<number>): void {
  let at = value
  for (;;) {
    if (typeof at !== 'object' || at === null) return
    const keys = Object.keys(at)
    if (keys.length === 0) return
    const key = pick(keys, picks.next().value)
    const object = at as Record<string, unknown>
    const inner = object[key]
    const deeper =
      typeof inner === 'object' && inner !== null && !Buffer.isBuffer(inner) && Object.keys(inner).length > 0
    if (!deeper || picks.next().value % 4 === 0) {
      object[key] = bad
      return
    }
    at = inner
  }
}

function outcome(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}
