import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PartitionInCluster } from './cluster-state.ts'
import { throttledReplicas } from './throttle.ts'

function partition(index: number, isr: readonly number[], target = isr): PartitionInCluster {
  return {
    topic: 't',
    partition: index,
    leader: isr[0] ?? -1,
    replicas: [...new Set([...isr, ...target])],
    isr,
    target,
  }
}

test('whoever has a copy is throttled as a leader, whoever gets one as a follower, and nobody else', () => {
  const partitions = [
    partition(0, [1, 2]),
    partition(1, [1, 2], [2, 3]),
    partition(2, [3, 1]),
    { ...partition(0, [1]), topic: 'u' },
  ]
  const moves = [{ topic: 't', partition: 2, replicas: [3, 4] }]
  assert.deepEqual(
    [...throttledReplicas({ topic: 't', state: { partitions }, moves })],
    [
      ['leader.replication.throttled.replicas', '1:1,1:2,2:3,2:1'],
      ['follower.replication.throttled.replicas', '1:3,2:4'],
    ],
  )
})

test('where there are too many to be named, all are', () => {
  const partitions = Array.from({ length: 4000 }, (_, index) => partition(index, [1001, 1002], [1002, 1003]))
  const [leaders, followers] = [...throttledReplicas({ topic: 't', state: { partitions }, moves: [] }).values()]
  assert.equal(leaders, '*')
  assert.equal(followers, '*')
})
