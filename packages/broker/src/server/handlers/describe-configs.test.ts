import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorName } from '@odradek/protocol'
import { clusterOf } from '../../core/cluster/testing/cluster-of.ts'
import { BrokerConfig } from '../../core/config/broker-config.ts'
import { requestContext } from '../testing/request-context.ts'
import { describeConfigsHandler } from './describe-configs.ts'

const config = new BrokerConfig({ 'log.retention.hours': '2', 'num.partitions': '4', 'ssl.key.password': 'secret' })
config.setDynamic({ broker: { 'message.max.bytes': '7' }, allBrokers: { 'min.insync.replicas': '1' } })
const image = clusterOf(
  [{ id: 1 }],
  [
    { kind: 'topic', name: 't', value: { topicId: 'T', partitions: [] } },
    { kind: 'config', resource: { type: 'topic', name: 't' }, value: { 'flush.messages': ' 1 ' } },
  ],
)
const handler = describeConfigsHandler({ image: () => image, config, brokerId: 1 })

async function describe(
  resourceType: number,
  resourceName: string,
  configurationKeys: string[] | null,
  options = { includeSynonyms: true, includeDocumentation: false },
) {
  const resource = { resourceType, resourceName, configurationKeys }
  const answer = await handler.handle({ resources: [resource], ...options }, requestContext(4))
  const [result] = answer?.results ?? []
  assert.ok(result !== undefined)
  return result
}

/** name=value @ source, then what else it could have been. */
async function lines(type: number, name: string, ...keys: string[]) {
  const { configs } = await describe(type, name, keys.length === 0 ? null : keys)
  return configs?.map(({ name, value, configSource, synonyms }) => {
    const others = synonyms?.map(synonym => `${synonym.name}=${synonym.value}@${synonym.source}`)
    return [`${name}=${value}@${configSource}`, ...(others ?? [])].join(' ')
  })
}

test('a topic’s settings have their sources and what they were chosen from', async () => {
  assert.deepEqual(await lines(2, 't', 'flush.messages'), [
    'flush.messages=1@1 flush.messages=1@1 log.flush.interval.messages=9223372036854775807@5',
  ])
  assert.deepEqual(await lines(2, 't', 'max.message.bytes'), [
    'max.message.bytes=7@2 message.max.bytes=7@2 message.max.bytes=1048588@5',
  ])
  assert.deepEqual(await lines(2, 't', 'min.insync.replicas'), [
    'min.insync.replicas=1@3 min.insync.replicas=1@3 min.insync.replicas=1@5',
  ])
})

test('a value that comes from a coarser setting alone has no source to show', async () => {
  assert.deepEqual(await lines(2, 't', 'retention.ms'), ['retention.ms=7200000@5'])
  assert.deepEqual(await lines(4, '1', 'log.retention.ms'), ['log.retention.ms=null@5'])
  assert.deepEqual(await lines(4, '1', 'log.retention.hours'), [
    'log.retention.hours=2@4 log.retention.hours=2@4 log.retention.hours=168@5',
  ])
})

test('without names, or with none, all that is not internal is described', async () => {
  assert.equal((await lines(2, 't'))?.length, 33)
  assert.equal((await describe(2, 't', [])).configs?.length, 33)
  assert.equal((await lines(4, '1'))?.length, 340)
  assert.deepEqual(await lines(4, ''), ['min.insync.replicas=1@3 min.insync.replicas=1@3'])
  assert.equal((await lines(32, 'g'))?.length, 17)
  assert.equal((await lines(16, 'm'))?.length, 3)
})

test('secrets are not told', async () => {
  const [setting] = (await describe(4, '1', ['ssl.key.password'])).configs ?? []
  assert.deepEqual([setting?.value, setting?.isSensitive, setting?.synonyms?.[0]?.value], [null, true, null])
})

test('what cannot change while the broker runs is read-only', async () => {
  const { configs } = await describe(4, '1', ['num.partitions', 'message.max.bytes'])
  assert.deepEqual(Object.fromEntries((configs ?? []).map(({ name, readOnly }) => [name, readOnly])), {
    'num.partitions': true,
    'message.max.bytes': false,
  })
})

test('synonyms and documentation come when they are asked for', async () => {
  const [bare] =
    (await describe(2, 't', ['flush.ms'], { includeSynonyms: false, includeDocumentation: false })).configs ?? []
  assert.deepEqual([bare?.synonyms, bare?.documentation, bare?.configType], [[], null, 5])
  const [full] =
    (await describe(2, 't', ['flush.ms'], { includeSynonyms: false, includeDocumentation: true })).configs ?? []
  assert.match(full?.documentation ?? '', /\.$/)
})

test('what is not there is refused as Kafka refuses it', async () => {
  const refused = async (type: number, name: string) => {
    const { errorCode, errorMessage } = await describe(type, name, null)
    return `${errorName(errorCode ?? 0)} ${errorMessage}`.trim()
  }
  assert.equal(await refused(2, 'x'), 'UNKNOWN_TOPIC_OR_PARTITION')
  assert.match(await refused(2, 'a b'), /^INVALID_TOPIC_EXCEPTION Topic name is invalid: 'a b' contains/)
  assert.equal(
    await refused(4, '7'),
    'INVALID_REQUEST Unexpected broker id, expected 1 or empty string, but received 7',
  )
  assert.equal(await refused(4, 'x'), 'INVALID_REQUEST Broker id must be an integer, but it is: x')
  assert.equal(await refused(32, ''), 'INVALID_REQUEST Group name must not be empty')
  assert.match(await refused(3, 'x'), /^INVALID_REQUEST /)
})
