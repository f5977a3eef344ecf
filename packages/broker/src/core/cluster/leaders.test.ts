import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorName } from '@odradek/protocol'
import { BrokerConfig } from '../config/broker-config.ts'
import type { ClusterChange, PartitionState } from './cluster-change.ts'
import type { ClusterImage } from './cluster-image.ts'
import { decideElectLeaders } from './elect-leaders.ts'
import { decideInternalTopicReplication } from './internal-topic-replication.ts'
import { decidePreferredLeaders } from './preferred-leaders.ts'
import { clusterOf, withChanges } from './testing/cluster-of.ts'
import { decideUnregisterBroker } from './unregister-broker.ts'

const config = new BrokerConfig()

function topicIn(
  name: string,
  ...states: readonly Pick<PartitionState, 'replicas' | 'leader' | 'isr'>[]
): ClusterChange[] {
  return [
    { kind: 'topic', name, value: { topicId: name, partitions: states } },
    ...states.map((state, index): ClusterChange => {
      const value = { ...state, leaderEpoch: 1, partitionEpoch: 1 }
      return { kind: 'partition', topicId: name, index, value }
    }),
  ]
}

const states = [
  { replicas: [1, 2], leader: 1, isr: [1, 2] },
  { replicas: [1, 2], leader: 2, isr: [1, 2] },
  { replicas: [3, 2], leader: 2, isr: [2, 3] },
  { replicas: [1, 2], leader: 2, isr: [2] },
  { replicas: [3, 1], leader: -1, isr: [3] },
  { replicas: [3], leader: -1, isr: [3] },
]
const cluster = clusterOf([{ id: 1 }, { id: 2 }, { id: 3, fenced: true }], topicIn('t', ...states))

function leaders(image: ClusterImage): (number | undefined)[] {
  return (image.topics.get('t')?.partitions ?? []).map(({ leader }) => leader)
}

function elect(election: 'preferred' | 'unclean', ...ids: readonly number[]) {
  const partitions = ids.map(partitionId => ({ topic: 't', partitionId }))
  const { changes, answer } = decideElectLeaders(cluster, { election, partitions, config })
  return {
    outcomes: answer.map(({ errorCode }) => errorName(errorCode)),
    leaders: leaders(withChanges(cluster, changes)),
  }
}

test('leadership goes to the preferred leader, where that can lead', () => {
  const { outcomes, leaders } = elect('preferred', 0, 1, 2, 3, 4, 6)
  assert.deepEqual(outcomes, [
    'ELECTION_NOT_NEEDED',
    'NONE',
    'PREFERRED_LEADER_NOT_AVAILABLE',
    'PREFERRED_LEADER_NOT_AVAILABLE',
    'PREFERRED_LEADER_NOT_AVAILABLE',
    'UNKNOWN_TOPIC_OR_PARTITION',
  ])
  assert.deepEqual(leaders, [1, 1, 2, 2, -1, -1])
})

test('an unclean election is for partitions that nobody leads, and needs somebody who lives', () => {
  const { outcomes, leaders } = elect('unclean', 0, 4, 4, 5)
  assert.deepEqual(outcomes, ['ELECTION_NOT_NEEDED', 'NONE', 'NONE', 'ELIGIBLE_LEADERS_NOT_AVAILABLE'])
  assert.deepEqual(leaders, [1, 2, 2, 2, 1, -1])
})

test('what is not there has no leader, in the words of Kafka', () => {
  const partitions = [
    { topic: 'x', partitionId: 0 },
    { topic: 't', partitionId: 9 },
  ]
  const { answer } = decideElectLeaders(cluster, { election: 'preferred', partitions, config })
  assert.deepEqual(
    answer.map(({ errorMessage }) => errorMessage),
    ['No such topic as x', 'No such partition as t-9'],
  )
})

test('the balance moves what can be moved, so many at a time', () => {
  const { changes, isComplete } = decidePreferredLeaders(cluster, { config })
  assert.deepEqual([leaders(withChanges(cluster, changes)), isComplete], [[1, 1, 2, 2, -1, -1], true])
  const many = clusterOf(
    [{ id: 1 }, { id: 2 }],
    topicIn('t', ...Array.from({ length: 5 }, () => ({ replicas: [1, 2], leader: 2, isr: [1, 2] }))),
  )
  const first = decidePreferredLeaders(many, { config, max: 3 })
  assert.deepEqual([first.changes.length, first.isComplete], [3, false])
  const rest = decidePreferredLeaders(withChanges(many, first.changes), { config, max: 3 })
  assert.deepEqual([rest.changes.length, rest.isComplete], [2, true])
})

test('internal topics grow to as many copies as configured, on racks and brokers that have the fewest', () => {
  const alone = Array.from({ length: 6 }, () => ({ replicas: [1], leader: 1, isr: [1] }))
  const offsets = topicIn('__consumer_offsets', ...alone)
  const brokers = [
    { id: 1, rack: 'a' },
    { id: 2, rack: 'a' },
    { id: 3, rack: 'b' },
    { id: 4, rack: 'b' },
    { id: 5, rack: 'c', fenced: true },
  ]
  const image = clusterOf(brokers, [...offsets, ...topicIn('user', ...alone)])
  const grown = withChanges(image, decideInternalTopicReplication(image, config))
  const partitions = grown.topics.get('__consumer_offsets')?.partitions ?? []
  assert.deepEqual(
    partitions.map(({ replicas, isr }) => `${replicas} isr ${isr}`),
    ['1,3,2', '1,4,2', '1,3,4', '1,3,2', '1,4,2', '1,3,4'].map(ids => `${ids} isr 1`),
  )
  assert.ok(grown.topics.get('user')?.partitions.every(({ replicas }) => replicas.length === 1))
  assert.deepEqual(decideInternalTopicReplication(grown, config), [], 'what is under way is asked for again')
  const fewer = new BrokerConfig({ 'offsets.topic.replication.factor': '1' })
  assert.deepEqual(decideInternalTopicReplication(image, fewer), [])
})

test('only a broker that does not run is forgotten', () => {
  const ask = (id: number) => {
    const { changes, answer } = decideUnregisterBroker(cluster, id)
    return [errorName(answer.errorCode), changes.length]
  }
  assert.deepEqual(
    [ask(9), ask(1), ask(3)],
    [
      ['BROKER_ID_NOT_REGISTERED', 0],
      ['INVALID_REQUEST', 0],
      ['NONE', 1],
    ],
  )
})
