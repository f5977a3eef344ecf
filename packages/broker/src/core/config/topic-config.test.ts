import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerConfig } from './broker-config.ts'
import { checkTopicConfig } from './check-topic-config.ts'
import { TopicConfig } from './topic-config.ts'

test('a topic has its own value, else its broker’s, else the default', () => {
  const broker = new BrokerConfig({ 'log.segment.bytes': '2000000' })
  assert.equal(new TopicConfig(broker, { 'segment.bytes': '3000000' }).number('segment.bytes'), 3_000_000)
  assert.equal(new TopicConfig(broker, {}).number('segment.bytes'), 2_000_000)
  assert.equal(new TopicConfig(broker, {}).number('index.interval.bytes'), 4096)
  assert.equal(new TopicConfig(broker, {}).numberOrNull('internal.segment.bytes'), null)
})

test('times in coarser units count where no finer one is set', () => {
  const retention = (settings: Record<string, string>) =>
    new TopicConfig(new BrokerConfig(settings), {}).number('retention.ms')
  assert.equal(retention({}), 604_800_000)
  assert.equal(retention({ 'log.retention.hours': '2' }), 7_200_000)
  assert.equal(retention({ 'log.retention.hours': '2', 'log.retention.minutes': '3' }), 180_000)
  assert.equal(retention({ 'log.retention.minutes': '3', 'log.retention.ms': '4' }), 4)
  assert.equal(retention({ 'log.retention.hours': '-5' }), -1)
  const config = new TopicConfig(new BrokerConfig({ 'log.roll.hours': '1', 'log.roll.jitter.hours': '2' }), {})
  assert.equal(config.number('segment.ms'), 3_600_000)
  assert.equal(config.number('segment.jitter.ms'), 7_200_000)
})

test('a change of the broker’s settings reaches its topics', () => {
  const broker = new BrokerConfig()
  assert.equal(new TopicConfig(broker, {}).number('max.message.bytes'), 1_048_588)
  broker.setDynamic({ broker: {}, allBrokers: { 'message.max.bytes': '5' } })
  assert.equal(new TopicConfig(broker, {}).number('max.message.bytes'), 5)
})

test('settings of a topic are checked as Kafka checks them', () => {
  const check = (after: Record<string, string>) => checkTopicConfig(new BrokerConfig(), after, {})
  assert.equal(check({ 'retention.ms': '1000', 'flush.messages': '1' }), null)
  assert.equal(check({ nope: '1' }), 'Unknown topic config name: nope')
  assert.equal(
    check({ 'retention.ms': '-2' }),
    'Invalid value -2 for configuration retention.ms: Value must be at least -1',
  )
  assert.equal(
    check({ 'min.compaction.lag.ms': '10', 'max.compaction.lag.ms': '5' }),
    'conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)',
  )
  assert.match(check({ 'remote.storage.enable': 'true' }) ?? '', /^Tiered Storage functionality is disabled/)
})

test('what would have no effect is refused, unless it says what holds anyway or was there before', () => {
  const broker = new BrokerConfig()
  const refused = 'known to Kafka, not supported by Odradek yet: preallocate'
  assert.equal(checkTopicConfig(broker, { preallocate: 'true' }, {}), refused)
  assert.equal(checkTopicConfig(broker, { preallocate: 'false' }, {}), null)
  assert.equal(checkTopicConfig(broker, { preallocate: 'true' }, { preallocate: 'true' }), null)
  assert.equal(checkTopicConfig(broker, { 'cleanup.policy': 'compact' }, {}), null)
})
