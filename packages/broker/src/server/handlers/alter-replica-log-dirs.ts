/**
 * AlterReplicaLogDirs, versions 1 and 2: moves replicas between the log directories of this broker (KIP-113); answered when the
 * moves have begun. ACL checks (with security): ALTER on the cluster.
 */
import {
  type AlterReplicaLogDirsRequest,
  alterReplicaLogDirsRequest,
  alterReplicaLogDirsResponse,
  errorCodes,
  type MessageInput,
} from '@odradek/protocol'
import { mayHaveFuture } from '../../log/file-names.ts'
import type { LogManager } from '../../log/log-manager.ts'
import type { PartitionRegistry } from '../../replication/partition-registry.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

type Answer = MessageInput<typeof alterReplicaLogDirsResponse>

interface Dependencies {
  readonly partitions: PartitionRegistry
  readonly logs: LogManager
}

export function alterReplicaLogDirsHandler(dependencies: Dependencies): ApiHandler<AlterReplicaLogDirsRequest, Answer> {
  return apiHandler(alterReplicaLogDirsRequest, alterReplicaLogDirsResponse, ({ dirs }) => {
    // Of a partition that is named twice the last directory counts, as in Kafka.
    const wanted = new Map<string, Map<number, string>>()
    for (const { path, topics } of dirs) {
      for (const { name, partitions } of topics) {
        const paths = wanted.get(name) ?? new Map<number, string>()
        wanted.set(name, paths)
        for (const index of partitions) paths.set(index, path)
      }
    }
    const results = [...wanted].map(([topicName, paths]) => ({
      topicName,
      partitions: [...paths].map(([partitionIndex, path]) => ({
        partitionIndex,
        errorCode: move(topicName, partitionIndex, path, dependencies),
      })),
    }))
    return { results }
  })
}

function move(topic: string, index: number, path: string, { partitions, logs }: Dependencies): number {
  if (!mayHaveFuture(topic, index)) return errorCodes.INVALID_TOPIC_EXCEPTION
  const problem = logs.checkDirectory(path)
  if (problem !== errorCodes.NONE) return problem
  const partition = partitions.get(topic, index)
  if (partition !== undefined) return logs.move(partition.log, path)
  const reason = partitions.problem(topic, index)
  if (reason === errorCodes.KAFKA_STORAGE_ERROR) return reason
  logs.prefer(topic, index, path)
  return reason === errorCodes.NOT_LEADER_OR_FOLLOWER ? errorCodes.REPLICA_NOT_AVAILABLE : reason
}
