import type { CreateTopicsRequest } from '@odradek/protocol'
import type { BrokerConfig } from '../config/broker-config.ts'
import { checkTopicConfig } from '../config/check-topic-config.ts'
import type { ClusterChange, TopicDefinition } from './cluster-change.ts'
import type { ClusterImage, ConfigOverrides } from './cluster-image.ts'
import { type Decision, type DivisibleRequest, type Outcome, refusal, success } from './decision.ts'
import { assignedPartition, type NewPartition, placedPartitions } from './partition-assignment.ts'
import { placeReplicas } from './replica-placement.ts'
import { CollidingNames, checkTopicName } from './topic-name.ts'

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

/** What the request as a whole does not rule out, with what chance gives it. */
interface TopicToCreate {
  readonly topic: NewTopic
  readonly topicId: string
  /** Where the round of those that are decided together begins, if this is the first of them. */
  readonly seed: number
}

/** One answer a topic, in the request's order; what the request as a whole rules out comes last, once each. */
export function divideCreateTopics(input: CreateTopicsInput): DivisibleRequest<TopicToCreate, CreatedTopic> {
  const byName = Map.groupBy(input.topics, topic => topic.name)
  const candidates: TopicToCreate[] = []
  for (const [position, topic] of input.topics.entries()) {
    if (topic.name === metadataTopic || byName.get(topic.name)?.length !== 1) continue
    const topicId = input.topicIds[position] ?? missingTopicId()
    candidates.push({ topic, topicId, seed: input.seed + position })
  }
  const tooMany = countPartitions(candidates, input.config) > partitionsMax
  const refused = [...(tooMany ? candidates.map(refuseTooMany) : []), ...refuseNames(byName)]
  const ownIds = new Set(input.topicIds)
  return {
    items: tooMany ? [] : candidates,
    decide: (image, items) => decideTopics(image, items, { ...input, ownIds }),
    answer: created => [...created, ...refused],
  }
}

const metadataTopic = '__cluster_metadata'

function missingTopicId(): never {
  throw new Error('fewer topic ids than topics')
}

function countPartitions(topics: readonly TopicToCreate[], config: BrokerConfig): number {
  return topics.reduce((sum, { topic: { assignments, numPartitions } }) => {
    if (assignments.length > 0) return sum + assignments.length
    return sum + (numPartitions === -1 ? config.number('num.partitions') : Math.max(0, numPartitions))
  }, 0)
}

function refuseTooMany({ topic: { name } }: TopicToCreate): CreatedTopic {
  const outcome = refusal('POLICY_VIOLATION', 'Excessively large number of partitions per request.')
  return { name, outcome, created: null }
}

function refuseNames(byName: ReadonlyMap<string, readonly NewTopic[]>): CreatedTopic[] {
  const refused: CreatedTopic[] = []
  for (const [name, { length }] of byName) {
    if (length > 1) refused.push({ name, outcome: refusal('INVALID_REQUEST', 'Duplicate topic name.'), created: null })
  }
  if (byName.get(metadataTopic)?.length === 1) {
    const outcome = refusal('INVALID_REQUEST', `Creation of internal topic ${metadataTopic} is prohibited.`)
    refused.push({ name: metadataTopic, outcome, created: null })
  }
  return refused
}

function decideTopics(
  image: ClusterImage,
  items: readonly TopicToCreate[],
  input: CreateTopicsInput & { readonly ownIds: ReadonlySet<string> },
): Decision<CreatedTopic[]> {
  const changes: ClusterChange[] = []
  const answer: CreatedTopic[] = []
  // As in Kafka, `a.b` and `a_b` exclude each other unless one request creates both, of which a part may be there already.
  const others = image.topics.values().filter(({ topicId }) => !input.ownIds.has(topicId))
  const colliding = new CollidingNames(others.map(({ name }) => name))
  const seed = items[0]?.seed ?? input.seed
  let placedBefore = 0
  for (const { topic, topicId } of items) {
    const { name } = topic
    const result = decideTopic(image, topic, { ...input, colliding, seed, placedBefore })
    if ('errorCode' in result) {
      answer.push({ name, outcome: result, created: null })
      continue
    }
    if (topic.assignments.length === 0) placedBefore += result.partitions.length
    const definition: TopicDefinition = { topicId, partitions: result.partitions }
    answer.push({ name, outcome: success, created: { definition, config: result.config } })
    changes.push({ kind: 'topic', name, value: definition })
    if (Object.keys(result.config).length > 0) {
      changes.push({ kind: 'config', resource: { type: 'topic', name }, value: result.config })
    }
  }
  return { changes: input.validateOnly ? [] : changes, answer }
}

interface TopicInput extends CreateTopicsInput {
  readonly colliding: CollidingNames
  readonly placedBefore: number
}

function decideTopic(
  image: ClusterImage,
  topic: NewTopic,
  input: TopicInput,
): { partitions: readonly NewPartition[]; config: ConfigOverrides } | Outcome {
  const { name } = topic
  if (image.topics.has(name)) return refusal('TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`)
  const badName = checkTopicName(name)
  if (badName !== null) return badName
  const colliding = input.colliding.with(name)
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

function place(
  image: ClusterImage,
  topic: NewTopic,
  { config, seed, placedBefore }: TopicInput,
): NewPartition[] | Outcome {
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
  const placed = placeReplicas(image, { partitions, replicationFactor, seed, placedBefore })
  if (typeof placed !== 'string') return placedPartitions(image, placed)
  return refusal(
    'INVALID_REPLICATION_FACTOR',
    `Unable to replicate the partition ${replicationFactor} time(s): ${placed}`,
  )
}
