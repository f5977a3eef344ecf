/**
 * Brokers whose connections to the store break, whose processes are stopped and go on, at random: no broker takes itself for
 * alive without being registered, the controller is one of those that live or lived a moment ago, and once all is well again
 * everything is led. A seed that fails is printed; put it in front of `seeds` to see it again.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterChange } from '../core/cluster/cluster-change.ts'
import { Brokers, type TestBroker, ttlMs } from './testing/brokers.ts'

const seeds = Array.from({ length: 12 }, (_, index) => index + 1)
const ids = [1, 2, 3]

const setUp: ClusterChange[] = [
  { kind: 'feature', name: 'eligible.leader.replicas.version', value: { level: 1 } },
  { kind: 'config', resource: { type: 'topic', name: 't' }, value: { 'min.insync.replicas': '2' } },
  {
    kind: 'topic',
    name: 't',
    value: {
      topicId: 'T',
      partitions: Array.from({ length: 30 }, (_, index) => {
        const replicas = ids.map((_, at) => 1 + ((index + at) % 3))
        return { replicas, leader: replicas[0] ?? -1, isr: replicas }
      }),
    },
  },
]

test('through cuts and pauses no broker leads without its lease, and all is led in the end', async () => {
  for (const seed of seeds) {
    const brokers = await Brokers.open(seed)
    const started: TestBroker[] = []
    for (const id of ids) started.push(await brokers.start(id))
    await brokers.simulation.settle(brokers.metadata.commit(setUp))
    const random = brokers.simulation.random('faults')
    for (let round = 0; round < 40; round++) {
      const victim = started[random.integer(started.length)] ?? assert.fail()
      const fault = random.integer(3)
      if (fault === 0) victim.link.cut()
      else if (fault === 1) victim.pause()
      await runChecked(brokers, started, random.integer(1.5 * ttlMs), seed)
      if (fault === 0) victim.link.heal()
      else if (fault === 1) victim.resume()
      await runChecked(brokers, started, random.integer(ttlMs), seed)
    }
    await brokers.simulation.runFor(3 * ttlMs)
    const { controllerId, topics } = brokers.metadata.image
    assert.ok(started.every(({ session }) => session.isAlive) && ids.includes(controllerId), `seed ${seed}`)
    const partitions = topics.get('t')?.partitions ?? []
    assert.ok(
      partitions.every(({ leader, isr }) => isr.includes(leader)),
      `seed ${seed}: not all is led`,
    )
    // Nobody was unclean, so nobody has to recover.
    assert.ok(
      partitions.every(({ leaderRecoveryState }) => leaderRecoveryState === 'recovered'),
      `seed ${seed}`,
    )
  }
})

async function runChecked(brokers: Brokers, started: readonly TestBroker[], durationMs: number, seed: number) {
  for (let passedMs = 0; passedMs < durationMs; passedMs += 100) {
    await brokers.simulation.runFor(100)
    for (const { brokerId, session } of started) {
      if (!session.isAlive) continue
      const registered = brokers.metadata.image.brokers.get(brokerId)?.epoch
      assert.equal(session.epoch, registered, `seed ${seed}: broker ${brokerId} takes itself for alive`)
    }
  }
}
