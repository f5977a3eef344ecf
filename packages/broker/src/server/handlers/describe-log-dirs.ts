/**
 * DescribeLogDirs, versions 1 to 5: the log directories and what lies in them. ACL checks (with security): DESCRIBE on the
 * cluster; without it an empty list.
 *
 * Left out: cordoned directories.
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
    const placed = [...select(request, partitions)].flatMap(partition => placesOf(partition, logs))
    return { results: logs.directoryStates.map(directory => describe(directory, placed)) }
  })
}

/** A replica, or what is to take its place. */
interface Placed {
  readonly topic: string
  readonly directory: string
  readonly replica: {
    readonly partitionIndex: number
    readonly partitionSize: number
    readonly offsetLag: number
    readonly isFutureKey: boolean
  }
}

function placesOf({ topic, index: partitionIndex, log }: Partition, logs: LogManager): Placed[] {
  const offsetLag = Math.max(log.highWatermark - log.logEndOffset, 0)
  const replica = { partitionIndex, partitionSize: log.sizeBytes, offsetLag, isFutureKey: false }
  const places: Placed[] = [{ topic, directory: log.directory, replica }]
  const move = logs.moveOf(log)
  if (move !== undefined) {
    const { future, lag } = move
    const next = { partitionIndex, partitionSize: future.sizeBytes, offsetLag: lag, isFutureKey: true }
    places.push({ topic, directory: future.directory, replica: next })
  }
  return places
}

function describe({ path, offlineReason, totalBytes, usableBytes }: LogDirectoryState, placed: Placed[]): Result {
  if (offlineReason !== null) return { errorCode: errorCodes.KAFKA_STORAGE_ERROR, logDir: path, topics: [] }
  const here = placed.filter(({ directory }) => directory.startsWith(`${path}/`))
  const topics = [...Map.groupBy(here, ({ topic }) => topic)].map(([name, ofTopic]) => ({
    name,
    partitions: ofTopic.map(({ replica }) => replica),
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
