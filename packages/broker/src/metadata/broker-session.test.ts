import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRunning } from '../core/cluster/cluster-image.ts'
import { partitionState } from '../core/cluster/partition-state.ts'
import { StoreUnreachableError } from './metadata-store.ts'
import { Brokers, ttlMs } from './testing/brokers.ts'

test('a broker is registered for as long as it keeps its lease alive', async () => {
  const brokers = await Brokers.open('kept alive')
  const broker = await brokers.start(1)
  assert.deepEqual([broker.session.isAlive, broker.epochs.length], [true, 1])
  assert.equal(broker.session.epoch, brokers.metadata.image.brokers.get(1)?.epoch)
  for (let round = 0; round < 50; round++) {
    await brokers.simulation.runFor(ttlMs / 4)
    assert.ok(broker.session.isAlive && isRunning(brokers.metadata.image, 1))
  }
  assert.deepEqual([broker.losses(), broker.epochs.length], [0, 1])
})

test('a broker that cannot reach the store stops leading before its lease can end, and comes back with a new epoch', async () => {
  const brokers = await Brokers.open('cut off')
  const broker = await brokers.start(1)
  await brokers.simulation.runFor(1000)
  broker.link.cut()
  while (broker.session.isAlive) await brokers.simulation.runFor(10)
  assert.ok(isRunning(brokers.metadata.image, 1), 'the lease had ended before the broker knew')
  assert.equal(broker.losses(), 1)
  await brokers.simulation.until(() => !isRunning(brokers.metadata.image, 1), ttlMs)
  await brokers.simulation.runFor(60_000)
  assert.equal(broker.session.epoch, null)
  broker.link.heal()
  await brokers.simulation.until(() => broker.session.isAlive, ttlMs)
  const [first = 0, second = 0] = broker.epochs
  assert.ok(second > first)
  assert.equal(brokers.metadata.image.brokers.get(1)?.epoch, second)
})

test('a short cut costs nothing', async () => {
  const brokers = await Brokers.open('short cut')
  const broker = await brokers.start(1)
  for (let round = 0; round < 5; round++) {
    broker.link.cut()
    await brokers.simulation.runFor(ttlMs / 3)
    broker.link.heal()
    await brokers.simulation.runFor(ttlMs / 3)
  }
  assert.deepEqual([broker.session.isAlive, broker.losses(), broker.epochs.length], [true, 0, 1])
})

test('a process that was paused past the end of its lease knows at once, before any of its timers runs', async () => {
  const brokers = await Brokers.open('paused')
  const broker = await brokers.start(1)
  broker.pause()
  await brokers.simulation.runFor(3 * ttlMs)
  assert.equal(isRunning(brokers.metadata.image, 1), false)
  assert.deepEqual([broker.session.isAlive, broker.losses()], [false, 0])
  broker.resume()
  assert.equal(broker.session.isAlive, false)
  await brokers.simulation.until(() => broker.session.isAlive, ttlMs)
  assert.deepEqual([broker.losses(), broker.epochs.length], [1, 2])
})

test('a registration that is taken away is lost at once, and made anew', async () => {
  const brokers = await Brokers.open('taken away')
  const broker = await brokers.start(1)
  await brokers.simulation.settle(brokers.metadata.commit([{ kind: 'broker', brokerId: 1, value: null }]))
  assert.equal(broker.losses(), 1)
  await brokers.simulation.until(() => broker.session.isAlive, 1000)
  assert.equal(broker.session.epoch, brokers.metadata.image.brokers.get(1)?.epoch)
})

test('a broker that is down is known to its cluster, which finds it elsewhere when it comes back', async () => {
  const brokers = await Brokers.open('known')
  const shown = () => {
    const broker = brokers.metadata.image.brokers.get(1)
    return broker && [broker.rack, broker.fenced]
  }
  const first = await brokers.start(1, { registration: { rack: 'a', endpoints: [] } })
  assert.deepEqual(shown(), ['a', false])
  await brokers.simulation.settle(first.stop())
  assert.deepEqual(shown(), ['a', true])
  const second = await brokers.start(1, { registration: { rack: 'b', endpoints: [] } })
  assert.deepEqual(shown(), ['b', false])
  second.kill()
  await brokers.simulation.until(() => shown()?.[1] === true, 2 * ttlMs)
  await brokers.simulation.settle(brokers.metadata.commit([{ kind: 'known-broker', brokerId: 1, value: null }]))
  assert.equal(shown(), undefined)
})

test('a broker waits for an earlier run of itself to end', async () => {
  const brokers = await Brokers.open('restarted')
  const first = await brokers.start(1)
  first.kill()
  const second = await brokers.open(1)
  const started = second.session.start()
  await brokers.simulation.runFor(ttlMs / 2)
  assert.equal(second.session.isAlive, false)
  await brokers.simulation.settle(started, ttlMs)
  assert.ok((second.session.epoch ?? 0) > (first.epochs[0] ?? 0))
})

