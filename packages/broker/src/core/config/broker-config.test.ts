import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerConfig, checkBrokerConfig } from './broker-config.ts'
import { describeBrokerSettings } from './describe-settings.ts'
import { nearestName } from './nearest-name.ts'

const alone = (settings: Record<string, string>) => checkBrokerConfig(settings, { isAlone: true })

test('a setting is what weighs most: this broker, all brokers, the start, the default', () => {
  const config = new BrokerConfig({ 'log.segment.bytes': '2000000' })
  assert.equal(config.number('log.segment.bytes'), 2_000_000)
  assert.equal(config.number('message.max.bytes'), 1_048_588)
  config.setDynamic({ broker: {}, allBrokers: { 'log.segment.bytes': '3000000' } })
  assert.equal(config.number('log.segment.bytes'), 3_000_000)
  config.setDynamic({ broker: { 'log.segment.bytes': '4000000' }, allBrokers: { 'log.segment.bytes': '3000000' } })
  assert.equal(config.number('log.segment.bytes'), 4_000_000)
  assert.deepEqual(
    config.sources('log.segment.bytes').map(({ source, text }) => [source, text]),
    [
      ['broker', '4000000'],
      ['all-brokers', '3000000'],
      ['static', '2000000'],
      ['default', '1073741824'],
    ],
  )
})

test('whoever subscribed hears of every change, until it leaves', () => {
  const config = new BrokerConfig()
  const seen: number[] = []
  const leave = config.subscribe(() => seen.push(config.number('max.connections')))
  config.setDynamic({ broker: { 'max.connections': '5' }, allBrokers: {} })
  leave()
  config.setDynamic({ broker: { 'max.connections': '6' }, allBrokers: {} })
  assert.deepEqual(seen, [5])
})

test('what is remembered is forgotten when the settings change', () => {
  const config = new BrokerConfig()
  const bytes = () => config.remember('twice', () => 2 * config.number('fetch.max.bytes'))
  assert.equal(bytes(), 2 * 57_671_680)
  config.setDynamic({ broker: { 'fetch.max.bytes': '2048' }, allBrokers: {} })
  assert.equal(bytes(), 4096)
})

test('the older name of the node id says the same', () => {
  assert.equal(new BrokerConfig({ 'broker.id': '3' }).number('node.id'), 3)
  assert.equal(new BrokerConfig({ 'node.id': '4' }).number('broker.id'), 4)
  assert.equal(new BrokerConfig().number('node.id'), 1)
})

test('the stock settings of a Kafka node are taken, with a notice for what has no effect', () => {
  const { problems, notices } = alone({
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.bootstrap.servers': 'localhost:9093',
    listeners: 'PLAINTEXT://:9092,CONTROLLER://:9093',
    'inter.broker.listener.name': 'PLAINTEXT',
    'advertised.listeners': 'PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093',
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL',
    'num.network.threads': '3',
    'num.io.threads': '16',
    'socket.send.buffer.bytes': '102400',
    'log.dirs': '/tmp/kraft-combined-logs',
    'num.partitions': '1',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'log.retention.hours': '168',
  })
  assert.deepEqual(problems, [])
  assert.deepEqual(
    notices.map(({ name }) => name),
    [
      'controller.quorum.bootstrap.servers',
      'inter.broker.listener.name',
      'controller.listener.names',
      'num.io.threads',
      'transaction.state.log.replication.factor',
    ],
  )
})

test('a setting that Odradek does not honour is refused, unless it is at its default', () => {
  assert.deepEqual(alone({ 'log.preallocate': 'true' }).problems, [
    { name: 'log.preallocate', problem: 'known to Kafka, not supported by Odradek yet: log.preallocate' },
  ])
  assert.deepEqual(alone({ 'log.preallocate': ' FALSE ' }).problems, [])
})

test('what is about several brokers is honoured among them, and taken with a notice by one that is alone', () => {
  const settings = {
    'broker.session.timeout.ms': '6000',
    'replica.lag.time.max.ms': '10000',
    'unclean.leader.election.enable': 'true',
    'num.replica.fetchers': '4',
  }
  assert.deepEqual(alone(settings).problems, [])
  assert.deepEqual(
    alone(settings).notices.map(({ problem }) => problem),
    [
      'broker.session.timeout.ms has no effect: one node has no followers, and nobody to be led by',
      'replica.lag.time.max.ms has no effect: one node has no followers, and nobody to be led by',
      'unclean.leader.election.enable has no effect: one node has no followers, and nobody to be led by',
      'num.replica.fetchers has no effect: one connection to each leader fetches all that it leads',
    ],
  )
  const { problems, notices } = checkBrokerConfig(settings, { isAlone: false })
  assert.deepEqual(problems, [])
  assert.deepEqual(
    notices.map(({ name }) => name),
    ['num.replica.fetchers'],
  )
})

test('what is about a broker that is alone is honoured by one, and taken with a notice among several', () => {
  const settings = { 'metadata.log.dir': '/ssd' }
  assert.deepEqual(alone(settings), { problems: [], notices: [] })
  const { problems, notices } = checkBrokerConfig(settings, { isAlone: false })
  assert.deepEqual(problems, [])
  assert.deepEqual(
    notices.map(({ problem }) => problem),
    ['metadata.log.dir has no effect: the metadata of a cluster lies in the store that its brokers share'],
  )
})

test('the rates of throttles are set while a broker runs, and nothing is said of them when it is not', () => {
  const name = 'leader.replication.throttled.rate'
  const config = new BrokerConfig()
  assert.equal(config.number(name), 2 ** 63)
  assert.deepEqual(describeBrokerSettings(config, [name]), [])
  config.setDynamic({ broker: {}, allBrokers: { [name]: '5000' } })
  assert.equal(config.number(name), 5000)
  const [shown] = describeBrokerSettings(config, null)
  assert.deepEqual([shown?.name, shown?.value, shown?.readOnly], [name, '5000', false])
  assert.deepEqual(shown?.synonyms, [{ name, value: '5000', source: 3 }])
  assert.deepEqual(alone({ [name]: '5000' }).problems, [
    {
      name,
      problem: `${name} is no setting to start a broker with: set it while the broker runs, as kafka-configs does`,
    },
  ])
})

test('readers are sent to near replicas by rack, and by no other class', () => {
  const problemsOf = (name: string) => alone({ 'replica.selector.class': name }).problems
  assert.deepEqual(problemsOf('org.apache.kafka.common.replica.RackAwareReplicaSelector'), [])
  assert.match(problemsOf('com.example.Nearest')[0]?.problem ?? '', /RackAwareReplicaSelector/)
})

test('an unknown setting is refused with the nearest name, a bad value with the reason', () => {
  const { problems } = alone({ 'log.segment.byte': '1', 'num.partitions': '0', zzz: '1' })
  assert.deepEqual(
    problems.map(({ problem }) => problem),
    [
      'unknown setting log.segment.byte: did you mean log.segment.bytes?',
      'Invalid value 0 for configuration num.partitions: Value must be at least 1',
      'unknown setting zzz',
    ],
  )
})

test('a name is near when few letters are wrong', () => {
  assert.equal(nearestName('retension.ms', ['retention.ms', 'retention.bytes']), 'retention.ms')
  assert.equal(nearestName('auto.create', ['auto.create.topics.enable', 'auto.x']), 'auto.create.topics.enable')
  assert.equal(nearestName('flush', ['retention.ms']), null)
})
