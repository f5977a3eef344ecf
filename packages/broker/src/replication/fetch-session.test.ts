import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type FetchedPartition, type FetchNews, fetchKey, nextSessionEpoch } from './fetch-session.ts'
import { FetchSessionCache } from './fetch-session-cache.ts'

function wanting(...indexes: number[]): Map<string, FetchedPartition> {
  return new Map(indexes.map(index => [keyOf(index), fetched(index)]))
}

function keyOf(index: number): string {
  return fetchKey(false, '', 't', index)
}

function fetched(partition: number, fetchOffset = 0): FetchedPartition {
  return {
    key: keyOf(partition),
    topic: 't',
    topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
    partition,
    fetchOffset,
    partitionMaxBytes: 1000,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    toldHighWatermark: -1,
    toldLogStartOffset: -1,
  }
}

const quiet: FetchNews = {
  errorCode: 0,
  highWatermark: 10,
  logStartOffset: 0,
  byteLength: 0,
  divergingEpoch: null,
  preferredReadReplica: -1,
}

function newCache(slots = 10): FetchSessionCache {
  let id = 0
  return new FetchSessionCache({ slots, evictionMs: 1000, randomId: () => ++id })
}

function create(cache: FetchSessionCache, size: number, nowMs: number, privileged = false) {
  const partitions = wanting(...Array.from({ length: size }, (_, i) => i))
  return cache.create({ usesTopicIds: false, privileged, partitions }, nowMs)
}

function ask(
  cache: FetchSessionCache,
  session: { sessionId: number; sessionEpoch: number },
  { wanted = wanting(), forgotten = [] as string[], usesTopicIds = false, nowMs = 0 } = {},
) {
  return cache.open({ ...session, usesTopicIds, wanted, forgotten }, nowMs)
}

test('an epoch of 0 asks for a new session and closes the one it names, -1 asks for none', () => {
  const cache = newCache()
  const session = create(cache, 2, 0)
  assert.ok(session !== null)
  assert.equal(ask(cache, { sessionId: session.id, sessionEpoch: 0 }).kind, 'full')
  assert.equal(cache.size, 0)
  assert.equal(ask(cache, { sessionId: 0, sessionEpoch: -1 }).kind, 'sessionless')
})

test('a session is known by its id, its epoch and whether it speaks of topic ids', () => {
  const cache = newCache()
  const session = create(cache, 2, 0)
  assert.ok(session !== null)
  const sessionId = session.id
  assert.deepEqual(ask(cache, { sessionId: 99, sessionEpoch: 1 }), { kind: 'error', error: 'session-not-found' })
  assert.deepEqual(ask(cache, { sessionId, sessionEpoch: 2 }), { kind: 'error', error: 'wrong-epoch' })
  assert.deepEqual(ask(cache, { sessionId, sessionEpoch: 1 }, { usesTopicIds: true }), {
    kind: 'error',
    error: 'topic-ids-differ',
  })
  assert.equal(ask(cache, { sessionId, sessionEpoch: 1 }).kind, 'incremental')
  assert.equal(ask(cache, { sessionId, sessionEpoch: 2 }).kind, 'incremental')
})

test('a session that has forgotten its last partition is over', () => {
  const cache = newCache()
  const session = create(cache, 1, 0)
  assert.ok(session !== null)
  const context = ask(cache, { sessionId: session.id, sessionEpoch: 1 }, { forgotten: [keyOf(0)] })
  assert.equal(context.kind, 'sessionless')
  assert.equal(cache.size, 0)
})

test('a partition is news when it has records, an error, a divergence, or other offsets than were told', () => {
  const session = create(newCache(), 1, 0)
  assert.ok(session !== null)
  const key = keyOf(0)
  assert.equal(session.tell(key, quiet), true)
  assert.equal(session.tell(key, quiet), false)
  assert.equal(session.tell(key, { ...quiet, byteLength: 5 }), true)
  assert.equal(session.tell(key, { ...quiet, divergingEpoch: { epoch: 0, endOffset: 5 } }), true)
  assert.equal(session.tell(key, { ...quiet, preferredReadReplica: 2 }), true)
  assert.equal(session.tell(key, { ...quiet, highWatermark: 11 }), true)
  assert.equal(session.tell(key, { ...quiet, highWatermark: 11, logStartOffset: 3 }), true)
  assert.equal(session.tell(key, { ...quiet, highWatermark: 11, logStartOffset: 3 }), false)
})

test('after an error the same offsets are news again', () => {
  const session = create(newCache(), 1, 0)
  assert.ok(session !== null)
  const key = keyOf(0)
  session.tell(key, quiet)
  const error: FetchNews = { ...quiet, errorCode: 1, highWatermark: -1, logStartOffset: -1 }
  assert.equal(session.tell(key, error), true)
  assert.equal(session.tell(key, error), true)
  assert.equal(session.tell(key, quiet), true)
})

