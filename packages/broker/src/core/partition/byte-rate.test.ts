import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ByteRate } from './byte-rate.ts'

test('what comes at once counts as if it had taken a whole sample', () => {
  const rate = new ByteRate({ samples: 10, sampleMs: 1000 })
  assert.equal(rate.perSecond(0), 0)
  rate.record(500, 0)
  rate.record(500, 0)
  assert.equal(rate.perSecond(0), 1000)
  assert.equal(rate.perSecond(999), 1000)
  assert.equal(rate.perSecond(2000), 500)
})

test('a sample is forgotten when its last bytes are older than all samples may be', () => {
  const rate = new ByteRate({ samples: 10, sampleMs: 1000 })
  rate.record(700, 0)
  rate.record(300, 900)
  rate.record(100, 5000)
  assert.equal(rate.perSecond(10_000), 110)
  assert.equal(rate.perSecond(10_899), (1100 * 1000) / 10_899)
  assert.equal(rate.perSecond(10_900), (100 * 1000) / 5900)
  assert.equal(rate.perSecond(15_000), 0)
})

test('who was idle has saved nothing up', () => {
  const rate = new ByteRate({ samples: 10, sampleMs: 1000 })
  rate.record(10, 0)
  rate.perSecond(60_000)
  rate.record(5000, 60_000)
  assert.equal(rate.perSecond(60_000), 5000)
})

test('the samples hold what a list of all records says', () => {
  const step = fc.record({ afterMs: fc.nat(4000), bytes: fc.nat(1_000_000) })
  const run = (steps: readonly { afterMs: number; bytes: number }[]) => {
    const rate = new ByteRate({ samples: 5, sampleMs: 1000 })
    let all: { sampleMs: number; atMs: number; bytes: number }[] = []
    let nowMs = 0
    for (const { afterMs, bytes } of steps) {
      nowMs += afterMs
      rate.record(bytes, nowMs)
      const last = all.at(-1)
      const isOpen = last !== undefined && nowMs - last.atMs < 5000 && nowMs - last.sampleMs < 1000
      if (bytes > 0) all.push({ sampleMs: isOpen ? last.sampleMs : nowMs, atMs: nowMs, bytes })
      const lastOf = (sampleMs: number) =>
        Math.max(...all.filter(one => one.sampleMs === sampleMs).map(one => one.atMs))
      all = all.filter(({ sampleMs }) => nowMs - lastOf(sampleMs) < 5000)
      const sum = all.reduce((total, one) => total + one.bytes, 0)
      const expected = sum === 0 ? 0 : (sum * 1000) / Math.max(1000, nowMs - (all[0]?.sampleMs ?? 0))
      assert.equal(rate.perSecond(nowMs), expected)
    }
  }
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), run))
})

test('whoever takes a sample at a time, and only below the rate, keeps to it, and gets near it', () => {
  const perSecondMax = 1000
  const run = (pausesMs: readonly number[]) => {
    const rate = new ByteRate({ samples: 11, sampleMs: 1000 })
    const takenMs = 120_000
    let taken = 0
    for (let [nowMs, turn] = [0, 0]; nowMs < takenMs; turn++) {
      if (rate.perSecond(nowMs) <= perSecondMax) {
        rate.record(perSecondMax, nowMs)
        taken += perSecondMax
      }
      nowMs += pausesMs[turn % pausesMs.length] ?? 1
    }
    const share = taken / takenMs
    assert.ok(share > 0.9 && share < 1.15, `${share} of the rate`)
  }
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 20 }), run))
})
