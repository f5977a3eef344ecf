/** What only looks: metadata, configuration, log directories, the quorum, quotas. */
import {
  apiVersionsRequest,
  apiVersionsResponse,
  describeClientQuotasRequest,
  describeClientQuotasResponse,
  describeClusterRequest,
  describeClusterResponse,
  describeConfigsRequest,
  describeConfigsResponse,
  describeLogDirsRequest,
  describeLogDirsResponse,
  describeQuorumRequest,
  describeQuorumResponse,
  describeTopicPartitionsRequest,
  describeTopicPartitionsResponse,
  listConfigResourcesRequest,
  listConfigResourcesResponse,
  metadataRequest,
  metadataResponse,
} from '@odradek/protocol'
import { ask, type Step } from '../step.ts'
import { askAny, nonEmpty, type Scope, somePartition, someTopic, versionOf } from './scope.ts'

export function apiVersions(scope: Scope): Step[] {
  const { random } = scope
  const name = random.mostly('differential', ['', 'bad name!', '-x'], 0.7)
  const api = { request: apiVersionsRequest, response: apiVersionsResponse }
  // The answer to a version that the broker does not have comes in the form of version 0.
  if (random.chance(0.2)) return [ask(api, 0, () => ({}), { claimedVersion: random.pick([5, 99, 32_767]) })]
  return [askAny(scope, api, () => () => ({ clientSoftwareName: name, clientSoftwareVersion: '1.0' }))]
}

export function metadata(scope: Scope): Step[] {
  const { random } = scope
  const name = someTopic(scope)
  const how = random.pick(['name', 'name', 'id', 'all', 'none', 'odd'])
  const odd = random.pick(['', 'a b', 'n'.repeat(250)])
  const operations = random.chance(0.3)
  const api = { request: metadataRequest, response: metadataResponse }
  const version = versionOf(scope, api)
  return [
    ask(
      api,
      version,
      world => {
        const common = {
          ...(version >= 4 ? { allowAutoTopicCreation: false } : {}),
          ...(version >= 8 ? { includeTopicAuthorizedOperations: operations } : {}),
          ...(version >= 8 && version <= 10 ? { includeClusterAuthorizedOperations: operations } : {}),
        }
        // Before v4 a missing topic would be created by asking for it.
        const safe = version >= 4 ? name : (scope.topics[0]?.name ?? name)
        if (how === 'all') return { ...common, topics: version === 0 ? [] : null }
        if (how === 'none' && version > 0) return { ...common, topics: [] }
        if (how === 'odd' && version >= 4) return { ...common, topics: [{ name: odd }] }
        if (how !== 'id' || version < 12) return { ...common, topics: [{ name: safe }] }
        const topicId = world.topicId(name)
        return { ...common, topics: [{ name: null, topicId }] }
      },
      {
        learn(answer, world) {
          const safe = scope.topics[0]?.name ?? ''
          // A topic that was deleted meanwhile is back.
          if (version < 4 && answer.topics.some(topic => topic.name === safe))
            world.expect({ topic: safe, partitions: 1 })
        },
      },
    ),
  ]
}

export function describeTopicPartitions(scope: Scope): Step[] {
  const { random } = scope
  const names = scope.topics.map(topic => topic.name)
  const topics = random.some(nonEmpty([...names, `${scope.prefix}missing`], ''))
  const responsePartitionLimit = random.mostly(2_000, [1, 2, 0, -1], 0.6)
  const cursor = random.mostly(
    null,
    [
      { topicName: names[0] ?? '', partitionIndex: 1 },
      { topicName: names[0] ?? '', partitionIndex: -1 },
      { topicName: `${scope.prefix}zz`, partitionIndex: 0 },
    ],
    0.7,
  )
  const api = { request: describeTopicPartitionsRequest, response: describeTopicPartitionsResponse }
  return [
    askAny(scope, api, () => () => ({
      // Kafka pages through the topics in the order of their names, as they come here too.
      topics: topics.sort().map(name => ({ name })),
      responsePartitionLimit,
      cursor,
    })),
  ]
}

