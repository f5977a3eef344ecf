import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PartitionInCluster } from './cluster-state.ts'
import { findProblems } from './health.ts'

const brokers = [1, 2, 3].map(brokerId => ({ brokerId, host: 'h', port: 1, rack: null, isFenced: false }))
const well: PartitionInCluster = {
  topic: 't',
  partition: 0,
  leader: 1,
  replicas: [1, 2, 3],
  isr: [1, 2, 3],
  target: [1, 2, 3],
}

function problems(
  partition: Partial<PartitionInCluster>,
  {
    controllerId = 1,
    live = brokers,
    down = [] as typeof brokers,
    brokenLogDirs = [] as { brokerId: number; path: string }[],
  } = {},
): string[] {
  const state = { clusterId: 'c', controllerId, brokers: live, down, partitions: [{ ...well, ...partition }] }
  return findProblems({ state, minInSync: new Map([['t', 2]]), brokenLogDirs }).map(
    ({ kind, text }) => `${kind}: ${text}`,
  )
}

test('a cluster that is well has no problems, one that moves partitions neither', () => {
  assert.deepEqual(problems({}), [])
  assert.deepEqual(problems({ replicas: [2, 3, 1], target: [2, 3], isr: [1, 2] }), [])
})

test('what is wrong is told, each partition once, for the worst that it has', () => {
  assert.deepEqual(problems({ isr: [1, 2] }), ['under-replicated: 1 partition has copies that are not in sync.'])
  assert.deepEqual(problems({ isr: [1] }), [
    'below-minimum: 1 partition has too few copies in sync: acks=all is refused.',
  ])
  assert.deepEqual(problems({ leader: -1, isr: [1] }), [
    'offline: 1 partition has no leader: no copy that has all records is there.',
  ])
  assert.deepEqual(problems({}, { controllerId: -1 }), [
    'no-controller: The metadata store does not answer, or no broker has become the controller yet: nobody is elected, nothing can be created or moved.',
  ])
  assert.deepEqual(problems({}, { live: brokers.slice(0, 2) }), [
    'broker-gone: Broker 3 has replicas and is not of this cluster any more.',
  ])
  assert.deepEqual(problems({}, { live: brokers.slice(0, 2), down: brokers.slice(2) }), [
    'broker-down: Broker 3 is down.',
  ])
  assert.deepEqual(problems({}, { brokenLogDirs: [{ brokerId: 2, path: '/d' }] }), [
    'log-directory: Broker 2 cannot use its log directory /d.',
  ])
})

test('a topic with fewer copies than the minimum is measured by what it has', () => {
  assert.deepEqual(problems({ replicas: [1], isr: [1], target: [1] }), [])
})
