/**
 * DescribeLogDirs, versions 1 to 5: the log directories and what lies in them. ACL checks (with security): DESCRIBE on the
 * cluster; without it an empty list.
 *
 * Left out: replicas on their way from one directory to another (isFutureKey is false, offsetLag 0), and cordoned directories.
 */
import {
  type DescribeLogDirsRequest,
  describeLogDirsRequest,
  describeLogDirsResponse,
  errorCodes,
  type MessageInput,
} from '@odradek/protocol'
import type { LogDirectoryState, LogManager } from '../../log/log-manager.ts'
import type { Partition } from '../../replication/partition.ts'
import type { PartitionRegistry } from '../../replication/partition-registry.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

type Answer = MessageInput<typeof describeLogDirsResponse>
type Result = NonNullable<Answer['results']>[number]

export function describeLogDirsHandler({
  partitions,
  logs,
}: {
  partitions: PartitionRegistry
  logs: LogManager
}): ApiHandler<DescribeLogDirsRequest, Answer> {
  return apiHandler(describeLogDirsRequest, describeLogDirsResponse, request => {
    const chosen = [...select(request, partitions)]
    return { results: logs.directories.map(directory => describe(directory, chosen)) }
  })
}

function describe({ path, offlineReason, totalBytes, usableBytes }: LogDirectoryState, chosen: Partition[]): Result {
  if (offlineReason !== null) return { errorCode: errorCodes.KAFKA_STORAGE_ERROR, logDir: path, topics: [] }
  const here = chosen.filter(({ log }) => log.directory.startsWith(`${path}/`))
  const topics = [...Map.groupBy(here, ({ topic }) => topic)].map(([name, ofTopic]) => ({
    name,
    partitions: ofTopic.map(({ index, log }) => ({
      partitionIndex: index,
      partitionSize: log.sizeBytes,
      offsetLag: 0,
      isFutureKey: false,
    })),
  }))
  return { errorCode: errorCodes.NONE, logDir: path, topics, totalBytes, usableBytes }
}

function* select({ topics }: DescribeLogDirsRequest, partitions: PartitionRegistry): Iterable<Partition> {
  if (topics === null) {
    yield* partitions.partitions()
    return
  }
  const chosen = new Set<Partition>()
  for (const { topic, partitions: indexes } of topics) {
    for (const index of indexes) {
      const partition = partitions.get(topic, index)
      if (partition !== undefined) chosen.add(partition)
    }
  }
  yield* chosen
}
