/** Names in a data directory, as Kafka gives them. */

export const cleanShutdownFile = '.kafka_cleanshutdown'
export const lockFile = '.lock'
/** Ours: written and removed to see whether a disk works. */
export const diskCheckFile = '.disk-check'
export const metaPropertiesFile = 'meta.properties'
/** Ours: the metadata of a broker that is a cluster of its own. */
export const localMetadataFile = 'cluster-metadata.jsonl'
export const recoveryPointCheckpointFile = 'recovery-point-offset-checkpoint'
export const logStartOffsetCheckpointFile = 'log-start-offset-checkpoint'
export const cleanerCheckpointFile = 'cleaner-offset-checkpoint'
export const highWatermarkCheckpointFile = 'replication-offset-checkpoint'
export const leaderEpochCheckpointFile = 'leader-epoch-checkpoint'
export const partitionMetadataFile = 'partition.metadata'
/** Ours, in a partition's directory: the directory.id of where the partition was before, until nothing of it is left there. */
export const movedFromFile = '.moved-from'
/** Ours, in a partition's directory: what the checkpoint files say under its name is about an earlier log, until they are written again. */
export const unlistedFile = '.unlisted'

/** Behind the name of a file that only waits for file.delete.delay.ms. */
export const deletedSuffix = '.deleted'
/** What a compaction has written so far: worthless after a crash. */
export const cleanedSuffix = '.cleaned'
/** What a compaction had finished when it began to replace segments: completed after a crash. */
export const swapSuffix = '.swap'
/** Behind the name of a partition's directory that waits for its removal. */
export const deletedDirectorySuffix = '-delete'

/** Behind the name of a directory that a partition is being moved to. */
const futureDirectorySuffix = '-future'

/** Behind the name of a directory that belongs to no partition of the cluster: kept for a person to look at. */
const strayDirectorySuffix = '-stray'

export type SegmentFileKind = 'log' | 'index' | 'timeindex' | 'txnindex' | 'snapshot'

/** 20 digits, so that names sort as offsets do. */
export function segmentFileName(baseOffset: number, kind: SegmentFileKind): string {
  return `${String(baseOffset).padStart(20, '0')}.${kind}`
}

const segmentFilePattern = /^(\d{20})\.(log|index|timeindex|txnindex|snapshot)(\.deleted|\.cleaned|\.swap)?$/

export interface SegmentFileName {
  readonly offset: number
  readonly kind: SegmentFileKind
  /** Empty for a file in use. */
  readonly suffix: string
}

export function parseSegmentFileName(name: string): SegmentFileName | null {
  const match = segmentFilePattern.exec(name)
  if (match === null) return null
  return { offset: Number(match[1]), kind: match[2] as SegmentFileKind, suffix: match[3] ?? '' }
}

export function partitionDirectoryName(topic: string, partition: number): string {
  return `${topic}-${partition}`
}

/** Kafka's own metadata log, which may lie among the partitions of a directory that Kafka has used. */
const clusterMetadataDirectory = '__cluster_metadata-0'

/** Null for what is no partition's directory, or one that is being deleted. */
export function parsePartitionDirectoryName(name: string): { topic: string; partition: number } | null {
  if (name === clusterMetadataDirectory) return null
  const match = /^(.+)-(\d+)$/.exec(name)
  if (match === null) return null
  return { topic: match[1] as string, partition: Number(match[2]) }
}

/** Kafka's form for a copy that is to take the place of TOPIC-N in another directory. */
export function futureDirectoryName(topic: string, partition: number, unique: string): string {
  return `${topic}-${partition}.${unique}${futureDirectorySuffix}`
}

/** Whether its name leaves room for that: it is not cut, since it has to be found again. */
export function mayHaveFuture(topic: string, partition: number): boolean {
  return futureDirectoryName(topic, partition, '0'.repeat(32)).length <= nameLengthMax
}

/** Null for what is no such copy's directory. */
export function parseFutureDirectoryName(name: string): { topic: string; partition: number } | null {
  const match = /^(.+)-(\d+)\.[0-9a-f]{32}-future$/.exec(name)
  return match === null ? null : { topic: match[1] as string, partition: Number(match[2]) }
}

/** Kafka's form for the deletion of TOPIC-N. */
export function deletedDirectoryName(topic: string, partition: number, unique: string): string {
  return retiredName(topic, `-${partition}.${unique}${deletedDirectorySuffix}`)
}

/** Kafka's form for a TOPIC-N that the cluster does not know. */
export function strayDirectoryName(topic: string, partition: number, unique: string): string {
  return retiredName(topic, `-${partition}.${unique}${strayDirectorySuffix}`)
}

/** Of file systems. */
const nameLengthMax = 255

/** The topic is cut so that the name is not too long. */
function retiredName(topic: string, suffix: string): string {
  return `${topic.slice(0, nameLengthMax - suffix.length)}${suffix}`
}
