import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearReplica } from './near-replica.ts'

const replicas = [
  { brokerId: 1, rack: 'a', logEndOffset: 10 },
  { brokerId: 2, rack: 'b', logEndOffset: 8 },
  { brokerId: 3, rack: 'b', logEndOffset: 9 },
  { brokerId: 4, rack: null, logEndOffset: 10 },
]

test('a consumer is sent to the replica of its rack that has most', () => {
  assert.equal(nearReplica(replicas, { leaderId: 1, rack: 'b' }), 3)
})

test('it stays with the leader that is in its rack, in a rack without replicas, and without a rack', () => {
  assert.equal(nearReplica(replicas, { leaderId: 2, rack: 'b' }), null)
  assert.equal(nearReplica(replicas, { leaderId: 1, rack: 'c' }), null)
  assert.equal(nearReplica(replicas, { leaderId: 1, rack: '' }), null)
})
