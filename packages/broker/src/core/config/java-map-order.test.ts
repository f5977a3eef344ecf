import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerConfig } from './broker-config.ts'
import { describeTopicSettings } from './describe-settings.ts'
import { inJavaMapOrder } from './java-map-order.ts'

test('a topic’s settings are listed in the order of Kafka 4.3.0', () => {
  const shown = describeTopicSettings(new BrokerConfig(), { overrides: {}, names: null })
  const kafka = `compression.type
    remote.log.delete.on.disable
    leader.replication.throttled.replicas
    remote.storage.enable
    min.insync.replicas
    segment.jitter.ms
    remote.log.copy.disable
    local.retention.ms
    cleanup.policy
    flush.ms
    follower.replication.throttled.replicas
    compression.lz4.level
    segment.bytes
    retention.ms
    compression.gzip.level
    flush.messages
    compression.zstd.level
    max.compaction.lag.ms
    file.delete.delay.ms
    max.message.bytes
    min.compaction.lag.ms
    message.timestamp.type
    local.retention.bytes
    preallocate
    index.interval.bytes
    min.cleanable.dirty.ratio
    unclean.leader.election.enable
    retention.bytes
    delete.retention.ms
    message.timestamp.after.max.ms
    message.timestamp.before.max.ms
    segment.ms
    segment.index.bytes`
  assert.deepEqual(
    shown.map(({ name }) => name),
    kafka.split(/\s+/),
  )
})

test('few names lie in a map of sixteen', () => {
  assert.deepEqual(inJavaMapOrder(['metrics', 'match', 'interval.ms']), ['interval.ms', 'match', 'metrics'])
})
