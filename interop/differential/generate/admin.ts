/** Topics and their configuration: what a controller does. */
import {
  alterConfigsRequest,
  alterConfigsResponse,
  createPartitionsRequest,
  createPartitionsResponse,
  createTopicsRequest,
  createTopicsResponse,
  deleteTopicsRequest,
  deleteTopicsResponse,
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
  updateFeaturesRequest,
  updateFeaturesResponse,
} from '@odradek/protocol'
import type { Random } from '../random.ts'
import { ask, pause, type Step } from '../step.ts'
import { askAny, type Scope, someTopic, versionOf } from './scope.ts'

const createApi = { request: createTopicsRequest, response: createTopicsResponse }
/** Kafka's broker applies a changed configuration a moment after the controller has answered. */
const configDelayMs = 200
const deletionDelayMs = 200

/** The topic that most sequences begin with. */
export function createTopic(scope: Scope, letter: string): Step[] {
  const { random } = scope
  const plan = { name: `${scope.prefix}${letter}`, partitions: random.int(1, 3) }
  scope.topics.push(plan)
  const configs = random.chance(0.2) ? [planConfig(random)].filter(config => isSound(config)) : []
  const version = versionOf(scope, createApi)
  return [
    ask(
      createApi,
      version,
      () => ({
        topics: [{ name: plan.name, numPartitions: plan.partitions, replicationFactor: 1, assignments: [], configs }],
        timeoutMs: 10_000,
        validateOnly: false,
      }),
      { learn: (_, world) => world.expect({ topic: plan.name, partitions: plan.partitions }) },
    ),
  ]
}

interface ConfigPlan {
  readonly name: string
  readonly value: string | null
}

function planConfig(random: Random): ConfigPlan {
  return random.pick<ConfigPlan>([
    { name: 'retention.ms', value: '3600000' },
    { name: 'retention.ms', value: '-1' },
    { name: 'max.message.bytes', value: '1000' },
    { name: 'message.timestamp.type', value: 'LogAppendTime' },
    { name: 'compression.type', value: 'gzip' },
    { name: 'segment.bytes', value: '2000000' },
    { name: 'min.insync.replicas', value: '1' },
    { name: 'cleanup.policy', value: 'delete' },
    { name: 'message.timestamp.before.max.ms', value: '1000' },
    { name: 'retention.ms', value: '-2' },
    { name: 'retention.ms', value: 'soon' },
    { name: 'retention.ms', value: null },
    { name: 'segment.bytes', value: '5' },
    { name: 'cleanup.policy', value: 'burn' },
    { name: 'compression.type', value: 'bzip2' },
    { name: 'no.such.setting', value: '1' },
    { name: '', value: 'x' },
  ])
}

function isSound({ name, value }: ConfigPlan): boolean {
  return ['3600000', '1000', 'LogAppendTime', 'gzip', '2000000', 'delete'].includes(value ?? '') && name !== ''
}

const oddNames = ['', '.', '..', 'a b', 'a/b', 'n'.repeat(250), 'ä'] as const

export function createTopics(scope: Scope): Step[] {
  const { random } = scope
  const name = random.mostly(`${scope.prefix}${random.pick(['a', 'b', 'c', 'd'])}`, oddNames, 0.75)
  const numPartitions = random.mostly(random.int(1, 4), [-1, 0, -2], 0.8)
  const replicationFactor = random.mostly(1, [-1, 0, 2, -2], 0.8)
  const assignments = random.mostly<{ partitionIndex: number; brokerIds: number[] }[]>(
    [],
    [
      [{ partitionIndex: 0, brokerIds: [1] }],
      [{ partitionIndex: 1, brokerIds: [1] }],
      [{ partitionIndex: 0, brokerIds: [1, 1] }],
      [{ partitionIndex: 0, brokerIds: [99] }],
      [{ partitionIndex: 0, brokerIds: [] }],
    ],
    0.85,
  )
  const configs = random.chance(0.3) ? [planConfig(random)] : []
  const validateOnly = random.chance(0.2)
  const twice = random.chance(0.05)
  const version = versionOf(scope, createApi)
  const counts = random.chance(0.5) && assignments.length > 0 ? { numPartitions: -1, replicationFactor: -1 } : {}
  const topic = { name, numPartitions, replicationFactor, assignments, configs, ...counts }
  return [
    ask(createApi, version, () => ({ topics: twice ? [topic, topic] : [topic], timeoutMs: 10_000, validateOnly }), {
      learn(answer, world) {
        const done = answer.topics.find(one => one.name === name)
        if (done?.errorCode === 0 && !validateOnly) world.expect({ topic: name, partitions: 1 })
      },
    }),
  ]
}

