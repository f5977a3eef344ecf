import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerConfig } from './broker-config.ts'
import { coveredSettings } from './covered-settings.ts'

const given = { 'min.insync.replicas': '2', 'log.retention.ms': ' 60000', 'num.partitions': '3' }

function problems(broker: Record<string, string>, allBrokers: Record<string, string>): string[] {
  const config = new BrokerConfig(given)
  config.setDynamic({ broker, allBrokers })
  return coveredSettings(config, given, 7).map(({ problem }) => problem)
}

test('a setting that the cluster has another value of is told, with the command that changes that', () => {
  assert.deepEqual(problems({}, { 'min.insync.replicas': '1' }), [
    'min.insync.replicas=2 has no effect: the cluster has 1; change it with: kafka-configs --bootstrap-server HOST:PORT --alter --broker-defaults --add-config min.insync.replicas=2',
  ])
})

test('what was set on the broker itself weighs more than what was set on all', () => {
  assert.deepEqual(problems({ 'log.retention.ms': '5000' }, { 'log.retention.ms': '60000' }), [
    'log.retention.ms=60000 has no effect: this broker was given 5000; change it with: kafka-configs --bootstrap-server HOST:PORT --alter --broker 7 --add-config log.retention.ms=60000',
  ])
})

test('the same value in other words, and what nothing else covers, is nothing to tell', () => {
  assert.deepEqual(problems({}, { 'min.insync.replicas': '2', 'log.retention.ms': '60000' }), [])
  assert.deepEqual(problems({}, { 'log.segment.bytes': '2000000' }), [])
})
