import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryDisk } from '@odradek/platform'
import { createSimulation } from '@odradek/platform/simulated'
import type { ClusterChange, TopicDefinition } from '../core/cluster/cluster-change.ts'
import { partitionImage } from '../core/cluster/partition-state.ts'
import { ClusterMetadata } from './cluster-metadata.ts'
import { LocalStore } from './local-store.ts'
import { SimulatedMetadata } from './testing/simulated-metadata.ts'

const clock = { now: () => 0, monotonic: () => 0, after: () => ({ cancel: () => {} }), soon: () => {} }
const path = '/metadata'

async function openBoth(disk = createMemoryDisk()) {
  const { store } = await LocalStore.open({ disk, clock, path })
  return { store, disk, metadata: await ClusterMetadata.open(store) }
}

const definition: TopicDefinition = { topicId: 'T', partitions: [{ replicas: [1], leader: 1, isr: [1] }] }
const topic: ClusterChange = { kind: 'topic', name: 'a', value: definition }

test('a commit resolves once every subscriber has applied it, and the image shows it only then', async () => {
  const { metadata } = await openBoth()
  const events: string[] = []
  await metadata.subscribe(async next => {
    if (!next.topics.has('a')) return
    events.push(`applying, shown: ${metadata.image.topics.has('a')}`)
    await new Promise(resolve => queueMicrotask(() => resolve(undefined)))
    events.push('applied')
  })
  await metadata.commit([topic])
  events.push(`resolved, shown: ${metadata.image.topics.has('a')}`)
  assert.deepEqual(events, ['applying, shown: false', 'applied', 'resolved, shown: true'])
})

test('subscribers see every image in order, each with the one before it', async () => {
  const { metadata } = await openBoth()
  const steps: [number, number][] = []
  await metadata.subscribe((next, previous) => void steps.push([previous.revision, next.revision]))
  await Promise.all([metadata.commit([topic]), metadata.commit([{ kind: 'producer-ids', value: { next: 5 } }])])
  assert.deepEqual(steps, [
    [0, 1],
    [1, 2],
  ])
})

test('a late subscriber is brought up to the present first', async () => {
  const { metadata } = await openBoth()
  await metadata.commit([topic])
  const seen: string[][] = []
  const leave = await metadata.subscribe((next, previous) => {
    seen.push([...previous.topics.keys()], [...next.topics.keys()])
  })
  assert.deepEqual(seen, [[], ['a']])
  leave()
  await metadata.commit([{ kind: 'topic', name: 'a', value: null }])
  assert.equal(seen.length, 2)
})

test('a commit that was decided on an older image is refused, and the newer image is there', async () => {
  const { store, metadata } = await openBoth()
  const other = await ClusterMetadata.open(store)
  await metadata.commit([topic])
  // The other one hears of changes through the store alone, as another broker would.
  assert.equal(await other.commit([{ kind: 'topic', name: 'a', value: null }]), 'committed')
  assert.equal(metadata.image.topics.has('a'), false)
  const racing = await Promise.all([metadata.commit([topic]), other.commit([topic])])
  assert.deepEqual(racing.sort(), ['committed', 'conflict'])
  assert.ok(other.image.topics.has('a') && metadata.image.topics.has('a'))
})

test('a commit can stand on what it does not change', async () => {
  const { metadata } = await openBoth()
  const other: ClusterChange = { kind: 'producer-ids', value: { next: 5 } }
  const first = metadata.commit([topic])
  assert.equal(await metadata.commit([other], { alsoUnchanged: [topic] }), 'conflict')
  assert.equal(await first, 'committed')
  assert.equal(await metadata.commit([other], { alsoUnchanged: [topic] }), 'committed')
})

test('opened again, the image is the same, whatever order the entities were written in', async () => {
  const { store, disk, metadata } = await openBoth()
  const state = { leader: -1, leaderEpoch: 1, partitionEpoch: 1, replicas: [1], isr: [] }
  await metadata.commit([{ kind: 'broker', brokerId: 1, value: { rack: 'r', endpoints: [] } }])
  await metadata.commit([topic])
  await metadata.commit([{ kind: 'partition', topicId: 'T', index: 0, value: state }])
  // The topic grows after its partition has changed.
  const grown = { ...definition, partitions: [...definition.partitions, ...definition.partitions] }
  await metadata.commit([{ kind: 'topic', name: 'a', value: grown }])
  await metadata.commit([{ kind: 'config', resource: { type: 'group', name: 'a/b' }, value: { x: '1' } }])
  await metadata.commit([{ kind: 'feature', name: 'f', value: { level: 2 } }])
  await metadata.commit([{ kind: 'cluster', value: { clusterId: 'C' } }])
  await store.close()
  const again = await openBoth(disk)
  assert.deepEqual(again.metadata.image, metadata.image)
  assert.deepEqual(again.metadata.image.topics.get('a')?.partitions[0], partitionImage(state))
})