export function deleteTopics(scope: Scope): Step[] {
  const name = someTopic(scope)
  const byId = scope.random.chance(0.5)
  const both = scope.random.chance(0.05)
  return [
    askAny(
      scope,
      { request: deleteTopicsRequest, response: deleteTopicsResponse },
      version => world => {
        if (version < 6) return { topicNames: [name], timeoutMs: 10_000 }
        const topicId = world.topicId(name)
        const topics = both ? [{ name, topicId }] : [byId ? { name: null, topicId } : { name }]
        return { topics, timeoutMs: 10_000 }
      },
      {
        learn(answer, world) {
          if (answer.responses.some(one => one.errorCode === 0)) world.expect({ topic: name, partitions: null })
        },
      },
    ),
    // Kafka's group coordinator forgets the topic's offsets a moment later.
    pause(deletionDelayMs),
  ]
}

export function createPartitions(scope: Scope): Step[] {
  const { random } = scope
  const name = someTopic(scope)
  const count = random.mostly(random.int(2, 5), [0, 1, -1], 0.8)
  const assignments = random.mostly<{ brokerIds: number[] }[] | null>(
    null,
    [[{ brokerIds: [1] }], [{ brokerIds: [9] }], [{ brokerIds: [] }]],
    0.85,
  )
  const validateOnly = random.chance(0.2)
  return [
    askAny(
      scope,
      { request: createPartitionsRequest, response: createPartitionsResponse },
      () => () => ({ topics: [{ name, count, assignments }], timeoutMs: 10_000, validateOnly }),
      {
        learn(answer, world) {
          if (!validateOnly && answer.results[0]?.errorCode === 0) world.expect({ topic: name, partitions: count })
        },
      },
    ),
  ]
}

/** Topics only: a broker's settings would change what other sequences see. */
function planResource(scope: Scope): { resourceType: number; resourceName: string } {
  return scope.random.mostly(
    { resourceType: 2, resourceName: someTopic(scope) },
    [
      { resourceType: 2, resourceName: '' },
      { resourceType: 4, resourceName: '99' },
      { resourceType: 4, resourceName: 'x' },
      { resourceType: 77, resourceName: 'a' },
    ],
    0.9,
  )
}

export function alterConfigs(scope: Scope): Step[] {
  const { random } = scope
  const configs = Array.from({ length: random.int(0, 2) }, () => planConfig(random))
  const resources = [{ ...planResource(scope), configs: distinct(configs) }]
  const validateOnly = random.chance(0.2)
  const api = { request: alterConfigsRequest, response: alterConfigsResponse }
  return [askAny(scope, api, () => () => ({ resources, validateOnly })), pause(configDelayMs)]
}

export function incrementalAlterConfigs(scope: Scope): Step[] {
  const { random } = scope
  const configs = Array.from({ length: random.int(0, 2) }, () => {
    const list = random.chance(0.15)
    const config = list ? { name: 'cleanup.policy', value: random.pick(['delete', 'burn']) } : planConfig(random)
    return { ...config, configOperation: list ? random.pick([2, 3, 0]) : random.mostly(0, [1, 2, 3, 9], 0.7) }
  })
  // Beside other mistakes it depends on a hash table whether an unknown operation is the first to be found.
  const unknown = configs.find(config => config.configOperation === 9)
  const asked = unknown !== undefined ? [unknown] : random.chance(0.95) ? distinct(configs) : configs
  const resources = [{ ...planResource(scope), configs: asked }]
  const validateOnly = random.chance(0.2)
  const api = { request: incrementalAlterConfigsRequest, response: incrementalAlterConfigsResponse }
  return [askAny(scope, api, () => () => ({ resources, validateOnly })), pause(configDelayMs)]
}

function distinct<T extends { name: string }>(configs: readonly T[]): T[] {
  return [...new Map(configs.map(config => [config.name, config])).values()]
}

/** Only what both refuse or what is a dry run: a feature level is the whole cluster's. */
export function updateFeatures(scope: Scope): Step[] {
  const { random } = scope
  const feature = random.pick(['no.such.feature', 'metadata.version', ''])
  const maxVersionLevel = feature === 'metadata.version' ? random.pick([1_000, -3]) : random.pick([0, 1, -1])
  const upgradeType = random.mostly(1, [2, 3, 0, 9], 0.7)
  return [
    askAny(scope, { request: updateFeaturesRequest, response: updateFeaturesResponse }, version => () => ({
      timeoutMs: 5_000,
      featureUpdates: [{ feature, maxVersionLevel, ...(version >= 1 ? { upgradeType } : {}) }],
      ...(version >= 1 ? { validateOnly: true } : {}),
    })),
  ]
}
