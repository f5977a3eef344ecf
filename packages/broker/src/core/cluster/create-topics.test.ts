import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorName } from '@odradek/protocol'
import { BrokerConfig } from '../config/broker-config.ts'
import { divideCreateTopics, type NewTopic } from './create-topics.ts'
import { clusterOf, withChanges } from './testing/cluster-of.ts'
import { decideAtOnce } from './testing/decide-at-once.ts'

const config = new BrokerConfig({ 'num.partitions': '3' })
const cluster = clusterOf([{ id: 1 }])

function topic(name: string, more: Partial<NewTopic> = {}): NewTopic {
  return { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...more }
}

function assigned(name: string, ...assignments: readonly [index: number, brokers: number[]][]): NewTopic {
  const manual = assignments.map(([partitionIndex, brokerIds]) => ({ partitionIndex, brokerIds }))
  return topic(name, { numPartitions: -1, replicationFactor: -1, assignments: manual })
}

function decide(topics: readonly NewTopic[], image = cluster, validateOnly = false) {
  const topicIds = topics.map(({ name }) => `id of ${name}`)
  return decideAtOnce(image, divideCreateTopics({ topics, validateOnly, config, topicIds, seed: 0 }))
}

/** What becomes of each topic: 'ok', or the error and its message. */
function outcomes(topics: readonly NewTopic[], image = cluster) {
  return decide(topics, image).answer.map(({ name, outcome }) => {
    return outcome.errorCode === 0 ? `${name}: ok` : `${name}: ${errorName(outcome.errorCode)} ${outcome.errorMessage}`
  })
}

test('a topic gets an id, partitions with a leader, and its settings', () => {
  const { changes } = decide([topic('a', { numPartitions: 2, configs: [{ name: 'retention.ms', value: ' 5 ' }] })])
  const partition = { replicas: [1], leader: 1, isr: [1] }
  assert.deepEqual(changes, [
    { kind: 'topic', name: 'a', value: { topicId: 'id of a', partitions: [partition, partition] } },
    { kind: 'config', resource: { type: 'topic', name: 'a' }, value: { 'retention.ms': ' 5 ' } },
  ])
})

test('-1 asks for the broker’s own counts', () => {
  const [created] = decide([topic('a', { numPartitions: -1, replicationFactor: -1 })]).answer
  assert.equal(created?.created?.definition.partitions.length, 3)
})

test('names are checked, against each other’s metrics too', () => {
  const image = withChanges(cluster, decide([topic('a.b'), topic('base')]).changes)
  const long = 'x'.repeat(250)
  assert.deepEqual(outcomes([topic(''), topic('..'), topic('a b'), topic(long), topic('a_b'), topic('base')], image), [
    ': INVALID_TOPIC_EXCEPTION Topic name is invalid: the empty string is not allowed',
    "..: INVALID_TOPIC_EXCEPTION Topic name is invalid: '..' is not allowed",
    "a b: INVALID_TOPIC_EXCEPTION Topic name is invalid: 'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
    `${long}: INVALID_TOPIC_EXCEPTION Topic name is invalid: the length of '${long}' is longer than the max allowed length 249`,
    "a_b: INVALID_TOPIC_EXCEPTION Topic 'a_b' collides with existing topic: a.b",
    "base: TOPIC_ALREADY_EXISTS Topic 'base' already exists.",
  ])
})

test('names that exclude each other may be made by one request, as in Kafka, even in two parts', () => {
  const topics = [topic('a.b'), topic('a_b')]
  assert.deepEqual(outcomes(topics), ['a.b: ok', 'a_b: ok'])
  const request = divideCreateTopics({ topics, validateOnly: false, config, topicIds: ['1', '2'], seed: 0 })
  const image = withChanges(cluster, request.decide(cluster, request.items.slice(0, 1)).changes)
  const [later] = request.decide(image, request.items.slice(1)).answer
  assert.equal(later?.outcome.errorCode, 0)
})

test('the topics of one request are spread over the brokers as the partitions of one topic are', () => {
  const brokers = clusterOf([{ id: 1 }, { id: 2 }, { id: 3 }])
  const names = Array.from({ length: 9 }, (_, index) => topic(`t${index}`, { replicationFactor: 2 }))
  const placed = decide(names, brokers).answer.map(({ created }) => created?.definition.partitions[0]?.replicas)
  const [wide] = decide([topic('wide', { numPartitions: 9, replicationFactor: 2 })], brokers).answer
  assert.deepEqual(
    placed,
    wide?.created?.definition.partitions.map(({ replicas }) => replicas),
  )
})

