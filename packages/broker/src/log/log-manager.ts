import type { Clock, Disk, Random } from '@odradek/platform'
import type { Logger } from '../logger.ts'
import type { DataDirectory } from './data-directory.ts'
import type { LogConfig } from './log-config.ts'
import type { PartitionLog } from './partition-log.ts'

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
  /** Bytes of records kept in memory for readers near the end, over all partitions. */
  readonly tailCacheBytesMax: number
}

export interface LogManagerOptions {
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly dataDirectory: DataDirectory
  readonly config?: Partial<LogManagerConfig>
  /** Resolved config of a topic; asked for when a log is opened. */
  readonly configOf: (topic: string) => LogConfig
}

export declare class LogManager {
  /** Opens every partition in the data directory; after an unclean stop it recovers them first. */
  static open(options: LogManagerOptions): Promise<LogManager>
  /** True when the last stop left the clean-shutdown marker. */
  readonly wasCleanShutdown: boolean
  get(topic: string, partition: number): PartitionLog | undefined
  /** All open logs, among them those of topics that the metadata may no longer know (strays). */
  logs(): IterableIterator<PartitionLog>
  /** A new partition's directory and log, or the existing one with that topic id. Throws OdradekError when the disk fails. */
  create(options: { topic: string; partition: number; topicId: string; config: LogConfig }): PartitionLog
  /** The directory is renamed to TOPIC-N.UNIQUE-delete at once and removed after file.delete.delay.ms. */
  delete(topic: string, partition: number): void
  /** Applies a topic's changed config to its partitions. */
  updateConfig(topic: string, config: LogConfig): void
  /** Runs retention, deferred deletion and producer expiry now, as the timers do. */
  runMaintenance(): void
  /** Stops timers, flushes, writes snapshots, checkpoints and the clean-shutdown marker. The data directory stays locked. */
  close(): Promise<void>
}
