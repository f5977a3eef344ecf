import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSimulation } from '@odradek/platform/simulated'
import { errorName, zeroUuid } from '@odradek/protocol'
import { alterOperations, resourceTypes } from '../core/cluster/alter-configs.ts'
import type { ClusterChange } from '../core/cluster/cluster-change.ts'
import type { ClusterImage } from '../core/cluster/cluster-image.ts'
import type { NewTopic } from '../core/cluster/create-topics.ts'
import type { Outcome } from '../core/cluster/decision.ts'
import { BrokerConfig } from '../core/config/broker-config.ts'
import { silentLogger } from '../logger.ts'
import { ClusterMetadata } from './cluster-metadata.ts'
import { Controller } from './controller.ts'
import { commitChangesMax } from './metadata-store.ts'
import { SimulatedMetadata } from './testing/simulated-metadata.ts'

const brokers = [1, 2, 3]

/** Three brokers, each with a controller of its own, on a store that takes only so much in one commit. */
async function openCluster(seed: number | string) {
  const simulation = createSimulation({ seed })
  const store = new SimulatedMetadata(simulation)
  const opening = brokers.map(async brokerId => {
    const { clock, random } = simulation.platform(`broker ${brokerId}`)
    const metadata = await ClusterMetadata.open(await store.open(`broker ${brokerId}`, clock))
    const config = new BrokerConfig({ 'node.id': String(brokerId) })
    return { metadata, controller: new Controller({ metadata, config, random, brokerId, logger: silentLogger }) }
  })
  const [one, two] = await simulation.settle(Promise.all(opening))
  assert.ok(one !== undefined && two !== undefined)
  const registrations = brokers.map((brokerId): ClusterChange => {
    return { kind: 'broker', brokerId, value: { rack: null, endpoints: [] } }
  })
  const settle = <T>(call: Promise<T>) => simulation.settle(call)
  await settle(one.metadata.commit(registrations))
  await simulation.runFor(1000)
  const begun = store.history.length
  /** How much each commit wrote since. */
  const commits = () => store.history.slice(begun).map(({ changes }) => changes.length)
  return { simulation, settle, metadata: one.metadata, one: one.controller, two: two.controller, commits }
}

function topic(name: string, more: Partial<NewTopic> = {}): NewTopic {
  return { name, numPartitions: 1, replicationFactor: 2, assignments: [], configs: [], ...more }
}

const retention = [{ name: 'retention.ms', value: '1000', configOperation: alterOperations.set }]

function alteration(name: string) {
  return { resourceType: resourceTypes.topic, resourceName: name, configs: retention }
}

/** How many of them ended in which way. */
function tally(answers: readonly { readonly outcome: Outcome }[]): Record<string, number> {
  const byName = Map.groupBy(answers, ({ outcome }) => errorName(outcome.errorCode))
  return Object.fromEntries(Array.from(byName, ([name, { length }]) => [name, length]))
}

function assertWithinBounds(commits: readonly number[]): void {
  assert.ok(commits.length > 1 && Math.max(...commits) <= commitChangesMax, `${commits}`)
}

/** How many partitions each broker leads, and follows. */
function loads({ topics }: ClusterImage): number[][] {
  const partitions = [...topics.values()].flatMap(({ partitions }) => partitions)
  return [0, 1].map(place => brokers.map(id => partitions.filter(({ replicas }) => replicas[place] === id).length))
}

function assertEven(counts: readonly number[], tolerance: number): void {
  assert.ok(Math.max(...counts) - Math.min(...counts) <= tolerance, `${counts}`)
}

const many = Array.from({ length: 450 }, (_, index) => `t${index}`)

test('more topics than a commit takes are created by one request, evenly, beside what the request rules out', async () => {
  const { settle, metadata, one, commits } = await openCluster('create')
  // The names that exclude each other stand in the first part and in the last one, which is decided later.
  const names = ['a.b', 'twice', ...many, '__cluster_metadata', 'twice', 'a_b']
  const topics = names.map(name => topic(name, { configs: retention }))
  const validated = await settle(one.createTopics(topics, { validateOnly: true }))
  assert.deepEqual([tally(validated), commits()], [{ NONE: 452, INVALID_REQUEST: 2 }, []])
  const created = await settle(one.createTopics(topics))
  assert.deepEqual(
    created.map(({ name, outcome }) => [name, outcome]),
    validated.map(({ name, outcome }) => [name, outcome]),
  )
  assert.deepEqual(created.map(({ name }) => name).slice(-2), ['twice', '__cluster_metadata'])
  assertWithinBounds(commits())
  assert.deepEqual([metadata.image.topics.size, metadata.image.configs.size], [452, 452])
  for (const counts of loads(metadata.image)) assertEven(counts, 1)
  assert.deepEqual(tally(await settle(one.createTopics(topics))), { TOPIC_ALREADY_EXISTS: 452, INVALID_REQUEST: 2 })
})

