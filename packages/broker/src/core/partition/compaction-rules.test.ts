import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CompactionSegment, compactionKey, isKept, measureDirt } from './compaction-rules.ts'

const config = {
  deleteRetentionMs: 1000,
  maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
  minCleanableDirtyRatio: 0.5,
  minCompactionLagMs: 0,
}

/** Of 100 offsets and bytes each, at times 0, 100, 200 and so on. */
function segments(count: number): CompactionSegment[] {
  return Array.from({ length: count }, (_, n) => ({
    baseOffset: n * 100,
    sizeBytes: 100,
    largestTimestamp: () => n * 100 + 99,
    firstTimestamp: () => n * 100,
  }))
}

const state = { cleanedOffset: 0, lastStableOffset: Number.MAX_SAFE_INTEGER, nowMs: 1000 }

test('the active segment is never dirty', () => {
  assert.deepEqual(measureDirt(segments(1), config, state), {
    firstDirtyOffset: 0,
    firstUncleanableOffset: 0,
    ratio: 0,
    isDue: false,
  })
  assert.equal(measureDirt(segments(2), config, state).isDue, true)
})

test('a pass is due when enough of the log is dirty, or some of it for too long', () => {
  const cleaned = { ...state, cleanedOffset: 300 }
  assert.equal(measureDirt(segments(5), config, cleaned).ratio, 0.25)
  assert.equal(measureDirt(segments(5), config, cleaned).isDue, false)
  assert.equal(measureDirt(segments(7), config, cleaned).isDue, true)
  assert.equal(measureDirt(segments(5), { ...config, maxCompactionLagMs: 699 }, cleaned).isDue, true)
  assert.equal(measureDirt(segments(5), { ...config, maxCompactionLagMs: 700 }, cleaned).isDue, false)
})

test('what is too young, or part of an open transaction, waits', () => {
  const young = measureDirt(segments(8), { ...config, minCompactionLagMs: 600 }, state)
  assert.equal(young.firstUncleanableOffset, 400)
  assert.equal(measureDirt(segments(8), config, { ...state, lastStableOffset: 250 }).firstUncleanableOffset, 250)
})

test('an offset that retention has overtaken counts from the first segment', () => {
  const kept = segments(6).slice(2)
  assert.equal(measureDirt(kept, config, { ...state, cleanedOffset: 50 }).firstDirtyOffset, 200)
})

test('of each key the newest record stays, a tombstone until its horizon', () => {
  const key = Buffer.from('k')
  const newest = new Map([[compactionKey(key), 7]])
  const at = { horizonMs: null, nowMs: 500 }
  const value = Buffer.from('v')
  assert.equal(isKept({ offset: 6, key, value }, newest, at), false)
  assert.equal(isKept({ offset: 7, key, value }, newest, at), true)
  assert.equal(isKept({ offset: 8, key, value }, newest, at), true)
  assert.equal(isKept({ offset: 3, key: Buffer.from('other'), value }, newest, at), true)
  assert.equal(isKept({ offset: 7, key, value: null }, newest, at), true)
  assert.equal(isKept({ offset: 7, key, value: null }, newest, { horizonMs: 501, nowMs: 500 }), true)
  assert.equal(isKept({ offset: 7, key, value: null }, newest, { horizonMs: 500, nowMs: 500 }), false)
  assert.equal(isKept({ offset: 7, key: null, value }, newest, at), false)
})
