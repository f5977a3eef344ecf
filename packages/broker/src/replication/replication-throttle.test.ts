import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSimulation } from '@odradek/platform/simulated'
import { emptyImage } from '../core/cluster/cluster-image.ts'
import { clusterOf } from '../core/cluster/testing/cluster-of.ts'
import { ReplicationThrottle } from './replication-throttle.ts'

function throttleOf(bytesPerSecondMax: () => number) {
  const simulation = createSimulation({ seed: 'throttle' })
  const { clock } = simulation.platform('broker')
  const config = { side: 'leader' as const, samples: 10, sampleMs: 1000, bytesPerSecondMax }
  return { simulation, throttle: new ReplicationThrottle({ config, brokerId: 1, clock }) }
}

test('it is exceeded until what was copied has had its time, or the rate is another one', async () => {
  let rate = 1000
  const { simulation, throttle } = throttleOf(() => rate)
  throttle.record(1000)
  assert.equal(throttle.isExceeded, false)
  throttle.record(1000)
  assert.equal(throttle.isExceeded, true)
  await simulation.runFor(1999)
  assert.equal(throttle.isExceeded, true)
  await simulation.runFor(1)
  assert.equal(throttle.isExceeded, false)
  rate = 999
  assert.equal(throttle.isExceeded, true)
})

test('one fetch takes as much as a sample may hold, and never nothing', () => {
  assert.equal(throttleOf(() => 500).throttle.bytesAtOnce, 500)
  assert.equal(throttleOf(() => 0).throttle.bytesAtOnce, 1)
  assert.equal(throttleOf(() => 2 ** 63).throttle.bytesAtOnce, 2 ** 63)
})

test('which partitions it is for follows the settings of topics', () => {
  const { throttle } = throttleOf(() => 500)
  const topic = { kind: 'topic', name: 't', value: { topicId: 'T', partitions: [] } } as const
  const resource = { type: 'topic', name: 't' } as const
  const value = { 'leader.replication.throttled.replicas': '3:1' }
  const image = clusterOf([{ id: 1 }], [topic, { kind: 'config', resource, value }])
  throttle.apply(image, emptyImage)
  assert.deepEqual([throttle.covers('t', 3), throttle.covers('t', 2), throttle.covers('u', 3)], [true, false, false])
  throttle.apply(clusterOf([{ id: 1 }], [topic]), image)
  assert.equal(throttle.covers('t', 3), false)
})
