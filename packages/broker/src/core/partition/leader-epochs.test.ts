import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LeaderEpochs } from './leader-epochs.ts'

function epochs(...entries: [epoch: number, startOffset: number][]): LeaderEpochs {
  return new LeaderEpochs(entries.map(([epoch, startOffset]) => ({ epoch, startOffset })))
}

function entriesOf(subject: LeaderEpochs): [number, number][] {
  return subject.entries.map(({ epoch, startOffset }) => [epoch, startOffset])
}

test('an epoch that begins where its predecessor began takes its place', () => {
  const subject = epochs([0, 0], [1, 10])
  assert.equal(subject.assign(2, 10), true)
  assert.deepEqual(entriesOf(subject), [
    [0, 0],
    [2, 10],
  ])
})

test('the same epoch again changes nothing', () => {
  const subject = epochs([3, 5])
  assert.equal(subject.assign(3, 9), false)
  assert.deepEqual(entriesOf(subject), [[3, 5]])
})

test('an entry that contradicts later ones removes them', () => {
  const subject = epochs([0, 0], [2, 20], [4, 40])
  assert.equal(subject.assign(3, 15), true)
  assert.deepEqual(entriesOf(subject), [
    [0, 0],
    [3, 15],
  ])
})

test('what came earlier is put before the first entry, if it rises and ends there', () => {
  const earlier = [
    { epoch: -1, startOffset: 0 },
    { epoch: 0, startOffset: 2 },
    { epoch: 3, startOffset: 6 },
    { epoch: 1, startOffset: 8 },
    { epoch: 4, startOffset: 9 },
    { epoch: 9, startOffset: 11 },
  ]
  const subject = epochs([4, 10], [6, 50])
  subject.precede(earlier)
  assert.deepEqual(entriesOf(subject), [
    [0, 2],
    [3, 6],
    [4, 9],
    [6, 50],
  ])
  const empty = epochs()
  empty.precede(earlier)
  assert.deepEqual(entriesOf(empty), [
    [0, 2],
    [3, 6],
    [4, 9],
    [9, 11],
  ])
})

test('an epoch ends where the next one begins, and the latest at the log end', () => {
  const subject = epochs([2, 10], [5, 30], [6, 50])
  assert.deepEqual(subject.endOffsetFor(6, 60), { leaderEpoch: 6, endOffset: 60 })
  assert.deepEqual(subject.endOffsetFor(5, 60), { leaderEpoch: 5, endOffset: 50 })
  assert.deepEqual(subject.endOffsetFor(4, 60), { leaderEpoch: 2, endOffset: 30 })
  assert.deepEqual(subject.endOffsetFor(1, 60), { leaderEpoch: 1, endOffset: 10 })
  assert.deepEqual(subject.endOffsetFor(7, 60), { leaderEpoch: -1, endOffset: -1 })
  assert.deepEqual(subject.endOffsetFor(-1, 60), { leaderEpoch: -1, endOffset: -1 })
  assert.deepEqual(epochs().endOffsetFor(0, 0), { leaderEpoch: -1, endOffset: -1 })
})

test('a log that begins later keeps the epoch in force there, and where that began', () => {
  const subject = epochs([0, 0], [1, 10], [2, 20])
  assert.equal(subject.truncateFromStart(15), true)
  assert.deepEqual(entriesOf(subject), [
    [1, 10],
    [2, 20],
  ])
  assert.equal(subject.truncateFromStart(15), false)
  assert.equal(subject.truncateFromStart(3), false)
})

test('a log that ends earlier forgets epochs without records', () => {
  const subject = epochs([0, 0], [1, 10], [2, 20])
  assert.equal(subject.truncateFromEnd(20), true)
  assert.equal(subject.latestEpoch, 1)
  assert.equal(subject.truncateFromEnd(20), false)
})

test('the epoch of an offset is the last one that began at or before it', () => {
  const subject = epochs([1, 10], [2, 20])
  assert.deepEqual(
    [9, 10, 19, 20, 99].map(offset => subject.epochOf(offset)),
    [-1, 1, 1, 2, 2],
  )
})

test('what contradicts a batch that is there gives way, and no more', () => {
  const subject = epochs([1, 0], [3, 50], [4, 100])
  assert.equal(subject.assign(3, 100), true)
  assert.deepEqual(entriesOf(subject), [
    [1, 0],
    [3, 50],
  ])
  assert.equal(subject.assign(3, 101), false)
  assert.equal(subject.assign(0, 0), true)
  assert.deepEqual(entriesOf(subject), [[0, 0]])
})
