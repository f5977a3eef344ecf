/**
 * What a partition's log needs to know of its topic's configuration: Kafka's topic configs by name, with the unit at the
 * end. Times and sizes of -1 mean "no limit" where Kafka allows them to.
 */
export interface LogConfig {
  /** cleanup.policy. */
  readonly cleanupPolicy: { readonly compact: boolean; readonly delete: boolean }
  /** compression.type: 'producer' keeps what came in. */
  readonly compressionType: 'producer' | 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  readonly compressionGzipLevel: number
  readonly compressionLz4Level: number
  readonly compressionZstdLevel: number
  /** delete.retention.ms: how long a tombstone outlives the compaction that reached it. */
  readonly deleteRetentionMs: number
  /** file.delete.delay.ms. */
  readonly fileDeleteDelayMs: number
  /** flush.messages: an append waits for the disk once so many messages are not synced. */
  readonly flushMessages: number
  /** flush.ms. */
  readonly flushMs: number
  /** index.interval.bytes: one index entry for so many bytes of log. */
  readonly indexIntervalBytes: number
  readonly maxCompactionLagMs: number
  /** max.message.bytes: of a batch, as compressed as it comes. */
  readonly maxMessageBytes: number
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime'
  readonly messageTimestampBeforeMaxMs: number
  readonly messageTimestampAfterMaxMs: number
  /** min.cleanable.dirty.ratio. */
  readonly minCleanableDirtyRatio: number
  readonly minCompactionLagMs: number
  /** min.insync.replicas: with fewer nothing is committed. */
  readonly minInSyncReplicas: number
  readonly retentionBytes: number
  readonly retentionMs: number
  readonly segmentBytes: number
  /** segment.index.bytes: a full index closes its segment. */
  readonly segmentIndexBytes: number
  readonly segmentJitterMs: number
  readonly segmentMs: number
}

/** Int64's largest, as numbers can hold it: Kafka's "never". */
const never = Number.MAX_SAFE_INTEGER

/** Kafka 4.3's defaults of a topic. */
export const defaultLogConfig: LogConfig = {
  cleanupPolicy: { compact: false, delete: true },
  compressionType: 'producer',
  compressionGzipLevel: -1,
  compressionLz4Level: 9,
  compressionZstdLevel: 3,
  deleteRetentionMs: 86_400_000,
  fileDeleteDelayMs: 60_000,
  flushMessages: never,
  flushMs: never,
  indexIntervalBytes: 4096,
  maxCompactionLagMs: never,
  maxMessageBytes: 1_048_588,
  messageTimestampType: 'CreateTime',
  messageTimestampBeforeMaxMs: never,
  messageTimestampAfterMaxMs: 3_600_000,
  minCleanableDirtyRatio: 0.5,
  minCompactionLagMs: 0,
  minInSyncReplicas: 1,
  retentionBytes: -1,
  retentionMs: 604_800_000,
  segmentBytes: 1_073_741_824,
  segmentIndexBytes: 10_485_760,
  segmentJitterMs: 0,
  segmentMs: 604_800_000,
}
