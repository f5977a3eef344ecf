import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChangeFeed } from './change-feed.ts'
import type { StoreChangeSet } from './metadata-store.ts'

const start = { revision: 10, entries: [{ key: 'a', value: '1', revision: 4 }] }

function listening(from = start): { feed: ChangeFeed; heard: StoreChangeSet[] } {
  const feed = new ChangeFeed(from)
  const heard: StoreChangeSet[] = []
  feed.watch(from.revision, set => heard.push(set))
  return { feed, heard }
}

function write(revision: number, key = 'a'): StoreChangeSet {
  return { revision, changes: [{ key, value: String(revision) }] }
}

test('what a stream says again after it was broken off is not told again', () => {
  const { feed, heard } = listening()
  for (const revision of [11, 13, 11, 13, 14]) feed.apply(write(revision))
  assert.deepEqual(
    heard.map(({ revision }) => revision),
    [11, 13, 14],
  )
})

test('a snapshot is told as the difference to what was heard, with what wrote each key', () => {
  const { feed, heard } = listening()
  feed.apply(write(11, 'b'))
  feed.apply(write(12, 'c'))
  feed.catchUp({
    revision: 20,
    entries: [
      { key: 'b', value: 'new', revision: 15 },
      { key: 'c', value: '12', revision: 12 },
      { key: 'd', value: 'new', revision: 17 },
    ],
  })
  assert.deepEqual(heard.at(-1), {
    revision: 20,
    changes: [
      { key: 'a', value: null },
      { key: 'b', value: 'new', revision: 15 },
      { key: 'd', value: 'new', revision: 17 },
    ],
  })
  feed.catchUp({ revision: 19, entries: [] })
  assert.equal(heard.length, 3)
})

test('a watch begins where it asks, or is told to read again', () => {
  const { feed } = listening()
  for (let revision = 11; revision <= 300; revision++) feed.apply(write(revision))
  const heard: number[] = []
  feed.watch(298, ({ revision }) => heard.push(revision))
  assert.deepEqual(heard, [299, 300])
  feed.watch(44, () => {})
  assert.throws(() => feed.watch(43, () => {}), /read the store again/)
})

test('a watch that begins ahead of the feed is not told what it knows', () => {
  const feed = new ChangeFeed(start)
  const heard: number[] = []
  feed.watch(12, ({ revision }) => heard.push(revision))
  for (let revision = 11; revision <= 13; revision++) feed.apply(write(revision))
  assert.deepEqual(heard, [13])
})

test('it is behind when an answer has named a revision, somebody watches, and it has not come', () => {
  const feed = new ChangeFeed(start)
  feed.expect(12)
  assert.equal(feed.isBehind, false)
  feed.watch(10, () => {})
  feed.expect(12)
  assert.equal(feed.isBehind, true)
  feed.advance(12)
  assert.equal(feed.isBehind, false)
})
