import type { CreateTopicsRequest } from '@odradek/protocol'
import type { BrokerConfig } from '../config/broker-config.ts'
import { checkTopicConfig } from '../config/check-topic-config.ts'
import type { ClusterChange, TopicDefinition } from './cluster-change.ts'
import type { ClusterImage, ConfigOverrides } from './cluster-image.ts'
import { type Decision, type Outcome, refusal, success } from './decision.ts'
import { assignedPartition, type NewPartition, placedPartitions } from './partition-assignment.ts'
import { placeReplicas } from './replica-placement.ts'
import { checkTopicName, collidingTopic } from './topic-name.ts'

export type NewTopic = CreateTopicsRequest['topics'][number]

export interface CreateTopicsInput {
  readonly topics: readonly NewTopic[]
  readonly validateOnly: boolean
  readonly config: BrokerConfig
  /** As many random topic ids as topics. */
  readonly topicIds: readonly string[]
  /** By chance, whole, >= 0. */
  readonly seed: number
  /** Settings that a topic of ours needs, past the checks of what clients may set. */
  readonly internalConfig?: ConfigOverrides
}

export type CreatedTopic =
  | { readonly name: string; readonly outcome: Outcome; readonly created: null }
  | {
      readonly name: string
      readonly outcome: typeof success
      readonly created: { readonly definition: TopicDefinition; readonly config: ConfigOverrides }
    }

/** Most partitions that one request may create. */
const partitionsMax = 10_000

/** One answer a topic, in the request's order; duplicates come last, once each. */
export function decideCreateTopics(image: ClusterImage, input: CreateTopicsInput): Decision<CreatedTopic[]> {
  const counts = Map.groupBy(input.topics, topic => topic.name)
  const duplicates = [...counts].filter(([, same]) => same.length > 1).map(([name]) => name)
  const single = input.topics.filter(topic => counts.get(topic.name)?.length === 1)
  const candidates = single.filter(topic => topic.name !== '__cluster_metadata')

  const changes: ClusterChange[] = []
  const answer: CreatedTopic[] = []
  const tooMany = countPartitions(candidates, input.config) > partitionsMax
  for (const topic of candidates) {
    const result = tooMany
      ? refusal('POLICY_VIOLATION', 'Excessively large number of partitions per request.')
      : decideTopic(image, topic, input)
    if ('errorCode' in result) {
      answer.push({ name: topic.name, outcome: result, created: null })
      continue
    }
    const definition: TopicDefinition = {
      topicId: input.topicIds[input.topics.indexOf(topic)] ?? missingTopicId(),
      partitions: result.partitions,
    }
    answer.push({ name: topic.name, outcome: success, created: { definition, config: result.config } })
    changes.push({ kind: 'topic', name: topic.name, value: definition })
    if (Object.keys(result.config).length > 0) {
      changes.push({ kind: 'config', resource: { type: 'topic', name: topic.name }, value: result.config })
    }
  }
  for (const name of duplicates) {
    answer.push({ name, outcome: refusal('INVALID_REQUEST', 'Duplicate topic name.'), created: null })
  }
  if (single.length > candidates.length) {
    const name = '__cluster_metadata'
    const outcome = refusal('INVALID_REQUEST', `Creation of internal topic ${name} is prohibited.`)
    answer.push({ name, outcome, created: null })
  }
  return { changes: input.validateOnly ? [] : changes, answer }
}

function missingTopicId(): never {
  throw new Error('fewer topic ids than topics')
}

function countPartitions(topics: readonly NewTopic[], config: BrokerConfig): number {
  return topics.reduce((sum, { assignments, numPartitions }) => {
    if (assignments.length > 0) return sum + assignments.length
    return sum + (numPartitions === -1 ? config.number('num.partitions') : Math.max(0, numPartitions))
  }, 0)
}

function decideTopic(
  image: ClusterImage,
  topic: NewTopic,
  input: CreateTopicsInput,
): { partitions: readonly NewPartition[]; config: ConfigOverrides } | Outcome {
  const { name } = topic
  if (image.topics.has(name)) return refusal('TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`)
  const badName = checkTopicName(name)
  if (badName !== null) return badName
  const colliding = collidingTopic(name, image.topics.keys())
  if (colliding !== null) {
    return refusal('INVALID_TOPIC_EXCEPTION', `Topic '${name}' collides with existing topic: ${colliding}`)
  }
  const configured = topicConfigOf(topic, input)
  if ('errorCode' in configured) return configured
  const partitions = topic.assignments.length > 0 ? assign(image, topic) : place(image, topic, input)
  return 'errorCode' in partitions ? partitions : { partitions, config: configured.overrides }
}

function topicConfigOf(topic: NewTopic, input: CreateTopicsInput): { readonly overrides: ConfigOverrides } | Outcome {
  const missing = topic.configs.filter(({ value }) => value === null)
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(',')
    return refusal('INVALID_CONFIG', `Null value not supported for topic configs: ${names}`)
  }
  const overrides = Object.fromEntries(topic.configs.map(({ name, value }) => [name, value ?? '']))
  const problem = checkTopicConfig(input.config, overrides, {})
  if (problem !== null) return refusal('INVALID_CONFIG', problem)
  return { overrides: { ...overrides, ...input.internalConfig } }
}

function assign(image: ClusterImage, topic: NewTopic): NewPartition[] | Outcome {
  for (const [field, value] of [
    ['replication factor', topic.replicationFactor],
    ['numPartitions', topic.numPartitions],
  ] as const) {
    if (value === -1) continue
    return refusal('INVALID_REQUEST', `A manual partition assignment was specified, but ${field} was not set to -1.`)
  }
  const partitions = new Map<number, NewPartition>()
  let replicationFactor: number | null = null
  for (const { partitionIndex: index, brokerIds: replicas } of topic.assignments) {
    if (partitions.has(index)) {
      return refusal('INVALID_REPLICA_ASSIGNMENT', `Found multiple manual partition assignments for partition ${index}`)
    }
    const partition = assignedPartition(image, { index, replicas, replicationFactor })
    if ('errorCode' in partition) return partition
    replicationFactor = replicas.length
    partitions.set(index, partition)
  }
  const ordered = Array.from(partitions, (_, index) => partitions.get(index)).filter(
    partition => partition !== undefined,
  )
  if (ordered.length === partitions.size) return ordered
  return refusal('INVALID_REPLICA_ASSIGNMENT', 'partitions should be a consecutive 0-based integer sequence')
}

function place(image: ClusterImage, topic: NewTopic, { config, seed }: CreateTopicsInput): NewPartition[] | Outcome {
  if (topic.replicationFactor < -1 || topic.replicationFactor === 0) {
    return refusal(
      'INVALID_REPLICATION_FACTOR',
      'Replication factor must be larger than 0, or -1 to use the default value.',
    )
  }
  if (topic.numPartitions < -1 || topic.numPartitions === 0) {
    return refusal('INVALID_PARTITIONS', 'Number of partitions was set to an invalid non-positive value.')
  }
  const partitions = topic.numPartitions === -1 ? config.number('num.partitions') : topic.numPartitions
  const replicationFactor =
    topic.replicationFactor === -1 ? config.number('default.replication.factor') : topic.replicationFactor
  const placed = placeReplicas(image, { partitions, replicationFactor, seed })
  if (typeof placed !== 'string') return placedPartitions(image, placed)
  return refusal(
    'INVALID_REPLICATION_FACTOR',
    `Unable to replicate the partition ${replicationFactor} time(s): ${placed}`,
  )
}
