/** A partition's files on a machine's disk, as its running process would see them: for checkers, who trust no broker. */
import { batchBaseOffset, batchBytes, batchLastOffset, checkBatch } from '@odradek/protocol'
import { parseOffsetCheckpoint } from '../../packages/broker/src/log/checkpoint-file.ts'
import { parseSegmentFileName } from '../../packages/broker/src/log/file-names.ts'
import { Directory } from '../../packages/platform/src/memory/tree.ts'
import type { Cluster } from './cluster.ts'

export interface StoredBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly bytes: Buffer
}

/** Null: the broker has no such partition, or one of another topic of that name. */
export function storedBatches(
  cluster: Cluster,
  brokerId: number,
  { topic, topicId, index }: { readonly topic: string; readonly topicId: string; readonly index: number },
): StoredBatch[] | null {
  const path = `${cluster.dataDirectory(brokerId)}/${topic}-${index}`
  const directory = cluster.machine(brokerId).disk.names.tree.find(path)
  if (!(directory instanceof Directory)) return null
  if (readText(cluster, brokerId, `${path}/partition.metadata`)?.includes(topicId) !== true) return null
  const names = [...directory.entries.keys()].filter(name => name.endsWith('.log')).sort()
  return names.flatMap(name => {
    const bytes = readFile(cluster, brokerId, `${path}/${name}`) ?? Buffer.alloc(0)
    return batchesIn(bytes, parseSegmentFileName(name)?.offset ?? 0)
  })
}

/** By TOPIC-N: up to where the broker itself says that all is committed. */
export function checkpointedHighWatermarks(cluster: Cluster, brokerId: number): ReadonlyMap<string, number> {
  const text = readText(cluster, brokerId, `${cluster.dataDirectory(brokerId)}/replication-offset-checkpoint`)
  return (text === null ? null : parseOffsetCheckpoint(text)) ?? new Map()
}

/** Behind the last whole batch. */
export function endOf(batches: readonly StoredBatch[]): number {
  return (batches.at(-1)?.lastOffset ?? -1) + 1
}

/**
 * Up to the first that is not whole: what is being written. The checksum does not cover the base offset, so of a write that the power
 * has torn there may be all but that, which shows in that it does not lie behind its predecessor, or in its segment.
 */
function batchesIn(bytes: Buffer, segmentOffset: number): StoredBatch[] {
  const batches: StoredBatch[] = []
  for (let at = 0; at < bytes.length && checkBatch(bytes, at) === null; ) {
    const size = batchBytes(bytes, at)
    const place = { baseOffset: batchBaseOffset(bytes, at), lastOffset: batchLastOffset(bytes, at) }
    if (place.baseOffset < Math.max(segmentOffset, endOf(batches))) break
    batches.push({ ...place, bytes: bytes.subarray(at, at + size) })
    at += size
  }
  return batches
}

function readText(cluster: Cluster, brokerId: number, path: string): string | null {
  return readFile(cluster, brokerId, path)?.toString() ?? null
}

function readFile(cluster: Cluster, brokerId: number, path: string): Buffer | null {
  const file = cluster.machine(brokerId).disk.names.tree.find(path)
  if (file === null || file instanceof Directory) return null
  const bytes = Buffer.alloc(file.bytes.size)
  file.bytes.read(bytes, 0)
  return bytes
}
