/** The simulator is worth what it finds. All of the mutations take minutes: `npm run simulate -- --mutations`. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { WorkerPool } from '../worker-pool.ts'
import { mutations } from './mutations.ts'

const root = join(import.meta.dirname, '..', '..', '..')

test('each mutation fits one place of its file', () => {
  assert.ok(mutations.length >= 15)
  assert.equal(new Set(mutations.map(({ name }) => name)).size, mutations.length)
  for (const { name, file, find } of mutations) {
    const parts = readFileSync(join(root, file), 'utf8').split(find).length
    assert.equal(parts, 2, `${name}: its text is there ${parts - 1} times in ${file}`)
  }
})

/** Those that a short history shows. */
const quick = ['acknowledged-without-followers', 'duplicate-accepted']

test('deliberate faults of the code are found', async () => {
  const pool = new WorkerPool(1)
  try {
    for (const mutation of quick) {
      let found: string | undefined
      for (let seed = 1; seed <= 6 && found === undefined; seed++) {
        found = (await pool.run({ seed, mutation, intensity: 2, durationMs: 15_000 })).failure?.invariant
      }
      assert.ok(found !== undefined, `${mutation} was not found`)
    }
  } finally {
    pool.close()
  }
})
