import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorName } from '@odradek/protocol'
import { BrokerConfig } from '../config/broker-config.ts'
import { decideAlterPartition, type PartitionProposal } from './alter-partition.ts'
import type { ClusterChange, PartitionState } from './cluster-change.ts'
import { clusterOf, withChanges } from './testing/cluster-of.ts'

const config = new BrokerConfig()
const born = { replicas: [1, 2, 3], leader: 1, isr: [1, 2, 3] }
const base: PartitionState = { leader: 1, leaderEpoch: 5, partitionEpoch: 7, replicas: [1, 2, 3], isr: [1, 2] }

function clusterWith(state: Partial<PartitionState> = {}) {
  const changes: ClusterChange[] = [
    { kind: 'topic', name: 't', value: { topicId: 'T', partitions: [born] } },
    { kind: 'partition', topicId: 'T', index: 0, value: { ...base, ...state } },
    {
      kind: 'broker',
      brokerId: 5,
      value: { rack: null, endpoints: [], inControlledShutdown: true },
    },
  ]
  return clusterOf([{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4, fenced: true }], changes)
}

/** All brokers of the cluster were registered at revision 1. */
function propose(isr: readonly number[], more: Partial<PartitionProposal> = {}, state: Partial<PartitionState> = {}) {
  const image = clusterWith(state)
  const proposal: PartitionProposal = {
    brokerId: 1,
    brokerEpoch: 1,
    topicId: 'T',
    partitionIndex: 0,
    leaderEpoch: 5,
    partitionEpoch: 7,
    newIsr: isr.map(brokerId => ({ brokerId, brokerEpoch: 1 })),
    leaderRecoveryState: 'recovered',
    ...more,
  }
  const decision = decideAlterPartition(image, { proposal, config })
  const after = withChanges(image, decision.changes).topics.get('t')?.partitions[0]
  return { ...decision, error: errorName(decision.answer.errorCode), after }
}

test('a leader changes its ISR, and hears what the partition is then', () => {
  const { error, answer, after } = propose([1, 2, 3])
  assert.deepEqual([error, after?.isr, after?.leaderEpoch, after?.partitionEpoch], ['NONE', [1, 2, 3], 5, 8])
  assert.deepEqual(answer.partition, after)
  const same = propose([1, 2])
  assert.deepEqual([same.error, same.changes, same.answer.partition?.partitionEpoch], ['NONE', [], 7])
})

test('a change is bound to the registrations of those who join', () => {
  const keys = propose([1, 2, 3]).alsoUnchanged?.map(change => change.kind === 'broker' && change.brokerId)
  assert.deepEqual(keys, [3])
  assert.deepEqual(propose([1]).alsoUnchanged, [])
})

test('only the present leader, of the present epochs, may change it', () => {
  assert.equal(propose([1], { brokerEpoch: 2 }).error, 'STALE_BROKER_EPOCH')
  assert.equal(propose([1], { brokerId: 9 }).error, 'STALE_BROKER_EPOCH')
  assert.equal(propose([1], { brokerId: 4, brokerEpoch: -1 }).error, 'STALE_BROKER_EPOCH')
  assert.equal(propose([1], { topicId: 'U' }).error, 'UNKNOWN_TOPIC_ID')
  assert.equal(propose([1], { partitionIndex: 1 }).error, 'UNKNOWN_TOPIC_OR_PARTITION')
  assert.equal(propose([1], { leaderEpoch: 4 }).error, 'FENCED_LEADER_EPOCH')
  assert.equal(propose([1], { leaderEpoch: 6 }).error, 'NOT_CONTROLLER')
  assert.equal(propose([1], { partitionEpoch: 6 }).error, 'INVALID_UPDATE_VERSION')
  assert.equal(propose([1], { partitionEpoch: 8 }).error, 'NOT_CONTROLLER')
  assert.equal(propose([2], { brokerId: 2 }).error, 'INVALID_REQUEST')
})

test('an ISR is of replicas, each once, with the leader among them', () => {
  for (const isr of [[], [2, 3], [1, 1], [1, 4]]) assert.equal(propose(isr).error, 'INVALID_REQUEST')
})

test('who is fenced, stops or has registered anew since it fetched cannot be in sync', () => {
  const more = { replicas: [1, 4, 5, 6, 3] }
  for (const id of [4, 5, 6]) assert.equal(propose([1, id], {}, more).error, 'INELIGIBLE_REPLICA')
  const withEpoch = (brokerEpoch: number) => [1, 3].map(brokerId => ({ brokerId, brokerEpoch }))
  assert.equal(propose([], { newIsr: withEpoch(0) }).error, 'INELIGIBLE_REPLICA')
  assert.equal(propose([], { newIsr: withEpoch(-1) }).error, 'NONE')
})

test('a leader that recovers is alone in sync until it has recovered, and does not relapse', () => {
  const recovering = { leaderRecoveryState: 'recovering' as const }
  assert.equal(propose([1], recovering).error, 'INVALID_REQUEST')
  const alone = { ...recovering, isr: [1] }
  assert.equal(propose([1, 2], recovering, alone).error, 'INVALID_REQUEST')
  assert.deepEqual(propose([1], recovering, alone).changes, [])
  assert.equal(propose([1], {}, alone).after?.leaderRecoveryState, 'recovered')
})

test('the ISR that completes a reassignment may cost its leader the leadership', () => {
  const moving = { replicas: [3, 2, 1], addingReplicas: [3], removingReplicas: [1], isr: [1, 2] }
  const { error, after } = propose([1, 2, 3], {}, moving)
  assert.equal(error, 'NEW_LEADER_ELECTED')
  assert.deepEqual([after?.leader, after?.leaderEpoch, after?.replicas, after?.isr], [3, 6, [3, 2], [2, 3]])
  assert.deepEqual([after?.addingReplicas, after?.removingReplicas], [[], []])
})

test('what cannot be done again is settled where an earlier try may still come into force', () => {
  const { error, after, alsoUnchanged = [] } = propose([1, 2, 4], { isInDoubt: true }, { replicas: [1, 2, 4] })
  assert.deepEqual([error, after?.isr, after?.leaderEpoch, after?.partitionEpoch], ['INELIGIBLE_REPLICA', [1, 2], 5, 8])
  assert.deepEqual(alsoUnchanged, [])
  // Where the sender is in question, or the image, nothing is known of the earlier try.
  assert.deepEqual(propose([1, 2, 4], { isInDoubt: true, brokerEpoch: 2 }, { replicas: [1, 2, 4] }).changes, [])
  assert.deepEqual(propose([1, 2, 4], {}, { replicas: [1, 2, 4] }).changes, [])
})
