import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorName } from '@odradek/protocol'
import { BrokerConfig } from '../config/broker-config.ts'
import type { ClusterChange, PartitionState } from './cluster-change.ts'
import type { ClusterImage } from './cluster-image.ts'
import { decideAlterPartitionReassignments, listPartitionReassignments } from './partition-reassignments.ts'
import { clusterOf, withChanges } from './testing/cluster-of.ts'

const config = new BrokerConfig()
const born = { replicas: [1, 2], leader: 1, isr: [1, 2] }
const topic: ClusterChange = { kind: 'topic', name: 't', value: { topicId: 'T', partitions: [born, born] } }
const cluster = clusterOf([{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }], [topic])

function alter(
  image: ClusterImage,
  replicas: readonly number[] | null,
  { partitionIndex = 0, topic = 't', allowReplicationFactorChange = true } = {},
) {
  const partitions = [{ topic, partitionIndex, replicas }]
  const { changes, answer } = decideAlterPartitionReassignments(image, {
    partitions,
    allowReplicationFactorChange,
    config,
  })
  const [outcome] = answer
  const error = errorName(outcome?.errorCode ?? 0)
  return { changes, problem: error === 'NONE' ? null : `${error} ${outcome?.errorMessage}` }
}

/** The cluster after a change that must succeed. */
function after(image: ClusterImage, replicas: readonly number[] | null): ClusterImage {
  const { changes, problem } = alter(image, replicas)
  assert.equal(problem, null)
  return withChanges(image, changes)
}

function shown(image: ClusterImage): string {
  const { leader, replicas, isr, addingReplicas, removingReplicas } = image.topics.get('t')?.partitions[0] ?? {}
  const moving = `${addingReplicas?.length ? ` adding ${addingReplicas}` : ''}${removingReplicas?.length ? ` removing ${removingReplicas}` : ''}`
  return `${replicas} led by ${leader} isr ${isr}${moving}`
}

function withState(state: Partial<PartitionState>, image = cluster): ClusterImage {
  const full = { leader: 1, leaderEpoch: 0, partitionEpoch: 1, replicas: [1, 2], isr: [1, 2], ...state }
  return withChanges(image, [{ kind: 'partition', topicId: 'T', index: 0, value: full }])
}

test('a partition moves: the new replicas come in front, the old ones stay until those are in sync', () => {
  assert.equal(shown(after(cluster, [3, 2])), '3,2,1 led by 1 isr 1,2 adding 3 removing 1')
  assert.equal(shown(after(cluster, [4, 3])), '4,3,1,2 led by 1 isr 1,2 adding 3,4 removing 1,2')
})

test('what needs nobody new is done at once', () => {
  assert.equal(shown(after(cluster, [2, 1])), '2,1 led by 1 isr 1,2')
  assert.equal(shown(after(cluster, [1])), '1 led by 1 isr 1')
  assert.equal(shown(after(cluster, [2])), '2 led by 2 isr 2')
  assert.deepEqual(alter(cluster, [1, 2]), { changes: [], problem: null })
})

test('a cancelled move leaves what was there before it', () => {
  const moving = after(cluster, [4, 3])
  assert.equal(shown(after(moving, null)), '1,2 led by 1 isr 1,2')
  const halfway = withState({ replicas: [4, 3, 1, 2], addingReplicas: [3, 4], removingReplicas: [1, 2], isr: [1, 3] })
  assert.equal(shown(after(halfway, null)), '1,2 led by 1 isr 1')
  assert.equal(alter(cluster, null).problem, 'NO_REASSIGNMENT_IN_PROGRESS null')
})

test('a move that only newcomers have survived is cancelled only where leaders may be unclean', () => {
  const state = { leader: 3, replicas: [3, 1, 2], addingReplicas: [3], removingReplicas: [], isr: [3] }
  assert.equal(
    alter(withState(state), null).problem,
    'INVALID_REPLICA_ASSIGNMENT Unable to revert partition assignment for t:0 because it would require an unclean leader election.',
  )
  const allowed = withChanges(cluster, [
    { kind: 'config', resource: { type: 'topic', name: 't' }, value: { 'unclean.leader.election.enable': 'true' } },
  ])
  assert.equal(shown(after(withState(state, allowed), null)), '1,2 led by 1 isr 1')
})

test('a move that is asked for in another way goes there, and still knows where it came from', () => {
  const moving = after(cluster, [3, 4])
  const elsewhere = after(moving, [1, 4])
  assert.equal(shown(elsewhere), '1,4,2,3 led by 1 isr 1,2 adding 4 removing 2,3')
  const all = after(moving, [1, 2, 3, 4])
  assert.equal(shown(all), '1,2,3,4 led by 1 isr 1,2 adding 3,4')
  assert.equal(shown(after(all, null)), '1,2 led by 1 isr 1,2')
  assert.equal(shown(after(moving, [1, 2])), '1,2 led by 1 isr 1,2')
})

test('replicas are registered brokers, each once, and as many as before where that is demanded', () => {
  const problem = (replicas: readonly number[]) => alter(cluster, replicas).problem
  assert.equal(
    problem([9]),
    'INVALID_REPLICA_ASSIGNMENT The manual partition assignment includes broker 9, but no such broker is registered.',
  )
  assert.match(problem([]) ?? '', /^INVALID_REPLICA_ASSIGNMENT .* empty replica list/)
  assert.match(problem([1, 1]) ?? '', /^INVALID_REPLICA_ASSIGNMENT .* more than once/)
  const strict = { allowReplicationFactorChange: false }
  assert.equal(
    alter(cluster, [3], strict).problem,
    'INVALID_REPLICATION_FACTOR The replication factor is changed from 2 to 1',
  )
  assert.equal(alter(after(cluster, [3, 4]), [1, 3], strict).problem, null)
})

test('a replica that is down can be kept; nothing is moved to a broker that is not of the cluster', () => {
  const down = withChanges(cluster, [
    { kind: 'broker', brokerId: 2, value: null },
    { kind: 'known-broker', brokerId: 2, value: { rack: null, endpoints: [] } },
  ])
  assert.equal(shown(after(down, [3, 2])), '3,2,1 led by 1 isr 1,2 adding 3 removing 1')
  assert.equal(alter(after(down, [3]), [4, 2]).problem, null)
  assert.match(
    alter(withChanges(cluster, [{ kind: 'broker', brokerId: 3, value: null }]), [3]).problem ?? '',
    /includes broker 3, but no such broker is registered/,
  )
})

test('what is not there does not move', () => {
  const unknown = 'UNKNOWN_TOPIC_OR_PARTITION Unable to find'
  assert.equal(alter(cluster, [1], { topic: 'x' }).problem, `${unknown} a topic named x.`)
  assert.equal(alter(cluster, [1], { partitionIndex: 2 }).problem, `${unknown} partition t:2.`)
  assert.equal(alter(cluster, null, { partitionIndex: -1 }).problem, `${unknown} partition t:-1.`)
})

test('the moves in progress are listed, all or those asked for', () => {
  const moving = after(cluster, [3, 2])
  const partitions = [{ partitionIndex: 0, replicas: [3, 2, 1], addingReplicas: [3], removingReplicas: [1] }]
  assert.deepEqual(listPartitionReassignments(moving, null), [{ name: 't', partitions }])
  const ask = (name: string, ...partitionIndexes: number[]) =>
    listPartitionReassignments(moving, [{ name, partitionIndexes }])
  assert.deepEqual(ask('t', 0, 1, 7), [{ name: 't', partitions }])
  assert.deepEqual([ask('t', 1), ask('x', 0), listPartitionReassignments(cluster, null)], [[], [], []])
})
