import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSimulation } from '@odradek/platform/simulated'
import { errorCodes } from '@odradek/protocol'
import { type ClusterImage, emptyImage, type TopicImage } from '../core/cluster/cluster-image.ts'
import { bornPartition } from '../core/cluster/partition-state.ts'
import { silentLogger } from '../logger.ts'
import { GroupCoordinator, offsetsTopic } from './group-coordinator.ts'
import { defaultGroupCoordinatorConfig } from './group-coordinator-config.ts'
import { FakeLog } from './testing/fake-log.ts'
import { commitCode, commitInput, joinInput } from './testing/requests.ts'

const partitionCount = 4

function topic(name: string, partitions: number): TopicImage {
  const partition = bornPartition({ leader: 1, replicas: [1], isr: [1] })
  return { name, topicId: `${name}-id`, partitions: Array.from({ length: partitions }, () => partition) }
}

function imageOf(...topics: TopicImage[]): ClusterImage {
  return {
    ...emptyImage,
    topics: new Map(topics.map(one => [one.name, one])),
    topicsById: new Map(topics.map(one => [one.topicId, one])),
  }
}

const withOffsets = imageOf(topic(offsetsTopic, partitionCount), topic('t', 1))

function setUp() {
  const simulation = createSimulation({ seed: 1 })
  const { clock, random } = simulation.platform('broker')
  const logs = Array.from({ length: partitionCount }, () => new FakeLog(clock))
  const config = { ...defaultGroupCoordinatorConfig, offsetsTopicPartitions: partitionCount }
  const start = (): GroupCoordinator => {
    return new GroupCoordinator({ clock, random, logger: silentLogger, config, logOf: partition => logs[partition] })
  }
  return { simulation, logs, start }
}

const everything = { states: new Set<string>(), types: new Set<string>() }

test('groups lie where Kafka looks for them', () => {
  const { start } = setUp()
  const groups = start()
  // As Java's String.hashCode has it; the fourth one's is the least int, which counts as 0.
  assert.deepEqual(
    ['', 'g', 'my-group', 'polygenelubricants', 'Ω'].map(groupId => groups.partitionFor(groupId)),
    [0, 3, 2, 0, 1],
  )
})

test("before the topic exists, this is nobody's coordinator", async () => {
  const { start } = setUp()
  const groups = start()
  const heartbeat = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null }
  assert.deepEqual(groups.heartbeat(heartbeat), { errorCode: errorCodes.NOT_COORDINATOR })
  assert.equal(commitCode(await groups.commitOffsets(commitInput('g', 1))), errorCodes.NOT_COORDINATOR)
  assert.deepEqual(await groups.listGroups(everything), { errorCode: errorCodes.NONE, groups: [] })
})

test('an empty partition is opened when somebody asks for it, and not before', async () => {
  const { simulation, logs, start } = setUp()
  const groups = start()
  groups.apply(withOffsets, emptyImage)
  await simulation.runFor(1_000)
  assert.deepEqual(
    logs.map(log => log.replays),
    [0, 0, 0, 0],
  )
  assert.equal(
    commitCode(await simulation.settle(Promise.resolve(groups.commitOffsets(commitInput('g', 1))))),
    errorCodes.NONE,
  )
  assert.deepEqual(
    logs.map(log => log.appends),
    [0, 0, 0, 1],
  )
})

test('what a former broker left is loaded in the background, and listed', async () => {
  const { simulation, logs, start } = setUp()
  const former = start()
  former.apply(withOffsets, emptyImage)
  for (const groupId of ['g', 'my-group'])
    await simulation.settle(Promise.resolve(former.commitOffsets(commitInput(groupId, 1))))
  former.stop()

  for (const log of logs) log.replayMs = 100
  const groups = start()
  groups.apply(withOffsets, emptyImage)
  const tooEarly = await simulation.settle(groups.listGroups(everything))
  assert.equal(tooEarly.errorCode, errorCodes.COORDINATOR_LOAD_IN_PROGRESS)
  await simulation.runFor(1_000)
  assert.deepEqual(
    logs.map(log => log.replays),
    [0, 0, 1, 1],
  )
  const listed = await simulation.settle(groups.listGroups(everything))
  assert.deepEqual(listed.groups.map(group => group.groupId).sort(), ['g', 'my-group'])
  const consumers = { states: new Set<string>(), types: new Set(['consumer']) }
  assert.deepEqual((await simulation.settle(groups.listGroups(consumers))).groups, [])
})

test('the offsets of a deleted topic are forgotten, also by groups that nobody has asked for yet', async () => {
  const { simulation, start } = setUp()
  const former = start()
  former.apply(withOffsets, emptyImage)
  await simulation.settle(Promise.resolve(former.commitOffsets(commitInput('g', 7))))
  former.stop()

  const groups = start()
  groups.apply(withOffsets, emptyImage)
  groups.apply(imageOf(topic(offsetsTopic, partitionCount)), withOffsets)
  await simulation.runFor(100)
  const fetched = await groups.fetchOffsets({ groupId: 'g', topics: null })
  assert.deepEqual(fetched, { errorCode: errorCodes.NONE, topics: [] })
})

test('offsets expire while the broker runs', async () => {
  const { simulation, start } = setUp()
  const groups = start()
  groups.apply(withOffsets, emptyImage)
  groups.start()
  await simulation.settle(Promise.resolve(groups.commitOffsets(commitInput('g', 1))))
  const { offsetsRetentionMs, offsetsRetentionCheckIntervalMs } = defaultGroupCoordinatorConfig
  await simulation.runFor(offsetsRetentionMs - 1_000)
  assert.equal((await groups.listGroups(everything)).groups.length, 1)
  await simulation.runFor(offsetsRetentionCheckIntervalMs + 2_000)
  assert.deepEqual((await groups.listGroups(everything)).groups, [])
  groups.stop()
})

const join = joinInput('g', { apiVersion: 9 })

test("a member id is the client's, and a random uuid", async () => {
  const { simulation, start } = setUp()
  const groups = start()
  groups.apply(withOffsets, emptyImage)
  const { memberId } = await simulation.settle(Promise.resolve(groups.joinGroup(join)))
  assert.match(memberId, /^c-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

test('a stop answers those whose group is not on the log yet', async () => {
  const { start } = setUp()
  const groups = start()
  groups.apply(withOffsets, emptyImage)
  const answer = groups.joinGroup(join)
  assert.ok(answer instanceof Promise)
  groups.stop()
  assert.equal((await answer).errorCode, errorCodes.NOT_COORDINATOR)
  assert.deepEqual(await groups.joinGroup(join), await answer)
})
