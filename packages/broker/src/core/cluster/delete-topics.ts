import { type DeleteTopicsRequest, errorCodes, zeroUuid } from '@odradek/protocol'
import type { ClusterChange } from './cluster-change.ts'
import { type ClusterImage, configKey, type TopicImage } from './cluster-image.ts'
import {
  type Decision,
  type DivisibleRequest,
  type Outcome,
  refusal,
  success,
  unknownTopic,
  unknownTopicId,
} from './decision.ts'

export type TopicToDelete = DeleteTopicsRequest['topics'][number]

export interface DeletedTopic {
  readonly name: string | null
  readonly topicId: string
  readonly outcome: Outcome
}

/** Topics by name or by id, each once; what is asked for twice is not deleted at all. */
export function divideDeleteTopics(topics: readonly TopicToDelete[]): DivisibleRequest<TopicToDelete, DeletedTopic> {
  const refused: DeletedTopic[] = []
  const refuse = (name: string | null, topicId: string, message: string) =>
    refused.push({ name, topicId, outcome: refusal('INVALID_REQUEST', message) })
  const names: string[] = []
  const ids: string[] = []
  for (const { name, topicId } of topics) {
    if (name === null && topicId === zeroUuid) refuse(null, zeroUuid, 'Neither topic name nor id were specified.')
    else if (name === null) ids.push(topicId)
    else if (topicId === zeroUuid) names.push(name)
    else refuse(name, topicId, 'You may not specify both topic name and topic id.')
  }
  const uniqueNames = withoutDuplicates(names)
  const uniqueIds = withoutDuplicates(ids)
  for (const name of uniqueNames.duplicates) refuse(name, zeroUuid, 'Duplicate topic name.')
  for (const id of uniqueIds.duplicates) refuse(null, id, 'Duplicate topic id.')
  const byId = [...uniqueIds.single].map(topicId => ({ name: null, topicId }))
  const byName = [...uniqueNames.single].map(name => ({ name, topicId: zeroUuid }))
  const asked = { names: uniqueNames.single, ids: new Set(ids) }
  return {
    items: [...byId, ...byName],
    decide: (image, items) => decideDeletions(image, items, asked),
    answer: deleted => [...refused, ...deleted],
  }
}

/** Refusals come first. `asked`: all of the request, of which the items may be a part. */
function decideDeletions(
  image: ClusterImage,
  items: readonly TopicToDelete[],
  asked: { readonly names: ReadonlySet<string>; readonly ids: ReadonlySet<string> },
): Decision<DeletedTopic[]> {
  const refused: DeletedTopic[] = []
  const found: TopicImage[] = []
  for (const item of items) {
    const topic = item.name === null ? image.topicsById.get(item.topicId) : image.topics.get(item.name)
    if (topic === undefined) {
      refused.push({ ...item, outcome: item.name === null ? unknownTopicId : unknownTopic })
    } else if (item.name === null) {
      // What is asked for by its name, too, is answered there.
      if (!asked.names.has(topic.name)) found.push(topic)
    } else if (asked.ids.has(topic.topicId)) {
      const message = 'The provided topic name maps to an ID that was already supplied.'
      refused.push({ name: item.name, topicId: topic.topicId, outcome: refusal('INVALID_REQUEST', message) })
    } else {
      found.push(topic)
    }
  }
  const deleted = found.map(({ name, topicId }) => ({ name, topicId, outcome: success }))
  const removals = found.map(({ name }) => removalOf(image, name))
  return {
    changes: removals.flatMap(({ changes }) => changes),
    alsoUnchanged: removals.flatMap(({ alsoUnchanged }) => alsoUnchanged),
    leftovers: found.flatMap(statesOf),
    answer: [...refused, ...deleted],
  }
}

/** Without the topic its partitions' states mean nothing: no topic gets its id again. A later one may get its name. */
function removalOf(
  image: ClusterImage,
  name: string,
): { readonly changes: readonly ClusterChange[]; readonly alsoUnchanged: readonly ClusterChange[] } {
  const topic: ClusterChange = { kind: 'topic', name, value: null }
  const config: ClusterChange = { kind: 'config', resource: { type: 'topic', name }, value: null }
  if (image.configs.has(configKey(config.resource))) return { changes: [topic, config], alsoUnchanged: [] }
  // Settings that somebody gives it in this moment would be those of the next topic of that name.
  return { changes: [topic], alsoUnchanged: [config] }
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
