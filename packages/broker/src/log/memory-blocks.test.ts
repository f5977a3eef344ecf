import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryBlocks } from './memory-blocks.ts'

test('released memory is lent again, what is not released never is, and releasing it twice is a bug', () => {
  const blocks = new MemoryBlocks()
  const first = blocks.lend(500_000)
  const second = blocks.lend(500_000)
  assert.ok(first !== null && second !== null)
  assert.notEqual(first.bytes.buffer, second.bytes.buffer)
  first.release()
  const third = blocks.lend(1_000_000)
  assert.equal(third?.bytes.buffer, first.bytes.buffer)
  assert.equal(third?.bytes.length, 1_000_000)
  assert.throws(() => first.release(), /twice/)
})

test('what is small or large has its own memory', () => {
  const blocks = new MemoryBlocks()
  assert.equal(blocks.lend(1000), null)
  assert.equal(blocks.lend(2_000_000), null)
})
