import { errorCodes, listOffsetsRequest, listOffsetsResponse } from '@odradek/protocol'
import type { ClusterClient } from '../cluster-client.ts'
import { KafkaError } from '../kafka-error.ts'

/** Timestamps with a meaning of their own in ListOffsets. */
export const LATEST = -1
export const EARLIEST = -2

export interface PartitionOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/**
 * The first offset whose record is not older than the timestamp (milliseconds, or LATEST or EARLIEST), of all partitions of
 * the topics; the end of the log where all records are older.
 */
export async function listOffsets(
  cluster: ClusterClient,
  topics: readonly string[],
  timestamp: number,
): Promise<PartitionOffset[]> {
  const found: PartitionOffset[] = []
  for (const [node, partitions] of await partitionsByLeader(cluster, topics)) {
    const byTopic = Map.groupBy(partitions, partition => partition.topic)
    const answer = await cluster.send(
      { node },
      listOffsetsRequest,
      listOffsetsResponse,
      {
        replicaId: -1,
        isolationLevel: 0,
        topics: Array.from(byTopic, ([name, indexes]) => ({
          name,
          partitions: indexes.map(({ partition }) => ({
            partitionIndex: partition,
            currentLeaderEpoch: -1,
            timestamp,
          })),
        })),
      },
      { errorOf: firstError },
    )
    for (const topic of answer.topics) {
      for (const partition of topic.partitions) {
        KafkaError.check(partition.errorCode)
        found.push({ topic: topic.name, partition: partition.partitionIndex, offset: partition.offset })
      }
    }
  }
  const beyondEnd = found.filter(({ offset }) => offset < 0)
  if (beyondEnd.length === 0) return found
  const ends = await listOffsets(cluster, [...new Set(beyondEnd.map(({ topic }) => topic))], LATEST)
  const endOf = new Map(ends.map(end => [`${end.topic}/${end.partition}`, end.offset]))
  return found.map(one => (one.offset < 0 ? { ...one, offset: endOf.get(`${one.topic}/${one.partition}`) ?? 0 } : one))
}

async function partitionsByLeader(cluster: ClusterClient, topics: readonly string[]) {
  const answer = await cluster.metadata(topics)
  const all = answer.topics.flatMap(topic => {
    KafkaError.check(topic.errorCode, `topic '${topic.name}' does not exist`)
    return topic.partitions.map(partition => ({
      topic: topic.name ?? '',
      partition: partition.partitionIndex,
      leader: partition.leaderId,
    }))
  })
  return Map.groupBy(all, ({ leader }) => leader)
}

function firstError(answer: { topics: readonly { partitions: readonly { errorCode: number }[] }[] }): number {
  for (const topic of answer.topics) {
    for (const { errorCode } of topic.partitions) if (errorCode !== errorCodes.NONE) return errorCode
  }
  return errorCodes.NONE
}
