/** A log moves from one directory to another while it serves: nothing is lost, nobody sees it, and it can be given up. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryDisk } from '@odradek/platform'
import { encodeBatch, errorCodes } from '@odradek/protocol'
import type { LogConfig } from './log-config.ts'
import type { PartitionLog } from './partition-log.ts'
import { BreakingDisk } from './testing/breaking-disk.ts'
import { startTestLogs, type TestLogs, testTopicId } from './testing/test-logs.ts'
import { readTextFile, writeTextFile } from './text-file.ts'

const turn = () => new Promise<void>(resolve => setImmediate(resolve))

async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns++) {
    assert.ok(turns < 10_000, 'does not come true')
    await turn()
  }
}

async function append(log: PartitionLog, value: string, { epoch = 0, producerId = -1, sequence = -1 } = {}) {
  const producer = producerId < 0 ? {} : { producerId, producerEpoch: 0, baseSequence: sequence }
  const records = encodeBatch({ records: [{ timestamp: 1_700_000_000_000, value }], ...producer })
  return await log.append(records, { leaderEpoch: epoch, origin: 'client' })
}

async function fill(log: PartitionLog, from: number, to: number, options: { epoch?: number } = {}): Promise<void> {
  for (let n = from; n < to; n++) assert.equal((await append(log, `value ${n}`, options)).baseOffset, n)
}

/** The bytes of all batches, as a follower would get them. */
async function contentOf(log: PartitionLog): Promise<Buffer> {
  const chunks: Buffer[] = []
  for (let offset = log.logStartOffset; offset < log.logEndOffset; ) {
    const read = await log.read(offset, { endOffset: log.logEndOffset, maxBytes: 1, minOneBatch: true })
    assert.equal(read.errorCode, errorCodes.NONE)
    for (const chunk of read.chunks) {
      chunks.push(Buffer.from(chunk))
      offset = Number(chunk.readBigInt64BE(0)) + chunk.readInt32BE(23) + 1
    }
  }
  return Buffer.concat(chunks)
}

async function startTwo(
  config: Partial<LogConfig> = {},
): Promise<{ logs: TestLogs; disk: BreakingDisk; log: PartitionLog }> {
  const disk = new BreakingDisk(createMemoryDisk())
  const logs = await startTestLogs({ disk, morePaths: ['/b'], config })
  const log = logs.create('t')
  assert.equal(log.directory, '/data/t-0')
  return { logs, disk, log }
}

function move(logs: TestLogs, path: string, log: PartitionLog = logs.get('t')): void {
  assert.equal(logs.manager.move(log, path), errorCodes.NONE)
}

const isOver = (logs: TestLogs, log: PartitionLog) => () =>
  logs.manager.moveOf(log) === undefined && logs.disk.statSync(`${log.directory}/.moved-from`) === null

test('a log moves with all that it has, and its old directory goes', async () => {
  const { logs, disk, log } = await startTwo({ segmentBytes: 2000 })
  await fill(log, 0, 100)
  await append(log, 'of a producer', { producerId: 7, sequence: 0 })
  log.deleteRecords(5)
  const content = await contentOf(log)
  move(logs, '/b')
  assert.match(logs.manager.moveOf(log)?.future.directory ?? '', /^\/b\/t-0\.[0-9a-f]{32}-future$/)
  await until(isOver(logs, log))
  assert.equal(log.directory, '/b/t-0')
  assert.deepEqual([log.logStartOffset, log.logEndOffset, log.highWatermark], [5, 101, 101])
  assert.deepEqual(await contentOf(log), content)
  assert.ok(log.segmentCount > 3)
  assert.equal((await append(log, 'of a producer', { producerId: 7, sequence: 0 })).baseOffset, 100)
  assert.equal((await append(log, 'more')).baseOffset, 101)
  const names = (path: string) => disk.listSync(path).filter(name => name.startsWith('t-0'))
  assert.deepEqual(names('/b'), ['t-0'])
  assert.match(names('/data').join(), /^t-0\.[0-9a-f]{32}-delete$/)
  logs.clock.advance(60_000)
  await until(() => names('/data').length === 0)
  await logs.restart()
  assert.equal(logs.manager.wasCleanShutdown, true)
  assert.equal(logs.get('t').directory, '/b/t-0')
  assert.deepEqual([logs.get('t').logStartOffset, logs.get('t').logEndOffset], [5, 102])
})

test('a log that begins within a batch moves with all of it', async () => {
  const { logs, log } = await startTwo()
  const records = ['a', 'b', 'c', 'd'].map(value => ({ timestamp: 1_700_000_000_000, value }))
  for (let n = 0; n < 3; n++) await log.append(encodeBatch({ records }), { leaderEpoch: 0, origin: 'client' })
  log.deleteRecords(6)
  move(logs, '/b')
  await until(isOver(logs, log))
  assert.equal(log.directory, '/b/t-0')
  assert.deepEqual([log.logStartOffset, log.logEndOffset], [6, 12])
  await logs.restart()
  assert.deepEqual([logs.get('t').logStartOffset, logs.get('t').logEndOffset], [6, 12])
})