test('a topic that stands twice in a request is not created; the others are', () => {
  const { changes } = decide([topic('d'), topic('e'), topic('d')])
  assert.deepEqual(outcomes([topic('d'), topic('e'), topic('d')]), [
    'e: ok',
    'd: INVALID_REQUEST Duplicate topic name.',
  ])
  assert.deepEqual(
    changes.map(change => change.kind === 'topic' && change.value?.topicId),
    ['id of e'],
  )
})

test('counts must make sense', () => {
  assert.deepEqual(
    outcomes([
      topic('a', { numPartitions: 0 }),
      topic('b', { numPartitions: -2 }),
      topic('c', { replicationFactor: 0 }),
      topic('d', { replicationFactor: 2 }),
    ]),
    [
      'a: INVALID_PARTITIONS Number of partitions was set to an invalid non-positive value.',
      'b: INVALID_PARTITIONS Number of partitions was set to an invalid non-positive value.',
      'c: INVALID_REPLICATION_FACTOR Replication factor must be larger than 0, or -1 to use the default value.',
      'd: INVALID_REPLICATION_FACTOR Unable to replicate the partition 2 time(s): The target replication factor of 2 cannot be reached because only 1 broker(s) are registered or some brokers have all their log directories cordoned.',
    ],
  )
})

test('a request for too many partitions is refused as a whole', () => {
  const refused = 'POLICY_VIOLATION Excessively large number of partitions per request.'
  assert.deepEqual(outcomes([topic('a', { numPartitions: 10_000 }), topic('b')]), [`a: ${refused}`, `b: ${refused}`])
})

test('manual assignments are checked', () => {
  assert.deepEqual(
    outcomes([
      assigned('ok', [1, [1]], [0, [1]]),
      { ...assigned('n', [0, [1]]), numPartitions: 1 },
      { ...assigned('r', [0, [1]]), replicationFactor: 1 },
      assigned('twice', [0, [1]], [0, [1]]),
      assigned('empty', [0, []]),
      assigned('unknown', [0, [2]]),
      assigned('same', [0, [1, 1]]),
      assigned('gap', [0, [1]], [2, [1]]),
    ]),
    [
      'ok: ok',
      'n: INVALID_REQUEST A manual partition assignment was specified, but numPartitions was not set to -1.',
      'r: INVALID_REQUEST A manual partition assignment was specified, but replication factor was not set to -1.',
      'twice: INVALID_REPLICA_ASSIGNMENT Found multiple manual partition assignments for partition 0',
      'empty: INVALID_REPLICA_ASSIGNMENT The manual partition assignment includes an empty replica list.',
      'unknown: INVALID_REPLICA_ASSIGNMENT The manual partition assignment includes broker 2, but no such broker is registered.',
      'same: INVALID_REPLICA_ASSIGNMENT The manual partition assignment includes the broker 1 more than once.',
      'gap: INVALID_REPLICA_ASSIGNMENT partitions should be a consecutive 0-based integer sequence',
    ],
  )
})

test('on brokers that are all about to stop nothing new begins', () => {
  const value = { rack: null, endpoints: [], inControlledShutdown: true }
  const image = withChanges(cluster, [{ kind: 'broker', brokerId: 1, value }])
  assert.deepEqual(outcomes([topic('a')], image), [
    'a: INVALID_REPLICATION_FACTOR Unable to replicate the partition 1 time(s): All brokers are currently fenced or in controlled shutdown.',
  ])
})

test('fenced brokers follow, and never lead', () => {
  const image = clusterOf([{ id: 1, fenced: true }, { id: 2 }])
  const [created] = decide([assigned('a', [0, [1, 2]])], image).answer
  assert.deepEqual(created?.created?.definition.partitions, [{ replicas: [1, 2], leader: 2, isr: [2] }])
  assert.match(outcomes([assigned('b', [0, [1]])], image)[0] ?? '', /are fenced or in controlled shutdown\.$/)
})

test('settings are checked', () => {
  const configs = [
    { name: 'retention.ms', value: null },
    { name: 'flush.ms', value: null },
  ]
  assert.deepEqual(outcomes([topic('a', { configs }), topic('b', { configs: [{ name: 'x', value: '1' }] })]), [
    'a: INVALID_CONFIG Null value not supported for topic configs: retention.ms,flush.ms',
    'b: INVALID_CONFIG Unknown topic config name: x',
  ])
})

test('the topic of the cluster’s own metadata cannot be created', () => {
  assert.deepEqual(outcomes([topic('__cluster_metadata')]), [
    '__cluster_metadata: INVALID_REQUEST Creation of internal topic __cluster_metadata is prohibited.',
  ])
})

test('a validation changes nothing and answers the same', () => {
  const validated = decide([topic('a')], cluster, true)
  assert.deepEqual(validated, { changes: [], answer: decide([topic('a')]).answer })
})
