import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorName } from '@odradek/protocol'
import { BrokerConfig } from '../config/broker-config.ts'
import { alterOperations, type ConfigAlteration, divideAlterConfigs, resourceTypes } from './alter-configs.ts'
import type { ClusterChange } from './cluster-change.ts'
import { overridesOf } from './cluster-image.ts'
import { clusterOf, withChanges } from './testing/cluster-of.ts'
import { decideAtOnce } from './testing/decide-at-once.ts'

const throttled = 'leader.replication.throttled.replicas'
const setUp: readonly ClusterChange[] = [
  { kind: 'topic', name: 'a', value: { topicId: 'A', partitions: [] } },
  { kind: 'config', resource: { type: 'topic', name: 'a' }, value: { 'retention.ms': '5', [throttled]: '0:1' } },
  { kind: 'config', resource: { type: 'broker', name: '' }, value: { 'min.insync.replicas': '1' } },
]
const cluster = clusterOf([{ id: 1 }], setUp)

type Operation = readonly [name: string, operation: keyof typeof alterOperations, value: string | null]

function resource(
  type: keyof typeof resourceTypes,
  name: string,
  ...operations: readonly Operation[]
): ConfigAlteration {
  const configs = operations.map(([name, operation, value]) => ({
    name,
    value,
    configOperation: alterOperations[operation],
  }))
  return { resourceType: resourceTypes[type], resourceName: name, configs }
}

function alter(resources: readonly ConfigAlteration[], incremental = true, validateOnly = false) {
  const config = new BrokerConfig()
  const request = divideAlterConfigs({ resources, incremental, validateOnly, config, brokerId: 1 })
  const { changes, alsoUnchanged, answer } = decideAtOnce(cluster, request)
  return {
    changes,
    alsoUnchanged,
    after: withChanges(cluster, changes),
    answer: answer.map(({ outcome: { errorCode, errorMessage } }) => {
      return errorCode === 0 ? 'ok' : `${errorName(errorCode)} ${errorMessage}`
    }),
  }
}

const topicA = { type: 'topic', name: 'a' } as const

test('single settings are set and deleted, the others stay', () => {
  const { after } = alter([resource('topic', 'a', ['flush.ms', 'set', '7'], ['retention.ms', 'delete', null])])
  assert.deepEqual(overridesOf(after, topicA), { [throttled]: '0:1', 'flush.ms': '7' })
})

test('lists are appended to and subtracted from, others are not lists', () => {
  const grown = alter([resource('topic', 'a', [throttled, 'append', '0:1,1:1'])])
  assert.equal(overridesOf(grown.after, topicA)[throttled], '0:1,1:1')
  const shrunk = alter([resource('topic', 'a', [throttled, 'subtract', '0:1'])])
  assert.equal(overridesOf(shrunk.after, topicA)[throttled], '')
  assert.deepEqual(alter([resource('topic', 'a', ['retention.ms', 'append', '1'])]).answer, [
    "INVALID_CONFIG Can't APPEND to key retention.ms because its type is not LIST.",
  ])
})

test('settings of a topic are set only while it is the same topic', () => {
  const resources = [
    resource('broker', '', ['log.retention.ms', 'set', '5']),
    resource('topic', 'a', ['flush.ms', 'set', '7']),
  ]
  assert.deepEqual(alter(resources).alsoUnchanged, [{ kind: 'topic', name: 'a', value: null }])
})

test('a validation changes nothing and answers the same', () => {
  const resources = [resource('topic', 'a', ['flush.ms', 'set', '7']), resource('topic', 'x', ['flush.ms', 'set', '7'])]
  const { changes, answer } = alter(resources, true, true)
  assert.deepEqual(changes, [])
  assert.deepEqual(answer, alter(resources).answer)
})

test('a whole replaces all that was set', () => {
  const { after } = alter([resource('topic', 'a', ['flush.ms', 'set', '7'])], false)
  assert.deepEqual(overridesOf(after, topicA), { 'flush.ms': '7' })
  assert.equal(alter([resource('topic', 'a')], false).after.configs.has('topic/a'), false)
})

test('what changes nothing writes nothing', () => {
  assert.deepEqual(alter([resource('topic', 'a', ['retention.ms', 'set', '5'])]).changes, [])
})

