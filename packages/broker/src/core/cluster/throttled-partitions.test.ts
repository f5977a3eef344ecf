import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterChange } from './cluster-change.ts'
import { clusterOf } from './testing/cluster-of.ts'
import { throttledPartitions } from './throttled-partitions.ts'

function topic(name: string, settings: Record<string, string>): ClusterChange[] {
  const value = { topicId: name.toUpperCase(), partitions: [] }
  return [
    { kind: 'topic', name, value },
    { kind: 'config', resource: { type: 'topic', name }, value: settings },
  ]
}

test('a broker throttles the partitions that topics name together with it, on each side its own', () => {
  const image = clusterOf(
    [{ id: 1 }, { id: 2 }],
    [
      ...topic('pairs', {
        'leader.replication.throttled.replicas': '0:1,1:2, 2:1 ,10:11',
        'follower.replication.throttled.replicas': '1:1',
      }),
      ...topic('all', { 'leader.replication.throttled.replicas': ' * ' }),
      ...topic('none', { 'leader.replication.throttled.replicas': '', 'retention.ms': '5' }),
    ],
  )
  const leader = (brokerId: number) => throttledPartitions(image, { side: 'leader', brokerId })
  assert.deepEqual(
    [...leader(1)],
    [
      ['pairs', new Set([0, 2])],
      ['all', 'all'],
    ],
  )
  assert.deepEqual(
    [...leader(2)],
    [
      ['pairs', new Set([1])],
      ['all', 'all'],
    ],
  )
  assert.deepEqual([...throttledPartitions(image, { side: 'follower', brokerId: 1 })], [['pairs', new Set([1])]])
  assert.deepEqual([...throttledPartitions(image, { side: 'follower', brokerId: 2 })], [])
})