async function openShared() {
  const simulation = createSimulation({ seed: 'shared' })
  const metadata = new SimulatedMetadata(simulation)
  const [one, other] = await simulation.settle(
    Promise.all(
      ['one', 'other'].map(async name =>
        ClusterMetadata.open(await metadata.open(name, simulation.platform(name).clock)),
      ),
    ),
  )
  assert.ok(one !== undefined && other !== undefined)
  return { simulation, metadata, one, other, settle: <T>(call: Promise<T>) => simulation.settle(call) }
}

test('on a shared store a conflict is answered once its cause is here, whatever strangers write', async () => {
  const { metadata, one, other, settle } = await openShared()
  metadata.strangerWrites()
  const outcomes = await settle(Promise.all([one.commit([topic]), other.commit([topic])]))
  assert.deepEqual(outcomes.sort(), ['committed', 'conflict'])
  assert.ok(one.image.topics.has('a') && other.image.topics.has('a'))
  metadata.strangerWrites()
  assert.equal(await settle(other.commit([{ kind: 'topic', name: 'a', value: null }])), 'committed')
})

test('a broker that was cut off until history was forgotten has the same image as the others, and can commit on it', async () => {
  const { simulation, metadata, one, other, settle } = await openShared()
  const registration = { rack: 'r', endpoints: [] }
  const state = { leader: -1, leaderEpoch: 1, partitionEpoch: 1, replicas: [1], isr: [] }
  const anew: ClusterChange = { kind: 'topic', name: 'b', value: { ...definition, topicId: 'B2' } }
  await settle(one.commit([topic, { kind: 'topic', name: 'b', value: { ...definition, topicId: 'B1' } }]))
  await simulation.until(() => other.image.topics.has('b'))
  metadata.cutOff('other')
  await settle(one.commit([{ kind: 'topic', name: 'b', value: null }]))
  await settle(one.commit([{ kind: 'partition', topicId: 'T', index: 0, value: state }]))
  await settle(one.commit([{ kind: 'broker', brokerId: 1, value: registration }]))
  await settle(one.commit([anew, topic]))
  await settle(one.commit([{ kind: 'producer-ids', value: { next: 5 } }]))
  metadata.compact()
  metadata.heal('other')
  await simulation.until(() => other.image.revision === one.image.revision)
  assert.deepEqual(other.image, one.image)
  assert.equal(await settle(other.commit([anew], { alsoUnchanged: [topic] })), 'committed')
})

test('what is committed in parts stands on the image that it was decided on, the last part, too', async () => {
  const { store, metadata } = await openBoth()
  const count = 1000
  const born = { replicas: [1, 2], leader: 1, isr: [1, 2] }
  const value = { topicId: 'T', partitions: Array.from({ length: count }, () => born) }
  await metadata.commit([{ kind: 'topic', name: 'a', value }])
  const stateOf = (index: number, isr: readonly number[]): ClusterChange => {
    return {
      kind: 'partition',
      topicId: 'T',
      index,
      value: { leader: 1, leaderEpoch: 0, partitionEpoch: 1, replicas: [1, 2], isr },
    }
  }
  const other = await ClusterMetadata.open(store)
  // The last parts are sent when the first ones, and what the other broker wrote, have been applied here.
  const racing = other.commit([stateOf(count - 1, [1])])
  const changes = Array.from({ length: count }, (_, index) => stateOf(index, [2]))
  const committed = await metadata.commitInParts(changes)
  assert.equal(await racing, 'committed')
  assert.equal(committed, count - 100)
  assert.deepEqual(metadata.image.topics.get('a')?.partitions.at(-1)?.isr, [1])
})

test('a fork goes on where a subscriber of the other view does not come back', async () => {
  const { metadata } = await openBoth()
  await metadata.commit([topic])
  await metadata.subscribe(next => (next.nextProducerId > 0 ? new Promise(() => {}) : undefined))
  const stuck = metadata.commit([{ kind: 'producer-ids', value: { next: 5 } }])
  const fork = metadata.fork()
  await fork.appliedTo(metadata.image.revision + 1)
  assert.equal(fork.image.nextProducerId, 5)
  assert.equal(metadata.image.nextProducerId, 0)
  assert.ok(fork.image.topics.has('a'))
  assert.equal(await fork.commit([{ kind: 'topic', name: 'a', value: null }]), 'committed')
  assert.equal(await Promise.race([stuck, 'waits']), 'waits')
})
