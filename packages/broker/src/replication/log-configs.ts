/** From Kafka's settings to what the logs want to know. */
import { type ClusterImage, overridesOf } from '../core/cluster/cluster-image.ts'
import type { BrokerConfig } from '../core/config/broker-config.ts'
import { TopicConfig } from '../core/config/topic-config.ts'
import type { LogConfig } from '../log/log-config.ts'
import type { LogManagerConfig } from '../log/log-manager-config.ts'

/** Kafka's "never" is the greatest int64: beyond what numbers count exactly, and added to times and offsets. */
const never = Number.MAX_SAFE_INTEGER

function bounded(value: number): number {
  return Math.min(value, never)
}

/** A topic's settings of its log as of an image. */
export function logConfigOf(broker: BrokerConfig, image: ClusterImage, topic: string): LogConfig {
  const config = new TopicConfig(broker, overridesOf(image, { type: 'topic', name: topic }))
  const cleanupPolicy = config.list('cleanup.policy')
  return {
    cleanupPolicy: { compact: cleanupPolicy.includes('compact'), delete: cleanupPolicy.includes('delete') },
    compressionType: config.string('compression.type') as LogConfig['compressionType'],
    compressionGzipLevel: config.number('compression.gzip.level'),
    compressionLz4Level: config.number('compression.lz4.level'),
    compressionZstdLevel: config.number('compression.zstd.level'),
    deleteRetentionMs: bounded(config.number('delete.retention.ms')),
    fileDeleteDelayMs: bounded(config.number('file.delete.delay.ms')),
    flushMessages: bounded(config.number('flush.messages')),
    flushMs: bounded(config.number('flush.ms')),
    indexIntervalBytes: config.number('index.interval.bytes'),
    maxCompactionLagMs: bounded(config.number('max.compaction.lag.ms')),
    maxMessageBytes: config.number('max.message.bytes'),
    messageTimestampType: config.string('message.timestamp.type') as LogConfig['messageTimestampType'],
    messageTimestampBeforeMaxMs: bounded(config.number('message.timestamp.before.max.ms')),
    messageTimestampAfterMaxMs: bounded(config.number('message.timestamp.after.max.ms')),
    minCleanableDirtyRatio: config.number('min.cleanable.dirty.ratio'),
    minCompactionLagMs: bounded(config.number('min.compaction.lag.ms')),
    minInSyncReplicas: config.number('min.insync.replicas'),
    retentionBytes: bounded(config.number('retention.bytes')),
    retentionMs: bounded(config.number('retention.ms')),
    segmentBytes: config.numberOrNull('internal.segment.bytes') ?? config.number('segment.bytes'),
    segmentIndexBytes: config.number('segment.index.bytes'),
    segmentJitterMs: bounded(config.number('segment.jitter.ms')),
    segmentMs: bounded(config.number('segment.ms')),
  }
}

/** The broker's settings of all its logs, as of its start. */
export function logManagerConfigOf(broker: BrokerConfig): Partial<LogManagerConfig> {
  return {
    retentionCheckIntervalMs: bounded(broker.number('log.retention.check.interval.ms')),
    flushSchedulerIntervalMs: bounded(broker.number('log.flush.scheduler.interval.ms')),
    recoveryPointCheckpointIntervalMs: broker.number('log.flush.offset.checkpoint.interval.ms'),
    logStartOffsetCheckpointIntervalMs: broker.number('log.flush.start.offset.checkpoint.interval.ms'),
    initialTaskDelayMs: bounded(broker.number('log.initial.task.delay.ms')),
    producerIdExpirationMs: broker.number('producer.id.expiration.ms'),
    producerIdExpirationCheckIntervalMs: broker.number('producer.id.expiration.check.interval.ms'),
    cleanerBackoffMs: cleanerBackoffMsOf(broker),
    moveQuota: {
      samples: broker.number('alter.log.dirs.replication.quota.window.num'),
      sampleMs: 1000 * broker.number('alter.log.dirs.replication.quota.window.size.seconds'),
      bytesPerSecondMax: () => broker.number('replica.alter.log.dirs.io.max.bytes.per.second'),
    },
  }
}

/** May change while the broker runs. */
export function cleanerBackoffMsOf(broker: BrokerConfig): number {
  return broker.boolean('log.cleaner.enable') ? bounded(broker.number('log.cleaner.backoff.ms')) : never
}
