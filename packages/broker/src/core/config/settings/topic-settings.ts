// Every setting of a topic. `synonyms` are the broker settings that it defaults to, first match first.
// Of settings that share a bucket of Kafka's map (java-map-order.ts) the earlier one here is shown first, as in Kafka.
// biome-ignore-all format: a table, one setting a line

import { bool, double, int, LONG_MAX, list, long, string } from '../config-definition.ts'
import { atLeast, between, gzipLevel, listOf, oneOf, throttledReplicas } from '../validators.ts'

export const topicSettings = {
  'segment.bytes': int(1073741824, 'Size after which a new segment is begun.', { synonyms: ['log.segment.bytes'], valid: atLeast(1048576) }),
  'segment.ms': long(604800000, 'Time after which a new segment is begun.', { synonyms: ['log.roll.ms', 'log.roll.hours'], valid: atLeast(1) }),
  'segment.jitter.ms': long(0, 'Most time by chance that segments are begun earlier, so that not all roll at once.', { synonyms: ['log.roll.jitter.ms', 'log.roll.jitter.hours'], valid: atLeast(0) }),
  'segment.index.bytes': int(10485760, 'Largest size of an index file.', { synonyms: ['log.index.size.max.bytes'], valid: atLeast(4) }),
  'internal.segment.bytes': int(null, 'Segment size below the usual limit, for tests.', { internal: true }),
  'index.interval.bytes': int(4096, 'Bytes of log between two entries of the offset index.', { synonyms: ['log.index.interval.bytes'], valid: atLeast(0) }),
  'preallocate': bool(false, 'Whether new segments take their full size on disk at once.', { synonyms: ['log.preallocate'] }),
  'flush.messages': long(LONG_MAX, 'Messages after which the log is synced to disk; 1 syncs before every acknowledgement.', { synonyms: ['log.flush.interval.messages'], valid: atLeast(1) }),
  'flush.ms': long(LONG_MAX, 'Longest time that a message stays in memory before the log is synced to disk.', { synonyms: ['log.flush.interval.ms', 'log.flush.scheduler.interval.ms'], valid: atLeast(0) }),
  'retention.bytes': long(-1, 'Bytes after which old segments of a partition are deleted; -1 for no limit.', { synonyms: ['log.retention.bytes'] }),
  'retention.ms': long(604800000, 'Time after which segments are deleted; -1 for no limit.', { synonyms: ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'], valid: atLeast(-1) }),
  'cleanup.policy': list('delete', 'What happens to old segments: delete them, compact them, both, or nothing.', { synonyms: ['log.cleanup.policy'], valid: listOf('compact', 'delete') }),
  'min.cleanable.dirty.ratio': double('0.5', 'Share of the log that must be dirty before it is cleaned.', { synonyms: ['log.cleaner.min.cleanable.ratio'], valid: between(0, 1) }),
  'min.compaction.lag.ms': long(0, 'Shortest time that a record stays uncompacted.', { synonyms: ['log.cleaner.min.compaction.lag.ms'], valid: atLeast(0) }),
  'max.compaction.lag.ms': long(LONG_MAX, 'Longest time that a record may stay uncompacted.', { synonyms: ['log.cleaner.max.compaction.lag.ms'], valid: atLeast(1) }),
  'delete.retention.ms': long(86400000, 'Time that deletion markers of a compacted topic are kept.', { synonyms: ['log.cleaner.delete.retention.ms'], valid: atLeast(0) }),
  'file.delete.delay.ms': long(60000, 'Time between the removal of a segment and the deletion of its files.', { synonyms: ['log.segment.delete.delay.ms'], valid: atLeast(0) }),
  'max.message.bytes': int(1048588, 'Largest record batch that is taken.', { synonyms: ['message.max.bytes'], valid: atLeast(0) }),
  'message.timestamp.type': string('CreateTime', 'Whether a message carries the time of its creation or of its append.', { synonyms: ['log.message.timestamp.type'], valid: oneOf('CreateTime', 'LogAppendTime') }),
  'message.timestamp.before.max.ms': long(LONG_MAX, 'How far a message\'s timestamp may lie in the past.', { synonyms: ['log.message.timestamp.before.max.ms'], valid: atLeast(0) }),
  'message.timestamp.after.max.ms': long(3600000, 'How far a message\'s timestamp may lie in the future.', { synonyms: ['log.message.timestamp.after.max.ms'], valid: atLeast(0) }),
  'compression.type': string('producer', 'Codec that batches are stored with; "producer" keeps what the producer chose.', { synonyms: ['compression.type'], valid: oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer') }),
  'compression.gzip.level': int(-1, 'Level at which the broker compresses when it has to write gzip itself.', { synonyms: ['compression.gzip.level'], valid: gzipLevel }),
  'compression.lz4.level': int(9, 'Level at which the broker compresses when it has to write lz4 itself.', { synonyms: ['compression.lz4.level'], valid: between(1, 17) }),
  'compression.zstd.level': int(3, 'Level at which the broker compresses when it has to write zstd itself.', { synonyms: ['compression.zstd.level'], valid: between(-131072, 22) }),
  'min.insync.replicas': int(1, 'In-sync replicas that a write with acks=all needs.', { synonyms: ['min.insync.replicas'], valid: atLeast(1) }),
  'unclean.leader.election.enable': bool(false, 'Whether a replica that is not in sync may lead when no other can, at the price of lost records.', { synonyms: ['unclean.leader.election.enable'] }),
  'leader.replication.throttled.replicas': list('', 'Replicas that are fetched from under the throttle, as partition:broker; * for all.', { valid: throttledReplicas }),
  'follower.replication.throttled.replicas': list('', 'Replicas that fetch under the throttle, as partition:broker; * for all.', { valid: throttledReplicas }),
  'remote.storage.enable': bool(false, 'Whether the topic uses tiered storage.'),
  'remote.log.copy.disable': bool(false, 'Whether no more segments are copied to tiered storage.'),
  'remote.log.delete.on.disable': bool(false, 'Whether tiered data is deleted when tiered storage is switched off for the topic.'),
  'local.retention.bytes': long(-2, 'Bytes of a tiered partition that stay on the broker; -2 for all that is retained.', { synonyms: ['log.local.retention.bytes'], valid: atLeast(-2) }),
  'local.retention.ms': long(-2, 'Time that the segments of a tiered partition stay on the broker; -2 for all that is retained.', { synonyms: ['log.local.retention.ms'], valid: atLeast(-2) }),
} as const