export function describeCluster(scope: Scope): Step[] {
  const { random } = scope
  const includeClusterAuthorizedOperations = random.chance(0.5)
  const endpointType = random.mostly(1, [2, 0, 9], 0.7)
  const includeFencedBrokers = random.chance(0.5)
  const api = { request: describeClusterRequest, response: describeClusterResponse }
  return [
    askAny(scope, api, version => () => ({
      includeClusterAuthorizedOperations,
      ...(version >= 1 ? { endpointType } : {}),
      ...(version >= 2 ? { includeFencedBrokers } : {}),
    })),
  ]
}

export function describeConfigs(scope: Scope): Step[] {
  const { random } = scope
  const keys = random.mostly<string[] | null>(null, [['retention.ms'], ['no.such.setting', 'cleanup.policy'], []], 0.5)
  const resource = random.mostly(
    { resourceType: 2, resourceName: someTopic(scope), configurationKeys: keys },
    [
      { resourceType: 4, resourceName: '1', configurationKeys: ['log.retention.hours', 'num.partitions', 'node.id'] },
      { resourceType: 4, resourceName: '', configurationKeys: ['log.retention.hours', 'num.partitions'] },
      { resourceType: 4, resourceName: '99', configurationKeys: null },
      { resourceType: 4, resourceName: 'one', configurationKeys: null },
      { resourceType: 32, resourceName: `${scope.prefix}group`, configurationKeys: null },
      { resourceType: 77, resourceName: 'x', configurationKeys: null },
      { resourceType: 2, resourceName: '', configurationKeys: null },
    ],
    0.75,
  )
  const includeSynonyms = random.chance(0.5)
  const includeDocumentation = random.chance(0.2)
  return [
    askAny(scope, { request: describeConfigsRequest, response: describeConfigsResponse }, version => () => ({
      resources: [resource],
      includeSynonyms,
      ...(version >= 3 ? { includeDocumentation } : {}),
    })),
  ]
}

export function listConfigResources(scope: Scope): Step[] {
  const resourceTypes = scope.random.mostly<number[]>([], [[2], [4], [32], [16], [2, 32], [99]], 0.4)
  const api = { request: listConfigResourcesRequest, response: listConfigResourcesResponse }
  return [askAny(scope, api, version => () => (version >= 1 ? { resourceTypes } : {}))]
}

export function describeLogDirs(scope: Scope): Step[] {
  const topic = someTopic(scope)
  const partitions = [...new Set([somePartition(scope, topic), somePartition(scope, topic)])]
  const topics = scope.random.mostly<{ topic: string; partitions: number[] }[] | null>(
    [{ topic, partitions }],
    [null, []],
  )
  const api = { request: describeLogDirsRequest, response: describeLogDirsResponse }
  return [askAny(scope, api, () => () => ({ topics }))]
}

export function describeQuorum(scope: Scope): Step[] {
  const topicName = scope.random.mostly('__cluster_metadata', [`${scope.prefix}missing`], 0.9)
  const partitionIndex = scope.random.mostly(0, [1], 0.9)
  const api = { request: describeQuorumRequest, response: describeQuorumResponse }
  return [askAny(scope, api, () => () => ({ topics: [{ topicName, partitions: [{ partitionIndex }] }] }))]
}

export function describeClientQuotas(scope: Scope): Step[] {
  const { random } = scope
  const component = random.pick([
    { entityType: 'user', matchType: 0, match: 'somebody' },
    { entityType: 'client-id', matchType: 1, match: null },
    { entityType: 'ip', matchType: 2, match: null },
    { entityType: 'nonsense', matchType: 0, match: 'x' },
    { entityType: 'user', matchType: 9, match: null },
    { entityType: '', matchType: 2, match: null },
  ])
  const components = random.mostly([component], [[]], 0.8)
  const strict = random.chance(0.5)
  const api = { request: describeClientQuotasRequest, response: describeClientQuotasResponse }
  return [askAny(scope, api, () => () => ({ components, strict }))]
}

/** A version that no broker has: the connection is closed, or for old ones refused in some other way. */
export function unknownVersion(scope: Scope): Step[] {
  const { random } = scope
  const api = { request: metadataRequest, response: metadataResponse }
  const version = versionOf(scope, api)
  return [ask(api, version, () => ({ topics: [] }), { claimedVersion: random.pick([14, 99, -1]), connection: 9 })]
}
