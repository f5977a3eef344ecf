/**
 * DescribeLogDirs, versions 1 to 5: the data directory and what lies in it. ACL checks (with security): DESCRIBE on the
 * cluster; without it an empty list.
 *
 * Left out: several log directories, and replicas on their way from one to another (isFutureKey is false, offsetLag 0).
 */
import type { Disk } from '@odradek/platform'
import {
  type DescribeLogDirsRequest,
  describeLogDirsRequest,
  describeLogDirsResponse,
  errorCodes,
  type MessageInput,
} from '@odradek/protocol'
import type { Partition } from '../../replication/partition.ts'
import type { PartitionRegistry } from '../../replication/partition-registry.ts'
import { type ApiHandler, apiHandler } from '../api-handler.ts'

type Answer = MessageInput<typeof describeLogDirsResponse>

export function describeLogDirsHandler({
  partitions,
  disk,
  logDir,
}: {
  partitions: PartitionRegistry
  disk: Disk
  logDir: string
}): ApiHandler<DescribeLogDirsRequest, Answer> {
  return apiHandler(describeLogDirsRequest, describeLogDirsResponse, request => {
    const byTopic = new Map<string, Partition[]>()
    for (const partition of select(request, partitions)) {
      const known = byTopic.get(partition.topic)
      if (known === undefined) byTopic.set(partition.topic, [partition])
      else known.push(partition)
    }
    const topics = [...byTopic].map(([name, ofTopic]) => ({
      name,
      partitions: ofTopic.map(({ index, log }) => ({
        partitionIndex: index,
        partitionSize: log.sizeBytes,
        offsetLag: 0,
        isFutureKey: false,
      })),
    }))
    return { results: [{ errorCode: errorCodes.NONE, logDir, topics, ...disk.spaceSync(logDir) }] }
  })
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
