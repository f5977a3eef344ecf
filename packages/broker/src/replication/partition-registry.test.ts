import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskError } from '@odradek/platform'
import { encodeBatch, errorCodes } from '@odradek/protocol'
import { type ClusterImage, emptyImage, type PartitionImage, type TopicImage } from '../core/cluster/cluster-image.ts'
import { FaultyDisk } from '../log/testing/faulty-disk.ts'
import { startTestLogs, testTopicId } from '../log/testing/test-logs.ts'
import { type Logger, silentLogger } from '../logger.ts'
import { PartitionRegistry } from './partition-registry.ts'
import { testFetchers, testHost } from './testing/test-host.ts'

const brokerId = 1

function topicOf(name: string, partitions: number, state: Partial<PartitionImage> = {}): TopicImage {
  const partition: PartitionImage = {
    replicas: [brokerId],
    isr: [brokerId],
    leader: brokerId,
    leaderEpoch: 0,
    partitionEpoch: 0,
    elr: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    leaderRecoveryState: 'recovered',
    ...state,
  }
  return { name, topicId: testTopicId, partitions: Array.from({ length: partitions }, () => partition) }
}

function imageOf(...topics: readonly TopicImage[]): ClusterImage {
  return {
    ...emptyImage,
    topics: new Map(topics.map(topic => [topic.name, topic])),
    topicsById: new Map(topics.map(topic => [topic.topicId, topic])),
  }
}

async function start() {
  const disk = new FaultyDisk()
  const lines: { message: string; fields: Record<string, unknown> | undefined }[] = []
  const logger: Logger = { ...silentLogger, error: (message, fields) => lines.push({ message, fields }) }
  const logs = await startTestLogs({ disk })
  const given: { index: number; leaderEpoch: number; successor?: number | undefined }[] = []
  const partitions = new PartitionRegistry({
    logs: logs.manager,
    host: {
      ...testHost({ brokerId, clock: logs.clock }),
      giveUpReplica: ({ index, leaderEpoch, successor }) => given.push({ index, leaderEpoch, successor }),
    },
    fetchers: testFetchers({ brokerId, clock: logs.clock }),
    configOf: () => logs.config,
    logger,
  })
  const { clock } = logs
  /** Lets the turns that bring logs back go by. */
  const wait = async (turns: number) => {
    for (let n = 0; n < turns; n++) {
      clock.advance(1000)
      await new Promise(resolve => setImmediate(resolve))
    }
  }
  const names = () => disk.listSync('/data').filter(name => name.startsWith('t'))
  return { disk, lines, given, logs, partitions, wait, names }
}

const isFull = (path: string) => new DiskError('full', path, `${path}: no space left`)
const lacksDescriptors = (path: string) => new DiskError('descriptors', path, `${path}: too many open files`)

for (const [lack, fault] of [['space', isFull] as const, ['descriptors', lacksDescriptors] as const]) {
  test(`a topic that came while there was no ${lack} is served once there is some, without a restart`, async () => {
    const { disk, lines, partitions, wait, names } = await start()
    disk.failWrites = fault
    const born = imageOf(topicOf('t', 3))
    await partitions.apply(born, emptyImage)
    assert.equal(partitions.get('t', 0), undefined)
    assert.equal(partitions.problem('t', 0), errorCodes.KAFKA_STORAGE_ERROR)
    assert.equal(lines.length, 1)
    assert.match(lines[0]?.message ?? '', /serve by themselves/)
    assert.deepEqual(lines[0]?.fields?.partitions, [0, 1, 2])
    assert.match(String(lines[0]?.fields?.error), /free some space|raise the limit of open files/)
    assert.deepEqual(names(), [])

    await wait(5)
    assert.equal(partitions.get('t', 0), undefined)
    // What the image has become meanwhile counts.
    await partitions.apply(imageOf(topicOf('t', 3, { leaderEpoch: 7 })), born)
    disk.failWrites = () => null
    await wait(5)
    assert.deepEqual(names(), ['t-0', 't-1', 't-2'])
    for (let index = 0; index < 3; index++) {
      const partition = partitions.get('t', index)
      assert.equal(partition?.leaderEpoch, 7)
      const batch = encodeBatch({ records: [{ timestamp: 1, value: 'served' }] })
      assert.equal((await partition?.append(batch, 'client, acks=all'))?.errorCode, errorCodes.NONE)
    }
    assert.equal(lines.length, 1)
  })
}

test('a log that cannot be made keeps no other from being made', async () => {
  const { disk, partitions, wait } = await start()
  disk.failWrites = isFull
  await partitions.apply(imageOf(topicOf('t', 3)), emptyImage)
  disk.failWrites = path => (path.includes('/t-0/') ? new DiskError('io', path, 'input/output error') : null)
  await wait(5)
  assert.deepEqual(
    [0, 1, 2].map(index => partitions.get('t', index) !== undefined),
    [false, true, true],
  )
})

test('what has no log is given up as long as others are in sync, and what it is elected to, to an eligible replica that fetches', async () => {
  const { disk, given, partitions, wait } = await start()
  disk.failWrites = isFull
  const born = imageOf(topicOf('t', 2, { replicas: [1, 2, 3], isr: [1, 2, 3] }))
  await partitions.apply(born, emptyImage)
  const all = [0, 1].map(index => ({ index, leaderEpoch: 0, successor: undefined }))
  assert.deepEqual(given.splice(0), all)
  partitions.dropLaggards()
  assert.deepEqual(given.splice(0), all)
  const elected = imageOf(topicOf('t', 2, { replicas: [1, 2, 3], isr: [1], elr: [2], leaderEpoch: 2 }))
  await partitions.apply(elected, born)
  partitions.dropLaggards()
  partitions.fetchedInVain('t', 1, 3)
  assert.deepEqual(given.splice(0), [])
  partitions.fetchedInVain('t', 1, 2)
  assert.deepEqual(given.splice(0), [{ index: 1, leaderEpoch: 2, successor: 2 }])
  disk.failWrites = () => null
  await wait(5)
  partitions.dropLaggards()
  partitions.fetchedInVain('t', 1, 2)
  assert.deepEqual(given.splice(0), [])
})

test('a topic that is deleted before its logs could be made leaves nothing behind', async () => {
  const { disk, partitions, wait, names } = await start()
  disk.failWrites = isFull
  const born = imageOf(topicOf('t', 2))
  await partitions.apply(born, emptyImage)
  await partitions.apply(emptyImage, born)
  disk.failWrites = () => null
  await wait(5)
  assert.equal(partitions.problem('t', 0), errorCodes.UNKNOWN_TOPIC_OR_PARTITION)
  assert.deepEqual(names(), [])
})

test('a stop ends the attempts', async () => {
  const { disk, logs, partitions, wait, names } = await start()
  disk.failWrites = isFull
  await partitions.apply(imageOf(topicOf('t', 1)), emptyImage)
  await logs.stop()
  disk.failWrites = () => null
  await wait(3)
  assert.deepEqual(names(), [])
})

test('others have their turn while the logs of many partitions are made, and a stop leaves the rest to the next start', async () => {
  const { logs, partitions, names } = await start()
  const applied = partitions.apply(imageOf(topicOf('t', 100)), emptyImage)
  const counts: number[] = []
  for (let turns = 0; turns < 5; turns++) {
    counts.push(names().length)
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.deepEqual(counts, [4, 8, 12, 16, 20])
  await logs.stop()
  const left = names().length
  await applied
  assert.equal(names().length, left)
})
