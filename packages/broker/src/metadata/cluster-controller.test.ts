import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterChange, PartitionState } from '../core/cluster/cluster-change.ts'
import { isRunning } from '../core/cluster/cluster-image.ts'
import { Brokers, ttlMs } from './testing/brokers.ts'

const elr: ClusterChange = { kind: 'feature', name: 'eligible.leader.replicas.version', value: { level: 1 } }

/** A topic whose partitions are all on the same replicas, led by the first. */
function topicOf(name: string, replicas: readonly number[], partitions = 1): ClusterChange {
  const [leader = -1] = replicas
  const born = Array.from({ length: partitions }, () => ({ replicas, leader, isr: replicas }))
  return { kind: 'topic', name, value: { topicId: name, partitions: born } }
}

async function openCluster(seed: string, changes: readonly ClusterChange[], ...ids: readonly number[]) {
  const brokers = await Brokers.open(seed, [elr])
  const started = []
  for (const id of ids) started.push(await brokers.start(id))
  await brokers.simulation.until(() => brokers.metadata.image.controllerId === ids[0])
  await brokers.simulation.settle(brokers.metadata.commit(changes))
  return { brokers, started, simulation: brokers.simulation }
}

test('whatever a broker led has another leader soon after it is gone, however many partitions that are', async () => {
  const { brokers, started, simulation } = await openCluster('gone', [topicOf('t', [2, 3], 350)], 1, 2, 3)
  started[1]?.kill()
  const led = () => brokers.metadata.image.topics.get('t')?.partitions ?? []
  await simulation.until(() => led().every(({ leader }) => leader === 3), 2 * ttlMs)
  for (const { isr, leaderEpoch, partitionEpoch } of led()) {
    assert.deepEqual([isr, leaderEpoch, partitionEpoch], [[3], 1, 1])
  }
})

test('the next controller does what the one that is gone had led', async () => {
  const { brokers, started, simulation } = await openCluster('controller gone', [topicOf('t', [1, 2])], 1, 2)
  started[0]?.kill()
  await simulation.until(() => brokers.partition('t')?.leader === 2, 3 * ttlMs)
  assert.equal(brokers.metadata.image.controllerId, 2)
})

test('a partition that lost its last replica is led again when that comes back', async () => {
  const { brokers, started, simulation } = await openCluster('comes back', [topicOf('t', [2])], 1, 2)
  started[1]?.kill()
  await simulation.until(() => brokers.partition('t')?.leader === -1, 2 * ttlMs)
  assert.deepEqual(brokers.partition('t')?.elr, [2])
  await brokers.start(2)
  await simulation.until(() => brokers.partition('t')?.leader === 2, ttlMs)
  const { isr, leaderEpoch, leaderRecoveryState } = brokers.partition('t') ?? {}
  assert.deepEqual([isr, leaderEpoch, leaderRecoveryState], [[2], 2, 'recovered'])
})

test('a broker that comes while others still take in what was before is not overlooked', async () => {
  const { brokers, started, simulation } = await openCluster('slow to apply', [topicOf('t', [2])], 1, 2)
  started[1]?.kill()
  await simulation.until(() => brokers.partition('t')?.leader === -1, 2 * ttlMs)
  const { clock } = simulation.platform('slow')
  const subscribing = started[0]?.metadata.subscribe(() => new Promise(resolve => clock.after(50, resolve)))
  await simulation.settle(Promise.resolve(subscribing))
  const creating = brokers.metadata.commit([topicOf('u', [1])])
  await brokers.start(2)
  await simulation.settle(creating)
  await simulation.until(() => brokers.partition('t')?.leader === 2, ttlMs)
})

test('a dead broker that a leader brings into its ISR is out again at once', async () => {
  const { brokers, simulation } = await openCluster('dead in sync', [topicOf('t', [1, 9])], 1)
  await simulation.until(() => brokers.partition('t')?.isr.join() === '1', 1000)
})

test('setting unclean leader election elects where nobody leads', async () => {
  const { brokers, started, simulation } = await openCluster('unclean', [topicOf('t', [2, 3])], 1, 2, 3)
  const shrunk: PartitionState = { leader: 2, leaderEpoch: 0, partitionEpoch: 1, replicas: [2, 3], isr: [2] }
  await simulation.settle(brokers.metadata.commit([{ kind: 'partition', topicId: 't', index: 0, value: shrunk }]))
  started[1]?.kill()
  await simulation.until(() => brokers.partition('t')?.leader === -1, 2 * ttlMs)
  await simulation.runFor(60_000)
  assert.equal(brokers.partition('t')?.leader, -1)
  const value = { 'unclean.leader.election.enable': 'true' }
  await simulation.settle(brokers.metadata.commit([{ kind: 'config', resource: { type: 'topic', name: 't' }, value }]))
  await simulation.until(() => brokers.partition('t')?.leader === 3, 1000)
  const { isr, elr: eligible, leaderRecoveryState } = brokers.partition('t') ?? {}
  assert.deepEqual([isr, eligible, leaderRecoveryState], [[3], [], 'recovering'])
})

