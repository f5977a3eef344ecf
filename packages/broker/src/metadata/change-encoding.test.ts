import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterChange } from '../core/cluster/cluster-change.ts'
import { decodeChange, encodeChange, storeKey } from './change-encoding.ts'

const state = { leader: 1, leaderEpoch: 2, partitionEpoch: 3, replicas: [1], isr: [1] }

const changes: readonly [key: string, change: ClusterChange][] = [
  ['cluster', { kind: 'cluster', value: { clusterId: 'C' } }],
  ['controller', { kind: 'controller', value: null }],
  ['broker/7', { kind: 'broker', brokerId: 7, value: { rack: null, endpoints: [] } }],
  ['topic/a.b', { kind: 'topic', name: 'a.b', value: { topicId: 'T', partitions: [] } }],
  ['partition/T/3', { kind: 'partition', topicId: 'T', index: 3, value: state }],
  ['partition/T/4', { kind: 'partition', topicId: 'T', index: 4, value: { ...state, elr: [2], addingReplicas: [3] } }],
  ['config/group/a/b', { kind: 'config', resource: { type: 'group', name: 'a/b' }, value: { x: 'ü' } }],
  ['config/broker/', { kind: 'config', resource: { type: 'broker', name: '' }, value: null }],
  ['producer-ids', { kind: 'producer-ids', value: { next: 2000 } }],
  ['feature/f', { kind: 'feature', name: 'f', value: { level: 1 } }],
]

test('each entity has a key of its own and comes back as it was', () => {
  for (const [key, change] of changes) {
    assert.equal(storeKey(change), key)
    assert.deepEqual(decodeChange(encodeChange(change)), change)
  }
})

test('a key of a later version is left alone', () => {
  assert.equal(decodeChange({ key: 'acl/x', value: '{}' }), null)
  assert.equal(decodeChange({ key: 'config/user/x', value: '{}' }), null)
})
