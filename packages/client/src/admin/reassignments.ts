import {
  alterPartitionReassignmentsRequest,
  alterPartitionReassignmentsResponse,
  electLeadersRequest,
  electLeadersResponse,
  errorCodes,
  listPartitionReassignmentsRequest,
  listPartitionReassignmentsResponse,
} from '@odradek/protocol'
import type { ClusterClient } from '../cluster-client.ts'
import { KafkaError } from '../kafka-error.ts'

export interface PartitionPlace {
  readonly topic: string
  readonly partition: number
}

export interface Reassignment extends PartitionPlace {
  /** The first is the preferred leader. */
  readonly replicas: readonly number[]
}

/** A move that is under way. */
export interface OngoingReassignment extends Reassignment {
  readonly addingReplicas: readonly number[]
  readonly removingReplicas: readonly number[]
}

const TIMEOUT_MS = 30_000

/** Begins to move partitions, each of which keeps its number of copies; rejects with the first that cannot be moved. */
export async function reassignPartitions(cluster: ClusterClient, moves: readonly Reassignment[]): Promise<void> {
  const byTopic = Map.groupBy(moves, ({ topic }) => topic)
  const answer = await cluster.send(
    'controller',
    alterPartitionReassignmentsRequest,
    alterPartitionReassignmentsResponse,
    version => ({
      timeoutMs: TIMEOUT_MS,
      // Brokers can be told to take care of that since version 1 (KIP-860).
      ...(version >= 1 ? { allowReplicationFactorChange: false } : {}),
      topics: Array.from(byTopic, ([name, each]) => ({
        name,
        partitions: each.map(({ partition, replicas }) => ({ partitionIndex: partition, replicas: [...replicas] })),
      })),
    }),
  )
  KafkaError.check(answer.errorCode, answer.errorMessage)
  for (const { name, partitions } of answer.responses) {
    for (const { partitionIndex, errorCode, errorMessage } of partitions) {
      KafkaError.check(errorCode, errorMessage && `${name}-${partitionIndex}: ${errorMessage}`)
    }
  }
}

export async function listReassignments(cluster: ClusterClient): Promise<OngoingReassignment[]> {
  const answer = await cluster.send(
    'controller',
    listPartitionReassignmentsRequest,
    listPartitionReassignmentsResponse,
    { timeoutMs: TIMEOUT_MS, topics: null },
  )
  KafkaError.check(answer.errorCode, answer.errorMessage)
  return answer.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, replicas, addingReplicas, removingReplicas }) => ({
      topic: name,
      partition: partitionIndex,
      replicas,
      addingReplicas,
      removingReplicas,
    })),
  )
}

const PREFERRED = 0

/** Lets the first replica of each partition lead it; one that cannot, or does so already, is no error. */
export async function electPreferredLeaders(cluster: ClusterClient, places: readonly PartitionPlace[]): Promise<void> {
  const byTopic = Map.groupBy(places, ({ topic }) => topic)
  const answer = await cluster.send('controller', electLeadersRequest, electLeadersResponse, {
    electionType: PREFERRED,
    topicPartitions: Array.from(byTopic, ([topic, each]) => ({
      topic,
      partitions: each.map(({ partition }) => partition),
    })),
    timeoutMs: TIMEOUT_MS,
  })
  // What concerns all of them has a message only with each of them.
  KafkaError.check(answer.errorCode, answer.replicaElectionResults[0]?.partitionResult[0]?.errorMessage)
  const fine: readonly number[] = [
    errorCodes.NONE,
    errorCodes.ELECTION_NOT_NEEDED,
    errorCodes.PREFERRED_LEADER_NOT_AVAILABLE,
  ]
  for (const { topic, partitionResult } of answer.replicaElectionResults) {
    for (const { partitionId, errorCode, errorMessage } of partitionResult) {
      if (!fine.includes(errorCode))
        KafkaError.check(errorCode, errorMessage && `${topic}-${partitionId}: ${errorMessage}`)
    }
  }
}
