import {
  createPartitionsRequest,
  createPartitionsResponse,
  createTopicsRequest,
  createTopicsResponse,
  deleteTopicsRequest,
  deleteTopicsResponse,
  errorCodes,
} from '@odradek/protocol'
import type { ClusterClient } from '../cluster-client.ts'
import { KafkaError } from '../kafka-error.ts'

export interface NewTopic {
  readonly name: string
  /** -1 takes the broker's default, as does the replication factor. */
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: ReadonlyMap<string, string>
}

export interface TopicDescription {
  readonly name: string
  readonly topicId: string
  readonly internal: boolean
  readonly partitions: readonly PartitionDescription[]
}

export interface PartitionDescription {
  readonly index: number
  /** Node id, -1 for none. */
  readonly leader: number
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
}

const TIMEOUT_MS = 30_000

export async function createTopic(cluster: ClusterClient, topic: NewTopic): Promise<void> {
  const answer = await cluster.send('controller', createTopicsRequest, createTopicsResponse, {
    topics: [
      {
        name: topic.name,
        numPartitions: topic.partitions,
        replicationFactor: topic.replicationFactor,
        assignments: [],
        configs: Array.from(topic.configs, ([name, value]) => ({ name, value })),
      },
    ],
    timeoutMs: TIMEOUT_MS,
    validateOnly: false,
  })
  for (const result of answer.topics) KafkaError.check(result.errorCode, result.errorMessage)
}

export async function deleteTopic(cluster: ClusterClient, name: string): Promise<void> {
  const answer = await cluster.send('controller', deleteTopicsRequest, deleteTopicsResponse, version => ({
    // Topics can be named by id since version 6 (KIP-516).
    ...(version >= 6 ? { topics: [{ name }] } : { topicNames: [name] }),
    timeoutMs: TIMEOUT_MS,
  }))
  for (const { errorCode, errorMessage } of answer.responses) {
    KafkaError.check(errorCode, explain(errorCode, errorMessage, name))
  }
}

/** Raises the number of partitions; the new ones are empty. */
export async function createPartitions(cluster: ClusterClient, name: string, count: number): Promise<void> {
  const answer = await cluster.send('controller', createPartitionsRequest, createPartitionsResponse, {
    topics: [{ name, count, assignments: null }],
    timeoutMs: TIMEOUT_MS,
    validateOnly: false,
  })
  for (const { errorCode, errorMessage } of answer.results)
    KafkaError.check(errorCode, explain(errorCode, errorMessage, name))
}

/**
 * Of all topics (null), or of those named; rejects with UNKNOWN_TOPIC_OR_PARTITION for one that is not there. Sorted by name.
 *
 * @param from - whom to ask: the controller knows first what has changed
 */
export async function describeTopics(
  cluster: ClusterClient,
  names: readonly string[] | null,
  from: 'any' | 'controller' = 'any',
): Promise<TopicDescription[]> {
  const answer = await cluster.metadata(names, { from })
  return answer.topics
    .map(topic => {
      if (topic.errorCode !== errorCodes.NONE) throw new KafkaError(topic.errorCode, missing(topic.name))
      return {
        name: topic.name ?? '',
        topicId: topic.topicId,
        internal: topic.isInternal,
        partitions: topic.partitions
          .map(partition => ({
            index: partition.partitionIndex,
            leader: partition.leaderId,
            leaderEpoch: partition.leaderEpoch,
            replicas: partition.replicaNodes,
            isr: partition.isrNodes,
          }))
          .sort((a, b) => a.index - b.index),
      }
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Brokers do not name the topic that is missing. */
function explain(errorCode: number, errorMessage: string | null, name: string): string | null {
  return errorCode === errorCodes.UNKNOWN_TOPIC_OR_PARTITION ? missing(name) : errorMessage
}

function missing(name: string | null): string {
  return `topic '${name}' does not exist`
}
