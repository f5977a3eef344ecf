import type { ByteQuotaConfig } from '../core/partition/byte-quota.ts'

/** Broker-wide settings of the logs; Kafka's names with the unit at the end. */
export interface LogManagerConfig {
  /** log.retention.check.interval.ms (300,000). */
  readonly retentionCheckIntervalMs: number
  /** log.flush.scheduler.interval.ms: how often flush.ms is looked at. */
  readonly flushSchedulerIntervalMs: number
  /** log.flush.offset.checkpoint.interval.ms (60,000). */
  readonly recoveryPointCheckpointIntervalMs: number
  /** log.flush.start.offset.checkpoint.interval.ms (60,000). */
  readonly logStartOffsetCheckpointIntervalMs: number
  /** log.initial.task.delay.ms (30,000). */
  readonly initialTaskDelayMs: number
  /** producer.id.expiration.ms (86,400,000). */
  readonly producerIdExpirationMs: number
  /** producer.id.expiration.check.interval.ms (600,000). */
  readonly producerIdExpirationCheckIntervalMs: number
  /** log.cleaner.backoff.ms (15,000): how often compacted topics are looked at. */
  readonly cleanerBackoffMs: number
  /** alter.log.dirs.replication.quota.window.num and .size.seconds, replica.alter.log.dirs.io.max.bytes.per.second. */
  readonly moveQuota: ByteQuotaConfig
  /** Bytes of records kept in memory for readers near the end, over all partitions. */
  readonly tailCacheBytesMax: number
}

export const defaultLogManagerConfig: LogManagerConfig = {
  retentionCheckIntervalMs: 300_000,
  flushSchedulerIntervalMs: Number.MAX_SAFE_INTEGER,
  recoveryPointCheckpointIntervalMs: 60_000,
  logStartOffsetCheckpointIntervalMs: 60_000,
  initialTaskDelayMs: 30_000,
  producerIdExpirationMs: 86_400_000,
  producerIdExpirationCheckIntervalMs: 600_000,
  cleanerBackoffMs: 15_000,
  moveQuota: { samples: 11, sampleMs: 1000, bytesPerSecondMax: () => Number.MAX_SAFE_INTEGER },
  tailCacheBytesMax: 64 * 1024 * 1024,
}