test('appends that come while it goes over wait, keep their order, and are refused when their leader is over', async () => {
  const { logs, log } = await startTwo({ flushMessages: 1 })
  await fill(log, 0, 10)
  move(logs, '/b')
  const answers: Promise<{ baseOffset: number }>[] = []
  for (let n = 10; log.directory === '/data/t-0'; n++) {
    answers.push(append(log, `value ${n}`))
    await Promise.resolve()
    if (n % 5 === 0) await turn()
  }
  const offsets = (await Promise.all(answers)).map(({ baseOffset }) => baseOffset)
  assert.deepEqual(
    offsets,
    offsets.map((_, n) => n + 10),
  )
  await until(isOver(logs, log))
  const values = (await contentOf(log)).toString('latin1').match(/value \d+/g)
  assert.deepEqual(
    values,
    values?.map((_, n) => `value ${n}`),
  )

  let isGoingOver = false
  const left = log.moveTo(async () => {
    isGoingOver = true
    await turn()
    await turn()
    return null
  })
  await until(() => isGoingOver)
  const old = append(log, 'of the old leader')
  const stale = append(log, 'of an old epoch')
  log.failCommits({ ...(await append(await other(logs), 'x')), errorCode: errorCodes.NOT_LEADER_OR_FOLLOWER })
  const late = append(log, 'of an old epoch')
  log.assignLeaderEpoch(3)
  const own = append(log, 'of the new leader', { epoch: 3 })
  assert.equal(await left, null)
  const errors = await Promise.all([old, stale, late, own])
  assert.deepEqual(
    errors.map(({ errorCode }) => errorCode),
    [...Array(3).fill(errorCodes.NOT_LEADER_OR_FOLLOWER), errorCodes.NONE],
  )
})

async function other(logs: TestLogs): Promise<PartitionLog> {
  return logs.create('other')
}

test('it is given up when the log is asked to stay, or to go elsewhere, and goes with the log when that is deleted', async () => {
  const { logs, disk, log } = await startTwo()
  await fill(log, 0, 10)
  move(logs, '/b')
  move(logs, '/b')
  assert.equal(futures(disk, '/b'), 1)
  move(logs, '/data')
  assert.equal(logs.manager.moveOf(log), undefined)
  assert.equal(futures(disk, '/b'), 0)
  await turn()
  await turn()
  assert.equal(log.directory, '/data/t-0')
  assert.equal((await append(log, 'x')).baseOffset, 10)
  move(logs, '/b')
  await turn()
  logs.manager.delete('t', 0)
  assert.equal(futures(disk, '/b'), 0)
  for (let n = 0; n < 20; n++) await turn()
  assert.deepEqual(
    ['/data', '/b'].flatMap(path =>
      disk.listSync(path).filter(name => name.startsWith('t-0') && !name.endsWith('-delete')),
    ),
    [],
  )
})

function futures(disk: BreakingDisk, path: string): number {
  return disk.listSync(path).filter(name => name.endsWith('-future')).length
}

test('it follows a log that is cut back, emptied, and trimmed by retention meanwhile', async () => {
  const { logs, log } = await startTwo({ segmentBytes: 1000 })
  await fill(log, 0, 50)
  const finish = hold(logs, log)
  await until(() => finish.future.logEndOffset === 50)
  assert.equal(await log.truncateTo(30), true)
  await fill(log, 30, 60, { epoch: 2 })
  finish.release()
  await until(isOver(logs, log))
  assert.equal(log.directory, '/b/t-0')
  assert.equal(log.logEndOffset, 60)
  assert.deepEqual(log.endOffsetForEpoch(0), { leaderEpoch: 0, endOffset: 30 })
  assert.match((await contentOf(log)).toString('latin1'), /value 59/)

  const again = hold(logs, log, '/data')
  await until(() => again.future.logEndOffset === 60)
  assert.equal(await log.startAnewAt(200), true)
  await fill(log, 200, 210)
  again.release()
  await until(isOver(logs, log))
  assert.deepEqual([log.directory, log.logStartOffset, log.logEndOffset], ['/data/t-0', 200, 210])

  await fill(log, 210, 300)
  const third = hold(logs, log)
  log.deleteRecords(290)
  assert.ok(log.applyRetention(logs.clock.now()) > 0)
  third.release()
  await until(isOver(logs, log))
  assert.deepEqual([log.directory, log.logStartOffset, log.logEndOffset], ['/b/t-0', 290, 300])
})

/** Begins a move that does not end before it is released. */
function hold(
  logs: TestLogs,
  log: PartitionLog,
  path = '/b',
): { future: PartitionLog; release: () => void; giveUp: () => void } {
  move(logs, path, log)
  const future = logs.manager.moveOf(log)?.future
  assert.ok(future !== undefined)
  const flush = future.flush.bind(future)
  const { promise: mayFlush, resolve } = Promise.withResolvers<boolean>()
  let isHeld = true
  // All is to be copied before.
  const heldFlush = async () => future.logEndOffset === log.logEndOffset && (await mayFlush) && (await flush())
  future.flush = () => (isHeld ? heldFlush() : flush())
  const end = (isGoingOn: boolean) => {
    isHeld = false
    resolve(isGoingOn)
  }
  return { future, release: () => end(true), giveUp: () => end(false) }
}

