import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReadHints } from './read-hints.ts'

const hint = (offset: number) => ({ offset, position: offset * 10, batchBytes: 10 })

test('a hint is found by the offset that it is for', () => {
  const hints = new ReadHints()
  hints.add(hint(1))
  hints.add(hint(2))
  assert.deepEqual(hints.find(2), hint(2))
  assert.equal(hints.find(3), undefined)
})

test('the oldest hints make room for new ones', () => {
  const hints = new ReadHints()
  for (let offset = 0; offset < 10; offset++) hints.add(hint(offset))
  assert.deepEqual(
    Array.from({ length: 10 }, (_, offset) => hints.find(offset) !== undefined),
    [false, false, true, true, true, true, true, true, true, true],
  )
})
