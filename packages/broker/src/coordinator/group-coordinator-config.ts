import { type CompressionType, compressionTypeOf } from '@odradek/protocol'
import type { BrokerConfig } from '../core/config/broker-config.ts'
import { defaultGroupConfig, type GroupConfig } from '../core/group/group-config.ts'

export interface GroupCoordinatorConfig extends GroupConfig {
  /** `offsets.topic.num.partitions`: of the topic when it is created, and until then. */
  readonly offsetsTopicPartitions: number
  /** `offsets.retention.check.interval.ms`. */
  readonly offsetsRetentionCheckIntervalMs: number
  /** `offsets.commit.timeout.ms`: how long a request waits at most for what it rests on to be committed. */
  readonly offsetsCommitTimeoutMs: number
  /** `offsets.topic.compression.codec`. */
  readonly offsetsTopicCompression: CompressionType
}

export const defaultGroupCoordinatorConfig: GroupCoordinatorConfig = {
  ...defaultGroupConfig,
  offsetsTopicPartitions: 50,
  offsetsRetentionCheckIntervalMs: 600_000,
  offsetsCommitTimeoutMs: 5_000,
  offsetsTopicCompression: 'none',
}

/** All of them are read-only settings: what the broker started with. */
export function groupCoordinatorConfig(config: BrokerConfig): GroupCoordinatorConfig {
  return {
    groupMinSessionTimeoutMs: config.number('group.min.session.timeout.ms'),
    groupMaxSessionTimeoutMs: config.number('group.max.session.timeout.ms'),
    groupInitialRebalanceDelayMs: config.number('group.initial.rebalance.delay.ms'),
    groupMaxSize: config.number('group.max.size'),
    offsetMetadataMaxBytes: config.number('offset.metadata.max.bytes'),
    offsetsRetentionMs: config.number('offsets.retention.minutes') * 60_000,
    offsetsTopicPartitions: config.number('offsets.topic.num.partitions'),
    offsetsRetentionCheckIntervalMs: config.number('offsets.retention.check.interval.ms'),
    offsetsCommitTimeoutMs: config.number('offsets.commit.timeout.ms'),
    offsetsTopicCompression: compressionTypeOf(config.number('offsets.topic.compression.codec')) ?? 'none',
  }
}
