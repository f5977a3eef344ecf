import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { lines } from './lines.ts'

async function collect(chunks: Buffer[]): Promise<string[]> {
  const all: string[] = []
  for await (const some of lines(stream(chunks))) all.push(...some.map(line => line.toString('latin1')))
  return all
}

async function* stream(chunks: Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks
}

test('lines come out whole wherever the chunks were cut', async () => {
  const anyLines = fc.array(fc.string({ unit: fc.constantFrom('a', 'é', ' ') }), { minLength: 1 })
  await fc.assert(
    fc.asyncProperty(anyLines, fc.integer({ min: 1, max: 5 }), async (expected, size) => {
      const bytes = Buffer.from(`${expected.join('\n')}\n`, 'latin1')
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      )
      assert.deepEqual(await collect(chunks), expected)
    }),
  )
})

test('a last line without its delimiter counts, an empty end does not', async () => {
  assert.deepEqual(await collect([Buffer.from('a\nb')]), ['a', 'b'])
  assert.deepEqual(await collect([Buffer.from('a\n')]), ['a'])
  assert.deepEqual(await collect([]), [])
})
