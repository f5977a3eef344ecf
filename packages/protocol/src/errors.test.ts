import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCodes, errorMessage, errorName, isRetriable } from './errors.ts'

test('every error code has its own number, name and sentence', () => {
  const entries = Object.entries(errorCodes)
  assert.equal(new Set(entries.map(([, code]) => code)).size, entries.length)
  assert.equal(new Set(entries.map(([, code]) => errorMessage(code))).size, entries.length)
  for (const [name, code] of entries) assert.equal(errorName(code), name)
})

test('a code from the future still has a name and a sentence', () => {
  assert.equal(errorName(999), 'UNKNOWN_ERROR_999')
  assert.match(errorMessage(999), /999/)
  assert.equal(isRetriable(999), false)
})

test('what a client may try again is retriable, what it must handle is not', () => {
  const { NONE, NOT_LEADER_OR_FOLLOWER, COORDINATOR_LOAD_IN_PROGRESS, REBALANCE_IN_PROGRESS, INVALID_CONFIG } =
    errorCodes
  assert.deepEqual(
    [NONE, NOT_LEADER_OR_FOLLOWER, COORDINATOR_LOAD_IN_PROGRESS, REBALANCE_IN_PROGRESS, INVALID_CONFIG].map(
      isRetriable,
    ),
    [false, true, true, false, false],
  )
})