test('leadership goes back to the preferred leaders from time to time', async () => {
  const { brokers, simulation } = await openCluster('balance', [topicOf('t', [2, 1])], 1, 2)
  const moved: PartitionState = { leader: 1, leaderEpoch: 4, partitionEpoch: 9, replicas: [2, 1], isr: [1, 2] }
  await simulation.settle(brokers.metadata.commit([{ kind: 'partition', topicId: 't', index: 0, value: moved }]))
  await simulation.runFor(250_000)
  assert.equal(brokers.partition('t')?.leader, 1)
  await simulation.runFor(60_000)
  const { leader, leaderEpoch } = brokers.partition('t') ?? {}
  assert.deepEqual([leader, leaderEpoch], [2, 5])
})

test('internal topics get the copies that they were meant to have as brokers join', async () => {
  const { brokers, simulation } = await openCluster('joining', [topicOf('__consumer_offsets', [1], 4)], 1)
  await brokers.start(2)
  const adding = () =>
    (brokers.metadata.image.topics.get('__consumer_offsets')?.partitions ?? []).map(one => one.addingReplicas.join())
  await simulation.until(() => adding().every(ids => ids === '2'), 1000)
})

test('a broker that wants to stop hands over what others can lead, and tells what is left', async () => {
  const { brokers, started, simulation } = await openCluster(
    'shut down',
    [topicOf('a', [2, 1], 3), topicOf('b', [2])],
    1,
    2,
  )
  const [, two] = started
  assert.ok(two)
  assert.deepEqual(await simulation.settle(two.session.shutDown(30_000), 10_000), { remaining: 1 })
  assert.ok(two.session.isAlive)
  assert.deepEqual([brokers.partition('a')?.leader, brokers.partition('a')?.isr], [1, [1]])
  assert.equal(brokers.partition('b')?.leader, 2)
  await simulation.settle(two.stop())
  await simulation.until(() => brokers.partition('b')?.leader === -1, 1000)
  assert.equal(two.losses(), 1)
})

test('without a controller a stop waits no longer than it may', async () => {
  const { started, simulation, brokers } = await openCluster('no controller', [topicOf('a', [2, 1])], 1, 2)
  started[0]?.link.cut()
  const before = simulation.nowMs
  const two = started[1] ?? assert.fail()
  two.link.cut()
  assert.deepEqual(await simulation.settle(two.session.shutDown(3000)), { remaining: 1 })
  assert.ok(simulation.nowMs - before < 4000)
  assert.ok(isRunning(brokers.metadata.image, 2))
})

test('the controller goes on where the broker that it runs in does not: a disk of that broker hangs', async () => {
  const { brokers, started, simulation } = await openCluster('hung disk', [topicOf('t', [2, 3])], 1, 2, 3)
  const [controller] = started
  let isHung = false
  const subscribing = controller?.metadata.subscribe(() => (isHung ? new Promise(() => {}) : undefined))
  await simulation.settle(Promise.resolve(subscribing))
  isHung = true
  started[1]?.kill()
  await simulation.until(() => brokers.partition('t')?.leader === 3, 2 * ttlMs)
  assert.equal(brokers.metadata.image.controllerId, 1)
  assert.notEqual(controller?.metadata.image.topics.get('t')?.partitions[0]?.leader, 3)
})

test('a setting counts for the controller when it sees it, also where its broker applies it later', async () => {
  const { brokers, started, simulation } = await openCluster('slow to set', [topicOf('t', [2, 3])], 1, 2, 3)
  started[2]?.kill()
  await simulation.until(() => brokers.partition('t')?.isr.length === 1, 2 * ttlMs)
  started[1]?.kill()
  await simulation.until(() => brokers.partition('t')?.leader === -1, 2 * ttlMs)
  await brokers.start(3)
  const { clock } = simulation.platform('slow')
  const subscribing = started[0]?.metadata.subscribe(() => new Promise(resolve => clock.after(50, resolve)))
  await simulation.settle(Promise.resolve(subscribing))
  const creating = brokers.metadata.commit([topicOf('u', [1])])
  const value = { 'unclean.leader.election.enable': 'true' }
  const setting = brokers.metadata.commit([{ kind: 'config', resource: { type: 'broker', name: '' }, value }])
  await simulation.settle(Promise.all([creating, setting]))
  await simulation.until(() => brokers.partition('t')?.leader === 3, ttlMs)
})
