import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FetchMemory } from './fetch-memory.ts'

test('what is wanted is granted as long as there is room, and again once others have released theirs', () => {
  const memory = new FetchMemory(100)
  assert.deepEqual([memory.reserve(60), memory.reserve(60), memory.reserve(60)], [60, 40, 0])
  memory.take(30)
  assert.equal(memory.bytes, 130)
  assert.equal(memory.reserve(10), 0)
  memory.release(130)
  assert.equal(memory.reserve(10), 10)
})

test('nothing is granted to who wants less than nothing', () => {
  const memory = new FetchMemory(100)
  assert.equal(memory.reserve(-5), 0)
  assert.equal(memory.bytes, 0)
})