test('a request that fits into one commit is one commit', async () => {
  const { settle, one, commits } = await openCluster('one')
  const names = many.slice(0, 100)
  await settle(one.createTopics(names.map(name => topic(name))))
  await settle(one.createPartitions(names.map(name => ({ name, count: 2, assignments: null }))))
  await settle(
    one.alterConfigs({
      resources: names.slice(0, 50).map(alteration),
      incremental: true,
      validateOnly: false,
    }),
  )
  const toDelete = [...names.slice(0, 25), ...names.slice(75), ...many.slice(200)]
  await settle(one.deleteTopics(toDelete.map(name => ({ name, topicId: zeroUuid }))))
  assert.deepEqual(commits(), [100, 100, 50, 25 * 2 + 25])
})

test('more topics than a commit takes grow, are altered and are deleted by one request each', async () => {
  const { settle, metadata, one, commits } = await openCluster('change')
  await settle(one.createTopics(many.map(name => topic(name))))

  const growths = [...many, 't7', 'nowhere'].map(name => ({ name, count: 3, assignments: null }))
  const grown = await settle(one.createPartitions(growths))
  assert.deepEqual(tally(grown), { INVALID_REQUEST: 1, NONE: 449, UNKNOWN_TOPIC_OR_PARTITION: 1 })
  assert.equal(grown[0]?.name, 't7')
  // Each part is even by itself.
  for (const counts of loads(metadata.image)) assertEven(counts, 3)

  const resources = [...many, 't7', 'nowhere'].map(alteration)
  const altered = await settle(one.alterConfigs({ resources, incremental: true, validateOnly: false }))
  assert.deepEqual(tally(altered), { NONE: 449, INVALID_REQUEST: 2, UNKNOWN_TOPIC_OR_PARTITION: 1 })
  assert.deepEqual(
    altered.map(({ resourceName }) => resourceName),
    resources.map(({ resourceName }) => resourceName),
  )
  assert.equal(metadata.image.configs.size, 449)

  const idOf = (name: string) => metadata.image.topics.get(name)?.topicId ?? assert.fail(name)
  const byId = many.slice(0, 150).map(name => ({ name: null, topicId: idOf(name) }))
  const byName = [...many.slice(149), 'nowhere'].map(name => ({ name, topicId: zeroUuid }))
  const deleted = await settle(one.deleteTopics([...byId, ...byName]))
  assert.deepEqual(tally(deleted), { NONE: 449, INVALID_REQUEST: 1, UNKNOWN_TOPIC_OR_PARTITION: 1 })
  assert.deepEqual([...metadata.image.topics.keys()], ['t149'])
  assert.equal(metadata.image.configs.size, 1)
  assertWithinBounds(commits())
})

test('of two controllers that are asked for the same topics, one creates each', async () => {
  const { settle, metadata, one, two } = await openCluster('both')
  const topics = many.map(name => topic(name))
  const answers = await settle(Promise.all([one.createTopics(topics), two.createTopics(topics.toReversed())]))
  assert.deepEqual(tally(answers.flat()), { NONE: 450, TOPIC_ALREADY_EXISTS: 450 })
  for (const { name, created } of answers.flat()) {
    if (created !== null) assert.equal(metadata.image.topics.get(name)?.topicId, created.definition.topicId)
  }
})

test('settings that a topic is given while it is deleted go with it, whoever is first', async () => {
  const firsts = new Set<string>()
  for (let seed = 1; seed <= 30; seed++) {
    const { simulation, settle, metadata, one, two } = await openCluster(seed)
    await settle(one.createTopics([topic('orders')]))
    await simulation.runFor(1000)
    const [[deleted], [altered]] = await settle(
      Promise.all([
        one.deleteTopics([{ name: 'orders', topicId: zeroUuid }]),
        two.alterConfigs({ resources: [alteration('orders')], incremental: true, validateOnly: false }),
      ]),
    )
    assert.equal(deleted?.outcome.errorCode, 0)
    firsts.add(errorName(altered?.outcome.errorCode ?? -1))
    await simulation.runFor(1000)
    assert.deepEqual([metadata.image.topics.size, metadata.image.configs.size], [0, 0], `seed ${seed}`)
  }
  assert.deepEqual([...firsts].sort(), ['NONE', 'UNKNOWN_TOPIC_OR_PARTITION'])
})