test('nor does it take that for another broker because it has not heard yet that it has ended', async () => {
  const brokers = await Brokers.open('restarted, and not told')
  const first = await brokers.start(1)
  first.kill()
  const second = await brokers.open(1)
  const started = second.session.start()
  await brokers.simulation.runFor(ttlMs / 2)
  second.link.holdChanges()
  await brokers.simulation.runFor(10 * ttlMs)
  second.link.heal()
  await brokers.simulation.settle(started)
  assert.ok(second.session.isAlive)
})

test('a broker whose id another one has and keeps is refused, and does not try again', async () => {
  const brokers = await Brokers.open('taken')
  const first = await brokers.start(1)
  const second = await brokers.open(1)
  await assert.rejects(brokers.simulation.settle(second.session.start(), 6 * ttlMs), { code: 'node-id-taken' })
  second.link.cut()
  await brokers.simulation.settle(first.stop())
  await brokers.simulation.runFor(2 * ttlMs)
  second.link.heal()
  await brokers.simulation.runFor(2 * ttlMs)
  assert.deepEqual([second.session.isAlive, second.epochs.length], [false, 0])
})

test('where the store is its own, an earlier registration is only a leaving', async () => {
  const left = { kind: 'broker', brokerId: 1, value: { rack: null, endpoints: [] } } as const
  const brokers = await Brokers.open('own store', [left])
  const broker = await brokers.start(1, { ownsStore: true })
  assert.ok(broker.session.isAlive && (broker.session.epoch ?? 0) > 1)
})

test('after an unclean shutdown a broker leaves all ISRs and ELRs before it is seen again', async () => {
  const alone = {
    leader: -1,
    leaderEpoch: 1,
    partitionEpoch: 1,
    replicas: [1, 2],
    isr: [],
    elr: [1],
    lastKnownElr: [1],
  }
  const shared = { leader: 2, leaderEpoch: 1, partitionEpoch: 1, replicas: [1, 2], isr: [2], elr: [1] }
  const born = { replicas: [1, 2], leader: 1, isr: [1, 2] }
  const brokers = await Brokers.open('unclean', [
    { kind: 'broker', brokerId: 2, value: { rack: null, endpoints: [] } },
    { kind: 'feature', name: 'eligible.leader.replicas.version', value: { level: 1 } },
    { kind: 'config', resource: { type: 'topic', name: 't' }, value: { 'min.insync.replicas': '2' } },
    { kind: 'topic', name: 't', value: { topicId: 'T', partitions: [born, born] } },
    { kind: 'partition', topicId: 'T', index: 0, value: alone },
    { kind: 'partition', topicId: 'T', index: 1, value: shared },
  ])
  const seenInSync: boolean[] = []
  await brokers.metadata.subscribe(image => {
    const partitions = image.topics.get('t')?.partitions ?? []
    const isEligible = partitions.some(({ isr, elr }) => isr.includes(1) || elr.includes(1))
    if (isRunning(image, 1)) seenInSync.push(isEligible)
  })
  const broker = await brokers.start(1, { afterUncleanShutdown: true })
  assert.ok(broker.session.isAlive)
  assert.equal(seenInSync[0], false)
  const states = [0, 1].map(index => partitionState(brokers.partition('t', index) ?? assert.fail()))
  // What it led last it may lead again, and has to recover; the other it follows.
  await brokers.simulation.until(() => brokers.partition('t', 0)?.leader === 1, ttlMs)
  assert.equal(brokers.partition('t', 0)?.leaderRecoveryState, 'recovering')
  assert.deepEqual(states[1], { leader: 2, leaderEpoch: 1, partitionEpoch: 2, replicas: [1, 2], isr: [2] })
})

test('a broker that stops ends its registration', async () => {
  const brokers = await Brokers.open('stopped')
  const broker = await brokers.start(1)
  await brokers.simulation.settle(broker.stop())
  assert.equal(isRunning(brokers.metadata.image, 1), false)
  await brokers.simulation.runFor(60_000)
  assert.deepEqual([broker.session.isAlive, broker.losses(), broker.epochs.length], [false, 1, 1])
})

test('one that never came to register stops all the same', async () => {
  const brokers = await Brokers.open('never registered')
  const broker = await brokers.open(1)
  broker.link.cut()
  const started = broker.session.start()
  await brokers.simulation.runFor(5000)
  await brokers.simulation.settle(Promise.all([broker.stop(), started]))
  assert.equal(broker.epochs.length, 0)
})

test('a registration whose answer is lost does not stand in the way of the next one', async () => {
  const brokers = await Brokers.open('unanswered')
  const broker = await brokers.open(1)
  const commit = broker.link.commit.bind(broker.link)
  let lost = 0
  broker.link.commit = async (expected, changes) => {
    const outcome = await commit(expected, changes)
    if (lost > 1 || !changes.some(({ key }) => key === 'broker/1')) return outcome
    lost++
    throw new StoreUnreachableError('no answer')
  }
  // Of the first registration, and of the one that follows its loss.
  await brokers.simulation.settle(broker.session.start())
  assert.equal(lost, 2)
  await brokers.simulation.runFor(5 * ttlMs)
  assert.deepEqual([broker.session.isAlive, broker.epochs.length], [true, 1])
  assert.equal(brokers.metadata.image.brokers.get(1)?.epoch, broker.session.epoch)
})