test('what was copied before a stop is not copied again, and what a crash has parted from its source is', async () => {
  for (const end of ['stop', 'crash'] as const) {
    for (const parts of [false, true]) {
      const { logs, disk, log } = await startTwo()
      await fill(log, 0, 50)
      const { future, giveUp } = hold(logs, log)
      await until(() => future.logEndOffset === 50)
      const directory = future.directory
      if (parts) {
        // As where the power took what the log had not synced, and somebody else's records came in its place.
        await log.truncateTo(40)
        await fill(log, 40, 60, { epoch: 2 })
      }
      if (end === 'stop') {
        const stopping = logs.stop()
        giveUp()
        await stopping
        await logs.start()
      } else await logs.crash()
      assert.ok(disk.statSync(directory) !== null)
      const again = logs.create('t')
      assert.equal(logs.manager.moveOf(again)?.future.directory, directory)
      await fill(again, parts ? 60 : 50, 70, { epoch: 3 })
      const content = await contentOf(again)
      await until(isOver(logs, again))
      assert.equal(again.directory, '/b/t-0')
      assert.deepEqual(await contentOf(again), content)
    }
  }
})

test('a move that had taken over before a crash is finished by the next start', async () => {
  const { logs, disk, log } = await startTwo()
  await fill(log, 0, 10)
  await logs.stop()
  // Both are there, and the new one says that it comes from the old.
  const id = /directory\.id=(\S+)/.exec(readTextFile(disk, '/data/meta.properties') ?? '')?.[1] ?? ''
  disk.renameSync('/data/t-0', '/b/t-0')
  writeTextFile(disk, '/b/t-0/.moved-from', id)
  disk.makeDirectorySync('/data/t-0')
  writeTextFile(disk, '/data/t-0/partition.metadata', `version: 0\ntopic_id: ${testTopicId}`)
  await logs.start()
  assert.equal(logs.get('t').directory, '/b/t-0')
  assert.equal(logs.get('t').logEndOffset, 10)
  assert.equal(disk.statSync('/b/t-0/.moved-from'), null)
  assert.equal(disk.statSync('/data/t-0'), null)
})

test('a future log of a partition that is not here any more goes', async () => {
  const { logs, disk, log } = await startTwo()
  await fill(log, 0, 10)
  hold(logs, log)
  await logs.crash()
  logs.manager.setAsideStrays(() => false)
  assert.equal(futures(disk, '/b'), 0)
  assert.equal(logs.manager.get('t', 0), undefined)
})

test('where the disk fails that it goes to, the log stays and serves', async () => {
  const { logs, disk, log } = await startTwo()
  await fill(log, 0, 10)
  hold(logs, log).release()
  disk.broken.add('/b')
  await until(() => logs.manager.moveOf(log) === undefined)
  assert.equal((await append(log, 'x')).baseOffset, 10)
  assert.equal(log.directory, '/data/t-0')
  assert.equal(logs.manager.move(log, '/b'), errorCodes.KAFKA_STORAGE_ERROR)
})

test('a partition that does not exist yet comes into being where it was wished for', async () => {
  const { logs } = await startTwo()
  assert.equal(logs.manager.checkDirectory('/nowhere'), errorCodes.LOG_DIR_NOT_FOUND)
  for (const topic of ['u', 'v', 'w']) logs.manager.prefer(topic, 0, '/data')
  for (const topic of ['u', 'v', 'w']) assert.equal(logs.create(topic).directory, `/data/${topic}-0`)
  assert.equal(logs.create('x').directory, '/b/x-0')
})

test('a compacted log is left alone while it moves, and is as clean afterwards as it was', async () => {
  const { logs, log } = await startTwo({
    cleanupPolicy: { compact: true, delete: false },
    segmentBytes: 500,
    minCleanableDirtyRatio: 0,
  })
  const put = async () => {
    for (let n = 0; n < 60; n++) {
      const records = encodeBatch({ records: [{ timestamp: 1_700_000_000_000, key: `k${n % 3}`, value: `${n}` }] })
      await log.append(records, { leaderEpoch: 0, origin: 'client' })
    }
  }
  await put()
  await logs.manager.compactDirty()
  const size = log.sizeBytes
  const { future, release } = hold(logs, log)
  await until(() => future.logEndOffset === log.logEndOffset)
  await put()
  await logs.manager.compactDirty()
  assert.ok(log.sizeBytes > size * 2)
  release()
  await until(isOver(logs, log))
  assert.equal(log.logEndOffset, 120)
  await logs.manager.compactDirty()
  assert.ok(log.sizeBytes < size * 2)
  await logs.manager.checkpoint()
  assert.match(readTextFile(logs.disk, '/b/cleaner-offset-checkpoint') ?? '', /^0\n1\nt 0 \d+\n$/)
  assert.match(readTextFile(logs.disk, '/data/cleaner-offset-checkpoint') ?? '', /^0\n0\n$/)
})