test('after a divergence the same offsets are news again to a follower, which has taken none of them', () => {
  const session = create(newCache(), 2, 0)
  assert.ok(session !== null)
  const [follower, consumer] = session.partitions.values()
  assert.ok(follower !== undefined && consumer !== undefined)
  follower.logStartOffset = 0
  for (const { key } of [follower, consumer]) {
    assert.equal(session.tell(key, { ...quiet, divergingEpoch: { epoch: 0, endOffset: 5 } }), true)
  }
  assert.equal(session.tell(follower.key, quiet), true)
  assert.equal(session.tell(follower.key, quiet), false)
  assert.equal(session.tell(consumer.key, quiet), false)
})

test('partitions that gave records go to the end, so that the others are first next time', () => {
  const session = create(newCache(), 4, 0)
  assert.ok(session !== null)
  session.tell(keyOf(1), { ...quiet, byteLength: 9 })
  session.tell(keyOf(0), { ...quiet, byteLength: 9 })
  assert.deepEqual([...session.partitions.keys()], [keyOf(2), keyOf(3), keyOf(1), keyOf(0)])
})

test('a full cache gives way only to a larger session than one that is old enough', () => {
  const cache = newCache(2)
  const small = create(cache, 1, 0)
  assert.ok(small !== null && create(cache, 5, 0) !== null)
  assert.equal(create(cache, 3, 500), null)
  const touch = (epoch: number) => ask(cache, { sessionId: small.id, sessionEpoch: epoch }, { nowMs: 1001 })
  assert.equal(touch(1).kind, 'incremental')
  ask(cache, { sessionId: 2, sessionEpoch: 1 }, { nowMs: 1001 })
  assert.equal(create(cache, 1, 1001), null)
  assert.ok(create(cache, 2, 1001) !== null)
  assert.deepEqual(touch(2), { kind: 'error', error: 'session-not-found' })
})

test('a session that nobody has used for long gives way to any', () => {
  const cache = newCache(1)
  assert.ok(create(cache, 5, 0) !== null)
  assert.equal(create(cache, 1, 1000), null)
  assert.ok(create(cache, 1, 1001) !== null)
})

test("a replica's session pushes out a consumer's at once, never the other way round", () => {
  const cache = newCache(1)
  assert.ok(create(cache, 5, 0) !== null)
  assert.ok(create(cache, 1, 1, true) !== null)
  assert.equal(create(cache, 50, 1), null)
})

test('epochs go up from 1 and skip 0 after the greatest int32', () => {
  assert.equal(nextSessionEpoch(0), 1)
  assert.equal(nextSessionEpoch(0x7fffffff), 1)
  assert.equal(nextSessionEpoch(-1), -1)
})

test('a client that keeps what it was told knows the present state of every partition it asked for', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('ask' as const), index: fc.nat(5), offset: fc.nat(100) }),
    fc.record({ kind: fc.constant('forget' as const), index: fc.nat(5) }),
    fc.record({ kind: fc.constant('grow' as const), index: fc.nat(5) }),
    fc.record({ kind: fc.constant('fail' as const), index: fc.nat(5) }),
    fc.record({ kind: fc.constant('mend' as const), index: fc.nat(5) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const state = Array.from({ length: 6 }, () => ({ ...quiet }))
      const cache = newCache()
      const session = cache.create({ usesTopicIds: false, privileged: false, partitions: wanting(0) }, 0)
      assert.ok(session !== null)
      const wanted = new Map([[0, 0]])
      const known = new Map<number, FetchNews>()
      let epoch = 1
      for (const step of steps) {
        const request = { wanted: wanting(), forgotten: [] as string[] }
        const news = state[step.index]
        assert.ok(news !== undefined)
        if (step.kind === 'ask') {
          request.wanted = new Map([[keyOf(step.index), fetched(step.index, step.offset)]])
          wanted.set(step.index, step.offset)
        } else if (step.kind === 'forget' && wanted.size > 1) {
          request.forgotten = [keyOf(step.index)]
          wanted.delete(step.index)
          known.delete(step.index)
        } else if (step.kind === 'grow') {
          state[step.index] = { ...news, highWatermark: news.highWatermark + 1 }
        } else if (step.kind === 'fail') {
          state[step.index] = { ...news, errorCode: 3 }
        } else if (step.kind === 'mend') {
          state[step.index] = { ...news, errorCode: 0 }
        }
        const context = ask(cache, { sessionId: session.id, sessionEpoch: epoch++ }, request)
        assert.equal(context.kind, 'incremental')
        assert.deepEqual(new Map([...session.partitions.values()].map(one => [one.partition, one.fetchOffset])), wanted)
        for (const index of wanted.keys()) {
          const present = state[index]
          assert.ok(present !== undefined)
          if (session.tell(keyOf(index), present)) known.set(index, present)
          assert.deepEqual(known.get(index), present)
        }
      }
    }),
  )
})
