import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ReplicaProgress } from './replica-progress.ts'

const lag = { leaderId: 1, lagMsMax: 100 }

function fetched(
  progress: ReplicaProgress,
  replicaId: number,
  fetchOffset: number,
  leaderEndOffset: number,
  nowMs: number,
) {
  progress.fetched({ replicaId, brokerEpoch: 5, fetchOffset, logStartOffset: 0, nowMs }, leaderEndOffset)
}

test('the common end is that of the slowest in-sync follower, and without one there is no limit', () => {
  const progress = new ReplicaProgress([2, 3], 0)
  assert.equal(progress.commonEndOffset([1, 2], 1), -1)
  fetched(progress, 2, 7, 10, 1)
  fetched(progress, 3, 5, 10, 1)
  assert.equal(progress.commonEndOffset([1, 2, 3], 1), 5)
  assert.equal(progress.commonEndOffset([1, 2], 1), 7)
  assert.equal(progress.commonEndOffset([1], 1), Number.MAX_SAFE_INTEGER)
})

test('the common start is that of the follower that keeps most, of those that count', () => {
  const progress = new ReplicaProgress([2, 3], 0)
  const begins = (replicaId: number, logStartOffset: number) =>
    progress.fetched({ replicaId, brokerEpoch: 5, fetchOffset: 10, logStartOffset, nowMs: 1 }, 10)
  const all = () => true
  begins(2, 7)
  assert.equal(progress.commonStartOffset(all), -1)
  assert.equal(
    progress.commonStartOffset(id => id === 2),
    7,
  )
  begins(3, 4)
  assert.equal(progress.commonStartOffset(all), 4)
  assert.equal(progress.logStartOffsetOf(3), 4)
  begins(3, 9)
  assert.equal(progress.commonStartOffset(all), 7)
  assert.equal(
    progress.commonStartOffset(() => false),
    Number.MAX_SAFE_INTEGER,
  )
})

test('a follower that stays behind is a laggard after its time, one at the log end never', () => {
  const progress = new ReplicaProgress([2, 3], 0)
  fetched(progress, 2, 10, 10, 50)
  const at = (nowMs: number) => progress.laggards([1, 2, 3], { ...lag, leaderEndOffset: 10, nowMs })
  assert.deepEqual(at(100), [])
  assert.deepEqual(at(101), [3])
  assert.deepEqual(at(10_000), [3])
})

test('a follower that is a fetch behind a busy leader is no laggard', () => {
  const progress = new ReplicaProgress([2], 0)
  for (let n = 1; n <= 20; n++) fetched(progress, 2, (n - 1) * 10, n * 10, n * 50)
  assert.deepEqual(progress.laggards([1, 2], { ...lag, leaderEndOffset: 200, nowMs: 1000 }), [])
  assert.deepEqual(progress.laggards([1, 2], { ...lag, leaderEndOffset: 200, nowMs: 1051 }), [2])
})

test('what an unknown replica fetches counts for nothing', () => {
  const progress = new ReplicaProgress([2], 0)
  fetched(progress, 9, 10, 10, 1)
  assert.equal(progress.logEndOffsetOf(9), -1)
  progress.setFollowers([9], 2)
  assert.equal(progress.logEndOffsetOf(2), -1)
  fetched(progress, 9, 10, 10, 3)
  assert.equal(progress.brokerEpochOf(9), 5)
})

test('the common end never exceeds what any of the replicas has', () => {
  const fetches = fc.array(fc.tuple(fc.constantFrom(2, 3, 4), fc.nat(100)), { maxLength: 50 })
  fc.assert(
    fc.property(fetches, fc.subarray([1, 2, 3, 4]), (all, isr) => {
      const progress = new ReplicaProgress([2, 3, 4], 0)
      for (const [replicaId, offset] of all) fetched(progress, replicaId, offset, 100, 1)
      const common = progress.commonEndOffset(isr, 1)
      for (const id of isr) if (id !== 1) assert.ok(common <= progress.logEndOffsetOf(id))
    }),
  )
})