test('resources are checked', () => {
  const set: Operation = ['retention.ms', 'set', '1']
  assert.deepEqual(
    alter([
      resource('topic', 'x', set),
      resource('topic', '', set),
      resource('topic', 'a b', set),
      resource('group', '', set),
      resource('broker', '7', set),
      resource('broker', 'x', set),
      { ...resource('topic', 'a', set), resourceType: 99 },
    ]).answer,
    [
      "UNKNOWN_TOPIC_OR_PARTITION The topic 'x' does not exist.",
      'INVALID_REQUEST Default topic resources are not allowed.',
      "INVALID_TOPIC_EXCEPTION Topic name is invalid: 'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
      'INVALID_REQUEST Default group resources are not allowed.',
      'INVALID_REQUEST Unexpected broker id, expected 1, but received 7',
      'INVALID_REQUEST Node id must be an integer, but it is: x',
      'INVALID_REQUEST Unknown resource type 99',
    ],
  )
})

test('a request must say each thing once, and with a value', () => {
  const twice = resource('topic', 'a', ['flush.ms', 'set', '1'])
  const refused = 'INVALID_REQUEST Each resource must appear at most once.'
  assert.deepEqual(alter([twice, twice]).answer, [refused, refused])
  assert.deepEqual(
    alter([
      resource('topic', 'a', ['flush.ms', 'set', '1'], ['flush.ms', 'set', '2']),
      resource('broker', '1', ['log.retention.ms', 'set', null]),
    ]).answer,
    [
      'INVALID_REQUEST Error due to duplicate config keys',
      'INVALID_REQUEST Null value not supported for : log.retention.ms',
    ],
  )
})

test('the rate of a throttle is set on one broker or on all, and is no list', () => {
  const rate = 'follower.replication.throttled.rate'
  assert.deepEqual(
    alter([resource('broker', '1', [rate, 'set', '5000']), resource('broker', '', [rate, 'set', '0'])]).answer,
    ['ok', 'ok'],
  )
  const answers = (value: string) => alter([resource('broker', '1', [rate, 'set', value])]).answer[0]
  assert.equal(answers('-1'), `INVALID_REQUEST Invalid value -1 for configuration ${rate}: Value must be at least 0`)
  assert.equal(answers('x'), `INVALID_REQUEST Invalid value x for configuration ${rate}: Not a number of type LONG`)
  assert.deepEqual(alter([resource('broker', '1', [rate, 'append', '5'])]).answer, [
    `INVALID_CONFIG Unknown config name: ${rate}`,
  ])
  assert.equal(
    alter([resource('broker', '1', ['replication.quota.window.num', 'set', '5'])]).answer[0],
    'INVALID_REQUEST Cannot update these configs dynamically: [replication.quota.window.num]',
  )
})

test('a running broker takes what can change while it runs', () => {
  const set = (name: string, value: string) => resource('broker', '1', [name, 'set', value])
  const answers = (name: string, value: string) => alter([set(name, value)]).answer[0]
  assert.equal(answers('log.retention.ms', '1000'), 'ok')
  assert.equal(
    answers('log.retention.hours', '1'),
    'INVALID_REQUEST Cannot update these configs dynamically: [log.retention.hours]',
  )
  assert.equal(
    answers('log.retention.ms', 'x'),
    'INVALID_REQUEST Invalid value x for configuration log.retention.ms: Not a number of type LONG',
  )
  assert.equal(
    answers('min.insync.replicas', '2'),
    'INVALID_CONFIG Broker-level min.insync.replicas cannot be altered while ELR is enabled.',
  )
  assert.deepEqual(
    alter([resource('broker', '1', ['min.insync.replicas', 'delete', null])]).answer,
    ['INVALID_CONFIG Broker-level min.insync.replicas cannot be altered while ELR is enabled.'],
    'even where there is none',
  )
  assert.equal(
    answers('log.preallocate', 'true'),
    'INVALID_CONFIG known to Kafka, not supported by Odradek yet: log.preallocate',
  )
  assert.equal(
    answers('log.retention.m', '1'),
    'INVALID_CONFIG unknown setting log.retention.m: did you mean log.retention.ms?',
  )
})

test('the cluster’s minimum of in-sync replicas can change and not go', () => {
  const { answer } = alter([resource('broker', '', ['min.insync.replicas', 'delete', null])])
  assert.deepEqual(answer, ['INVALID_CONFIG Cluster-level min.insync.replicas cannot be removed while ELR is enabled.'])
  assert.deepEqual(alter([resource('broker', '', ['min.insync.replicas', 'set', '2'])]).answer, ['ok'])
})

test('no name is special to the language', () => {
  const { answer } = alter([resource('topic', 'a', ['__proto__', 'set', 'x'], ['constructor', 'set', 'x'])])
  assert.deepEqual(answer, ['INVALID_CONFIG Unknown topic config name: __proto__'])
})
