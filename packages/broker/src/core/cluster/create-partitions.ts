import type { CreatePartitionsRequest } from '@odradek/protocol'
import { errorCodes } from '@odradek/protocol'
import type { ClusterChange, TopicDefinition } from './cluster-change.ts'
import type { ClusterImage, TopicImage } from './cluster-image.ts'
import { type Decision, type DivisibleRequest, type Outcome, refusal, success } from './decision.ts'
import { assignedPartition, type NewPartition, placedPartitions } from './partition-assignment.ts'
import { placeReplicas } from './replica-placement.ts'

export type TopicToGrow = CreatePartitionsRequest['topics'][number]

export interface GrownTopic {
  readonly name: string
  readonly outcome: Outcome
}

export interface CreatePartitionsInput {
  readonly topics: readonly TopicToGrow[]
  readonly validateOnly: boolean
  readonly seed: number
}

interface Growth {
  readonly request: TopicToGrow
  /** Where the round of those that are decided together begins, if this is the first of them. */
  readonly seed: number
}

/** Duplicates are answered first, once each. */
export function divideCreatePartitions(input: CreatePartitionsInput): DivisibleRequest<Growth, GrownTopic> {
  const byName = Map.groupBy(input.topics, topic => topic.name)
  const refused: GrownTopic[] = []
  const items: Growth[] = []
  for (const [name, [request, ...more]] of byName) {
    if (more.length > 0) refused.push({ name, outcome: refusal('INVALID_REQUEST', 'Duplicate topic name.') })
    else if (request !== undefined) items.push({ request, seed: input.seed + items.length })
  }
  return {
    items,
    decide: (image, part) => decideGrowths(image, part, input),
    answer: grown => [...refused, ...grown],
  }
}

function decideGrowths(
  image: ClusterImage,
  items: readonly Growth[],
  input: CreatePartitionsInput,
): Decision<GrownTopic[]> {
  const changes: ClusterChange[] = []
  const answer: GrownTopic[] = []
  const seed = items[0]?.seed ?? input.seed
  let placedBefore = 0
  for (const { request } of items) {
    const { name } = request
    const topic = image.topics.get(name)
    const added =
      topic === undefined ? unknownTopic : decideNewPartitions(image, topic, request, { seed, placedBefore })
    if (topic === undefined || 'errorCode' in added) {
      answer.push({ name, outcome: 'errorCode' in added ? added : unknownTopic })
      continue
    }
    if (request.assignments === null) placedBefore += added.length
    const partitions = [...topic.partitions.map(asDefinition), ...added]
    changes.push({ kind: 'topic', name, value: { topicId: topic.topicId, partitions } })
    answer.push({ name, outcome: success })
  }
  return { changes: input.validateOnly ? [] : changes, answer }
}

function asDefinition({
  replicas,
  leader,
  isr,
}: TopicImage['partitions'][number]): TopicDefinition['partitions'][number] {
  return { replicas, leader, isr }
}

function decideNewPartitions(
  image: ClusterImage,
  topic: TopicImage,
  { name, count, assignments }: TopicToGrow,
  round: { readonly seed: number; readonly placedBefore: number },
): NewPartition[] | Outcome {
  const present = topic.partitions.length
  if (count === present) return refusal('INVALID_PARTITIONS', `Topic already has ${present} partition(s).`)
  if (count < present) {
    return refusal(
      'INVALID_PARTITIONS',
      `The topic ${name} currently has ${present} partition(s); ${count} would not be an increase.`,
    )
  }
  const additional = count - present
  if (assignments !== null && assignments.length !== additional) {
    return refusal(
      'INVALID_REPLICA_ASSIGNMENT',
      `Attempted to add ${additional} additional partition(s), but only ${assignments.length} assignment(s) were specified.`,
    )
  }
  const replicationFactor = topic.partitions[0]?.replicas.length ?? 1
  if (assignments === null) {
    if (additional > partitionsMax) return tooMany
    const placed = placeReplicas(image, { partitions: additional, replicationFactor, ...round })
    if (typeof placed === 'string') return refusal('INVALID_REPLICATION_FACTOR', placed)
    return placedPartitions(image, placed)
  }
  const added: NewPartition[] = []
  for (const [offset, { brokerIds }] of assignments.entries()) {
    const partition = assignedPartition(image, { index: present + offset, replicas: brokerIds, replicationFactor })
    if ('errorCode' in partition) return partition
    added.push(partition)
  }
  return added
}

// Both go without a message in Kafka.
const unknownTopic: Outcome = { errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: null }
const tooMany: Outcome = { errorCode: errorCodes.UNKNOWN_SERVER_ERROR, errorMessage: null }
/** Most partitions that one request may add. */
const partitionsMax = 10_000
