import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorName, zeroUuid } from '@odradek/protocol'
import type { ClusterChange } from './cluster-change.ts'
import { divideCreatePartitions, type TopicToGrow } from './create-partitions.ts'
import { divideDeleteTopics, type TopicToDelete } from './delete-topics.ts'
import { partitionImage } from './partition-state.ts'
import { clusterOf, withChanges } from './testing/cluster-of.ts'
import { decideAtOnce } from './testing/decide-at-once.ts'

const partition = { replicas: [1], leader: 1, isr: [1] }
const changed = { ...partition, leaderEpoch: 1, partitionEpoch: 1 }
const topics: readonly ClusterChange[] = [
  { kind: 'topic', name: 'a', value: { topicId: 'A', partitions: [partition, partition] } },
  { kind: 'topic', name: 'b', value: { topicId: 'B', partitions: [partition] } },
  { kind: 'config', resource: { type: 'topic', name: 'a' }, value: { 'retention.ms': '1' } },
  { kind: 'partition', topicId: 'A', index: 1, value: changed },
]
const cluster = clusterOf([{ id: 1 }], topics)

function remove(...asked: readonly TopicToDelete[]) {
  return decideAtOnce(cluster, divideDeleteTopics(asked))
}

function byName(name: string): TopicToDelete {
  return { name, topicId: zeroUuid }
}

function byId(topicId: string): TopicToDelete {
  return { name: null, topicId }
}

function summary(answer: ReturnType<typeof remove>['answer']) {
  return answer.map(({ name, topicId, outcome }) => {
    const id = topicId === zeroUuid ? '-' : topicId
    return `${name ?? '-'} ${id} ${errorName(outcome.errorCode)} ${outcome.errorMessage ?? ''}`.trim()
  })
}

test('a deleted topic takes all that belongs to it along', () => {
  const { changes, leftovers, answer } = remove(byName('a'), byId('B'))
  assert.deepEqual(summary(answer), ['b B NONE', 'a A NONE'])
  const after = withChanges(cluster, changes)
  assert.deepEqual([after.topics.size, after.configs.size], [0, 0])
  assert.deepEqual(leftovers, [{ kind: 'partition', topicId: 'A', index: 1, value: null }])
})

test('a topic without settings is deleted only while nobody gives it any', () => {
  const { changes, alsoUnchanged } = remove(byName('a'), byName('b'))
  assert.deepEqual(alsoUnchanged, [{ kind: 'config', resource: { type: 'topic', name: 'b' }, value: null }])
  assert.equal(changes.length, 3)
})

test('what is not there, or not said clearly, is refused', () => {
  assert.deepEqual(summary(remove(byName('x'), byId('X'), byId(zeroUuid), { name: 'a', topicId: 'A' }).answer), [
    '- - INVALID_REQUEST Neither topic name nor id were specified.',
    'a A INVALID_REQUEST You may not specify both topic name and topic id.',
    '- X UNKNOWN_TOPIC_ID This server does not host this topic ID.',
    'x - UNKNOWN_TOPIC_OR_PARTITION This server does not host this topic-partition.',
  ])
})

test('a topic that is named twice, in whatever way, is not deleted', () => {
  assert.deepEqual(remove(byName('a'), byName('a'), byName('a')).changes, [])
  assert.deepEqual(summary(remove(byId('A'), byId('A')).answer), ['- A INVALID_REQUEST Duplicate topic id.'])
  const mixed = remove(byName('a'), byId('A'))
  assert.deepEqual(mixed.changes, [])
  assert.deepEqual(summary(mixed.answer), [
    'a A INVALID_REQUEST The provided topic name maps to an ID that was already supplied.',
  ])
})

test('a topic that is named by its id in one part of a request, and by its name in another, is not deleted', () => {
  const request = divideDeleteTopics([byName('a'), byId('A'), byName('b')])
  const parts = request.items.map(item => request.decide(cluster, [item]))
  assert.deepEqual(summary(request.answer(parts.flatMap(({ answer }) => answer))), [
    'a A INVALID_REQUEST The provided topic name maps to an ID that was already supplied.',
    'b B NONE',
  ])
  assert.deepEqual(
    parts.flatMap(({ changes }) => changes),
    [{ kind: 'topic', name: 'b', value: null }],
  )
})

function grow(...asked: readonly TopicToGrow[]) {
  const request = divideCreatePartitions({ topics: asked, validateOnly: false, seed: 0 })
  const { changes, answer } = decideAtOnce(cluster, request)
  return {
    changes,
    answer: answer.map(({ name, outcome }) => [name, errorName(outcome.errorCode), outcome.errorMessage]),
  }
}

test('a topic grows, and its old partitions stay as they are', () => {
  const { changes, answer } = grow({ name: 'a', count: 4, assignments: null })
  assert.deepEqual(answer, [['a', 'NONE', null]])
  const after = withChanges(cluster, changes).topics.get('a')?.partitions
  assert.equal(after?.length, 4)
  assert.deepEqual(after?.[1], partitionImage(changed))
})

test('a topic can only grow', () => {
  assert.deepEqual(
    grow({ name: 'a', count: 2, assignments: null }, { name: 'b', count: 0, assignments: null }).answer,
    [
      ['a', 'INVALID_PARTITIONS', 'Topic already has 2 partition(s).'],
      ['b', 'INVALID_PARTITIONS', 'The topic b currently has 1 partition(s); 0 would not be an increase.'],
    ],
  )
})

test('assignments must be as many as the new partitions, and alike', () => {
  const assigned = (name: string, count: number, ...brokers: number[][]): TopicToGrow => {
    return { name, count, assignments: brokers.map(brokerIds => ({ brokerIds })) }
  }
  assert.deepEqual(grow(assigned('a', 4, [1]), assigned('b', 2, [7])).answer, [
    [
      'a',
      'INVALID_REPLICA_ASSIGNMENT',
      'Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.',
    ],
    [
      'b',
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes broker 7, but no such broker is registered.',
    ],
  ])
})

test('unknown topics and duplicates are refused', () => {
  const twice = { name: 'b', count: 2, assignments: null }
  assert.deepEqual(grow({ name: 'x', count: 2, assignments: null }, twice, twice).answer, [
    ['b', 'INVALID_REQUEST', 'Duplicate topic name.'],
    ['x', 'UNKNOWN_TOPIC_OR_PARTITION', null],
  ])
})
