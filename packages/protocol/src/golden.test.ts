/**
 * The golden vectors: for every message and version two values and the bytes that Kafka's own serializers make of them.
 * One file a message in ../golden, one vector a line.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Reader } from './schema/reader.ts'
import { Writer } from './schema/writer.ts'
import { goldenVectors } from './testing/golden.ts'

const vectors = await goldenVectors()

test('every golden vector decodes to its value', () => {
  for (const { schema, version, bytes, value, line } of vectors) {
    const reader = new Reader(bytes)
    assert.deepEqual(schema.decode(version, reader), value, line)
    assert.equal(reader.remaining, 0, line)
  }
})

test('every golden value encodes to its bytes', () => {
  for (const { schema, version, bytes, value, line } of vectors) {
    const writer = new Writer()
    schema.encode(version, value, writer)
    assert.equal(writer.toBuffer().toString('hex'), bytes.toString('hex'), line)
    assert.equal(writer.byteLength, bytes.length, line)
  }
})

test('the golden vectors cover every version of every message', () => {
  const covered = new Set(vectors.map(({ schema, version }) => `${schema.name} v${version}`))
  for (const { schema } of vectors) {
    for (let version = schema.versions[0]; version <= schema.versions[1]; version++) {
      assert.ok(covered.has(`${schema.name} v${version}`), `${schema.name} v${version}`)
    }
  }
  assert.ok(vectors.length > 1300)
})
