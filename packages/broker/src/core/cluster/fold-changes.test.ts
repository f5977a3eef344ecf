import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ClusterChange } from './cluster-change.ts'
import { emptyImage, overridesOf } from './cluster-image.ts'
import { foldChanges } from './fold-changes.ts'
import { bornPartition, partitionImage, partitionState } from './partition-state.ts'

const born = { replicas: [1, 2], leader: 1, isr: [1] }

function fold(...changes: readonly ClusterChange[]) {
  return foldChanges(emptyImage, ...changes.map((change, index) => ({ revision: index + 1, changes: [change] })))
}

test('a topic is found by name and by id, its partitions as they were born', () => {
  const image = fold({ kind: 'topic', name: 'a', value: { topicId: 'T', partitions: [born] } })
  assert.deepEqual(image.topics.get('a'), { name: 'a', topicId: 'T', partitions: [bornPartition(born)] })
  assert.equal(image.topics.get('a'), image.topicsById.get('T'))
})

test('a partition that has changed keeps its state when its topic grows', () => {
  const state = { leader: 2, leaderEpoch: 4, partitionEpoch: 6, replicas: [1, 2], isr: [2] }
  const image = fold(
    { kind: 'topic', name: 'a', value: { topicId: 'T', partitions: [born] } },
    { kind: 'partition', topicId: 'T', index: 0, value: state },
    { kind: 'topic', name: 'a', value: { topicId: 'T', partitions: [born, born] } },
  )
  assert.deepEqual(image.topics.get('a')?.partitions, [partitionImage(state), bornPartition(born)])
})

test('a topic of an old name is a new topic', () => {
  const image = fold(
    { kind: 'topic', name: 'a', value: { topicId: 'T', partitions: [born] } },
    { kind: 'topic', name: 'a', value: { topicId: 'U', partitions: [] } },
  )
  assert.deepEqual([...image.topicsById.keys()], ['U'])
  const gone = foldChanges(image, { revision: 9, changes: [{ kind: 'topic', name: 'a', value: null }] })
  assert.deepEqual([gone.topics.size, gone.topicsById.size], [0, 0])
})

test('a broker’s epoch is the revision of its registration', () => {
  const registration: ClusterChange = {
    kind: 'broker',
    brokerId: 1,
    value: { rack: null, endpoints: [] },
  }
  assert.equal(fold(registration).brokers.get(1)?.epoch, 1)
  assert.equal(fold(registration, registration).brokers.get(1)?.epoch, 2)
})

test('a known broker is fenced while it is not registered, and forgotten when it is not known either', () => {
  const value = { rack: 'r', endpoints: [] }
  const known: ClusterChange = { kind: 'known-broker', brokerId: 1, value }
  const registered: ClusterChange = { kind: 'broker', brokerId: 1, value }
  const ended: ClusterChange = { kind: 'broker', brokerId: 1, value: null }
  const unregistered: ClusterChange = { kind: 'known-broker', brokerId: 1, value: null }
  const shown = (...changes: readonly ClusterChange[]) => {
    const broker = fold(...changes).brokers.get(1)
    return broker && `${broker.rack} ${broker.epoch} ${broker.fenced ? 'fenced' : 'runs'}`
  }
  assert.equal(shown(known), 'r -1 fenced')
  assert.equal(shown(known, registered), 'r 2 runs')
  assert.equal(shown(registered, known), 'r 1 runs')
  assert.equal(shown(known, registered, ended), 'r -1 fenced')
  assert.equal(shown(ended, known), 'r -1 fenced')
  assert.equal(shown(known, unregistered), undefined)
  assert.equal(shown(known, registered, unregistered), 'r 2 runs')
  assert.equal(shown(known, registered, unregistered, ended), undefined)
})

test('a state that was stored without what came later is one without reassignment, eligible leaders and recovery', () => {
  const stored = { leader: 2, leaderEpoch: 4, partitionEpoch: 6, replicas: [1, 2], isr: [2] }
  const image = partitionImage(stored)
  assert.deepEqual(image, {
    ...stored,
    elr: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    leaderRecoveryState: 'recovered',
  })
  assert.deepEqual(partitionState(image), stored)
  const full = partitionImage({
    ...stored,
    elr: [1],
    lastKnownElr: [3],
    addingReplicas: [1],
    removingReplicas: [2],
    leaderRecoveryState: 'recovering',
  })
  assert.deepEqual(partitionImage(partitionState(full)), full)
})

test('what was never set has no settings', () => {
  assert.deepEqual(overridesOf(emptyImage, { type: 'topic', name: 'constructor' }), {})
})

const name = fc.constantFrom('a', 'b', '__proto__')
const partition = fc.record({
  replicas: fc.array(fc.nat(3)),
  leader: fc.nat(3),
  isr: fc.array(fc.nat(3)),
})
const change: fc.Arbitrary<ClusterChange> = fc.oneof(
  fc.record({ kind: fc.constant('cluster' as const), value: fc.record({ clusterId: fc.string() }) }),
  fc.record({ kind: fc.constant('controller' as const), value: fc.option(fc.record({ brokerId: fc.nat(3) })) }),
  fc.record({ kind: fc.constant('producer-ids' as const), value: fc.record({ next: fc.nat() }) }),
  fc.record({ kind: fc.constant('feature' as const), name, value: fc.option(fc.record({ level: fc.nat(3) })) }),
  fc.record({
    kind: fc.constant('topic' as const),
    name,
    value: fc.option(
      fc.record({ topicId: fc.constantFrom('T', 'U'), partitions: fc.array(partition, { maxLength: 3 }) }),
    ),
  }),
  fc.record({
    kind: fc.constant('partition' as const),
    topicId: fc.constantFrom('T', 'U'),
    index: fc.nat(3),
    value: fc.option(
      fc.record({
        leader: fc.nat(3),
        leaderEpoch: fc.nat(9),
        partitionEpoch: fc.integer({ min: 1, max: 9 }),
        replicas: fc.array(fc.nat(3)),
        isr: fc.array(fc.nat(3)),
      }),
    ),
  }),
  fc.record({
    kind: fc.constant('config' as const),
    resource: fc.record({ type: fc.constantFrom('topic', 'broker', 'group'), name: fc.constantFrom('', 'a', 'a/b') }),
    value: fc.option(fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true })),
  }),
)
const sets = fc
  .array(fc.array(change, { maxLength: 4 }))
  .map(all => all.map((changes, index) => ({ revision: index + 1, changes })))

test('folding never changes the image that it starts from, and steps make what a whole makes', () => {
  fc.assert(
    fc.property(sets, fc.nat(), (all, cut) => {
      const at = all.length === 0 ? 0 : cut % all.length
      const middle = foldChanges(emptyImage, ...all.slice(0, at))
      const before = structuredClone(middle)
      const end = foldChanges(middle, ...all.slice(at))
      assert.deepEqual(structuredClone(middle), before)
      assert.deepEqual(end, foldChanges(emptyImage, ...all))
    }),
  )
})

test('names and ids always lead to the same topics', () => {
  fc.assert(
    fc.property(sets, all => {
      const image = foldChanges(emptyImage, ...all)
      for (const topic of image.topics.values()) {
        // Two names with one id cannot come from a controller; the later name has it.
        if (image.topicsById.get(topic.topicId)?.name === topic.name) {
          assert.equal(image.topicsById.get(topic.topicId), topic)
        }
      }
      for (const key of image.configs.keys()) assert.match(key, /^(topic|broker|group)\//)
    }),
  )
})
