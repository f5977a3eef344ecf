/** What a stop syncs: all that is new, and nothing else. With many partitions most of the stop's time is syncs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBatch, errorCodes } from '@odradek/protocol'
import { silentLogger } from '../logger.ts'
import { FaultyDisk } from './testing/faulty-disk.ts'
import { startTestLogs, type TestLogs } from './testing/test-logs.ts'

const topic = 'stopped'

async function append(logs: TestLogs): Promise<void> {
  const batch = encodeBatch({
    producerId: 9,
    producerEpoch: 0,
    baseSequence: 0,
    records: [{ timestamp: 1, value: 'v' }],
  })
  const { errorCode } = await logs.get(topic).append(batch, { leaderEpoch: 0, origin: 'client' })
  assert.equal(errorCode, errorCodes.NONE)
}

/** As a broker does when it starts: its topics are there, and it leads. */
async function startAgain(logs: TestLogs): Promise<void> {
  await logs.start()
  logs.create(topic).assignLeaderEpoch(0)
}

test('a stop syncs what is new of a log, and nothing of one that is empty', async () => {
  const disk = new FaultyDisk()
  const logs = await startTestLogs({ disk })
  logs.create(topic).assignLeaderEpoch(0)
  await append(logs)
  logs.create('empty').assignLeaderEpoch(0)
  await logs.stop()
  for (const suffix of ['.log', '.timeindex', '.snapshot', 'leader-epoch-checkpoint.tmp']) {
    assert.equal(disk.syncsOf(suffix), 1, suffix)
  }
  assert.equal(disk.syncsOf('.index'), 0, 'an index without an entry')
})

test('a stop with nothing new syncs nothing', async () => {
  const disk = new FaultyDisk()
  const logs = await startTestLogs({ disk })
  logs.create(topic).assignLeaderEpoch(0)
  await append(logs)
  await logs.stop()
  const before = disk.syncsOf('')
  await startAgain(logs)
  await logs.stop()
  assert.equal(disk.syncsOf(''), before)
  await startAgain(logs)
  assert.equal(logs.get(topic).logEndOffset, 1)
})

test('a leader epoch without a record stays, over a stop, what it is', async () => {
  const logs = await startTestLogs()
  logs.create(topic).assignLeaderEpoch(0)
  await append(logs)
  logs.get(topic).assignLeaderEpoch(3)
  await logs.restart()
  assert.equal(logs.get(topic).latestLeaderEpoch, 3)
  logs.get(topic).assignLeaderEpoch(4)
  assert.deepEqual(logs.get(topic).endOffsetForEpoch(3), { leaderEpoch: 0, endOffset: 1 })
})

test('a stop syncs the indexes that a recovery has made anew, though no record came', async () => {
  const disk = new FaultyDisk()
  const logs = await startTestLogs({ disk })
  logs.create(topic).assignLeaderEpoch(0)
  await append(logs)
  await logs.stop()
  await startAgain(logs)
  await logs.crash()
  logs.create(topic).assignLeaderEpoch(0)
  const before = disk.syncsOf('.timeindex')
  await logs.stop()
  assert.equal(disk.syncsOf('.timeindex'), before + 1)
})

test('the topic id of a log that was empty at a clean stop is synced with the first record after it', async () => {
  const disk = new FaultyDisk()
  const logs = await startTestLogs({ disk })
  logs.create(topic)
  await logs.stop()
  await startAgain(logs)
  await append(logs)
  await logs.get(topic).flush()
  assert.equal(disk.syncsOf('partition.metadata'), 1)
  await logs.restart()
  logs.create(topic)
  await logs.get(topic).flush()
  assert.equal(disk.syncsOf('partition.metadata'), 1)
})

test('a log that was empty at a clean stop needs no index, and no recovery', async () => {
  const disk = new FaultyDisk()
  const lines: string[] = []
  const logs = await startTestLogs({ disk, logger: { ...silentLogger, info: message => lines.push(message) } })
  lines.length = 0
  logs.create(topic)
  await logs.restart()
  assert.deepEqual(disk.listSync(`/data/${topic}-0`), ['00000000000000000000.log', 'partition.metadata'])
  assert.deepEqual(lines, [])
  await append(logs)
  await logs.restart()
  assert.deepEqual(lines, [])
  assert.equal(logs.get(topic).logEndOffset, 1)
})
