import { type DeleteTopicsRequest, errorCodes, zeroUuid } from '@odradek/protocol'
import type { ClusterChange } from './cluster-change.ts'
import type { ClusterImage, TopicImage } from './cluster-image.ts'
import { type Decision, type Outcome, refusal, success, unknownTopic, unknownTopicId } from './decision.ts'

export type TopicToDelete = DeleteTopicsRequest['topics'][number]

export interface DeletedTopic {
  readonly name: string | null
  readonly topicId: string
  readonly outcome: Outcome
}

/** Topics by name or by id, each once; what is asked for twice is not deleted at all. */
export function decideDeleteTopics(image: ClusterImage, topics: readonly TopicToDelete[]): Decision<DeletedTopic[]> {
  const answer: DeletedTopic[] = []
  const refuse = (name: string | null, topicId: string, outcome: Outcome) => answer.push({ name, topicId, outcome })
  const names: string[] = []
  const ids: string[] = []
  for (const { name, topicId } of topics) {
    if (name === null && topicId === zeroUuid) {
      refuse(null, zeroUuid, refusal('INVALID_REQUEST', 'Neither topic name nor id were specified.'))
    } else if (name === null) ids.push(topicId)
    else if (topicId === zeroUuid) names.push(name)
    else refuse(name, topicId, refusal('INVALID_REQUEST', 'You may not specify both topic name and topic id.'))
  }
  const uniqueNames = withoutDuplicates(names)
  const uniqueIds = withoutDuplicates(ids)
  for (const name of uniqueNames.duplicates) {
    refuse(name, zeroUuid, refusal('INVALID_REQUEST', 'Duplicate topic name.'))
  }
  for (const id of uniqueIds.duplicates) refuse(null, id, refusal('INVALID_REQUEST', 'Duplicate topic id.'))

  const found = new Map<string, TopicImage>()
  for (const id of uniqueIds.single) {
    const topic = image.topicsById.get(id)
    if (topic === undefined) refuse(null, id, unknownTopicId)
    else found.set(id, topic)
  }
  for (const name of uniqueNames.single) {
    const topic = image.topics.get(name)
    if (topic === undefined) refuse(name, zeroUuid, unknownTopic)
    else if (found.delete(topic.topicId) || uniqueIds.duplicates.has(topic.topicId)) {
      const message = 'The provided topic name maps to an ID that was already supplied.'
      refuse(name, topic.topicId, refusal('INVALID_REQUEST', message))
    } else found.set(topic.topicId, topic)
  }
  const changes: ClusterChange[] = []
  const leftovers: ClusterChange[] = []
  for (const topic of found.values()) {
    answer.push({ name: topic.name, topicId: topic.topicId, outcome: success })
    changes.push(...removalOf(image, topic))
    leftovers.push(...statesOf(topic))
  }
  return { changes, leftovers, answer }
}

/** Without the topic its partitions' states mean nothing: no topic gets its id again. */
function removalOf(image: ClusterImage, topic: TopicImage): ClusterChange[] {
  const changes: ClusterChange[] = [{ kind: 'topic', name: topic.name, value: null }]
  if (image.configs.has(`topic/${topic.name}`)) {
    changes.push({ kind: 'config', resource: { type: 'topic', name: topic.name }, value: null })
  }
  return changes
}

function statesOf({ topicId, partitions }: TopicImage): ClusterChange[] {
  // Only a partition that has changed since its birth has an entity of its own.
  return partitions.flatMap(({ partitionEpoch }, index) =>
    partitionEpoch > 0 ? [{ kind: 'partition' as const, topicId, index, value: null }] : [],
  )
}

function withoutDuplicates(values: readonly string[]): { single: Set<string>; duplicates: Set<string> } {
  const single = new Set<string>()
  const duplicates = new Set<string>()
  for (const value of values) {
    if (duplicates.has(value)) continue
    if (single.delete(value)) duplicates.add(value)
    else single.add(value)
  }
  return { single, duplicates }
}

/** For brokers on which delete.topic.enable is off. */
export function refuseDeletion(topics: readonly TopicToDelete[]): DeletedTopic[] {
  const outcome = { errorCode: errorCodes.TOPIC_DELETION_DISABLED, errorMessage: 'Topic deletion is disabled.' }
  return topics.map(({ name, topicId }) => ({ name, topicId, outcome }))
}
