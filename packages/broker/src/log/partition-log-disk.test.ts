/** How a log lives with its disk: group commit, flush.messages, slow, full and failing disks. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskError } from '@odradek/platform'
import { encodeBatch, errorCodes } from '@odradek/protocol'
import { type Logger, silentLogger } from '../logger.ts'
import type { AppendResult, PartitionLog } from './partition-log.ts'
import { FaultyDisk } from './testing/faulty-disk.ts'
import { startTestLogs } from './testing/test-logs.ts'

const client = { leaderEpoch: 0, origin: 'client' } as const

function batchOf(value: string): Buffer {
  return encodeBatch({ records: [{ timestamp: 1_700_000_000_000, value }] })
}

async function valuesCount(log: PartitionLog): Promise<number> {
  let offset = log.logStartOffset
  while (offset < log.highWatermark) {
    const { chunks } = await log.read(offset, { maxBytes: 1, minOneBatch: true })
    assert.equal(chunks.length, 1)
    offset++
  }
  return offset - log.logStartOffset
}

const turn = () => new Promise<void>(resolve => setImmediate(resolve))

test('a small append with nothing before it is written at once and answered without a promise', async () => {
  const disk = new FaultyDisk()
  const logs = await startTestLogs({ disk })
  const log = logs.create('t')
  const result = log.append(batchOf('a'), client)
  assert.ok(!(result instanceof Promise))
  assert.equal(result.baseOffset, 0)
  assert.equal(disk.pooledWrites, 0)
})

test('what arrives while a write is in flight goes with the next one, in order', async () => {
  const disk = new FaultyDisk()
  const logs = await startTestLogs({ disk, config: { maxMessageBytes: 10_000_000 } })
  const log = logs.create('t')
  disk.holdsWrites = true
  const results = [log.append(batchOf('x'.repeat(1_000_000)), client)]
  for (let n = 0; n < 20; n++) results.push(log.append(batchOf(`${n}`), client))
  assert.ok(results.every(result => result instanceof Promise))
  assert.equal(log.logEndOffset, 0)
  assert.equal((await log.read(0, { maxBytes: 1000, minOneBatch: true })).byteLength, 0)
  disk.releaseWrites()
  assert.deepEqual(
    (await Promise.all(results)).map(result => result.baseOffset),
    Array.from({ length: 21 }, (_, n) => n),
  )
  assert.equal(disk.pooledWrites, 2)
  assert.equal(await valuesCount(log), 21)
})

test('readers are told when the end moves, and only then', async () => {
  const disk = new FaultyDisk()
  const logs = await startTestLogs({ disk })
  const log = logs.create('t')
  const seen: number[] = []
  log.listen({ highWatermarkAdvanced: ({ highWatermark }) => seen.push(highWatermark) })
  await log.append(batchOf('a'), client)
  disk.holdsWrites = true
  const pending = log.append(batchOf('x'.repeat(500_000)), client)
  await turn()
  assert.deepEqual(seen, [1])
  disk.releaseWrites()
  await pending
  assert.deepEqual(seen, [1, 2])
})

test('a retry of a batch in flight waits with it', async () => {
  const disk = new FaultyDisk()
  const logs = await startTestLogs({ disk })
  const log = logs.create('t')
  const batch = () =>
    encodeBatch({
      records: [{ timestamp: 1_700_000_000_000, value: 'x'.repeat(500_000) }],
      producerId: 1,
      producerEpoch: 0,
      baseSequence: 0,
    })
  disk.holdsWrites = true
  const first = log.append(batch(), client)
  const retry = log.append(batch(), client)
  let isAnswered = false
  void Promise.resolve(retry).then(() => {
    isAnswered = true
  })
  await turn()
  assert.equal(isAnswered, false)
  disk.releaseWrites()
  assert.equal((await first).baseOffset, 0)
  assert.equal((await retry).baseOffset, 0)
  assert.equal(log.logEndOffset, 1)
})

test('with flush.messages=1 acknowledgements and readers wait for one sync together', async () => {
  const disk = new FaultyDisk()
  const logs = await startTestLogs({ disk, config: { flushMessages: 1 } })
  const log = logs.create('t')
  await log.append(batchOf('warm up'), client)
  const syncsBefore = disk.syncsOf('.log')
  disk.holdsSyncs = true
  const results: (AppendResult | Promise<AppendResult>)[] = []
  for (let n = 0; n < 10; n++) results.push(log.append(batchOf(`${n}`), client))
  assert.deepEqual([log.logEndOffset, log.highWatermark], [11, 1])
  assert.equal((await log.read(1, { maxBytes: 1000, minOneBatch: true })).byteLength, 0)
  disk.releaseSyncs()
  await Promise.all(results)
  assert.equal(log.highWatermark, 11)
  assert.ok(disk.syncsOf('.log') - syncsBefore <= 2)
})

test('flush.ms syncs what is older', async () => {
  const disk = new FaultyDisk()
  const logs = await startTestLogs({ disk, config: { flushMs: 1000 } })
  const log = logs.create('t')
  await log.append(batchOf('a'), client)
  logs.manager.runMaintenance()
  assert.equal(log.syncedOffset, 0)
  logs.clock.advance(1000)
  logs.manager.runMaintenance()
  await turn()
  assert.equal(log.syncedOffset, 1)
})

test('a full disk takes one partition offline with one line, and space brings it back with all that was acknowledged', async () => {
  const disk = new FaultyDisk()
  const lines: string[] = []
  const logger: Logger = { ...silentLogger, error: message => lines.push(message) }
  const logs = await startTestLogs({ disk, logger, managerConfig: { tailCacheBytesMax: 0 } })
  const [full, other] = [logs.create('t'), logs.create('u')]
  for (let n = 0; n < 5; n++) await full.append(batchOf(`${n}`), client)
  disk.failWrites = path => (path.includes('/t-0/') ? new DiskError('full', path, `${path}: no space left`) : null)
  const failed = await full.append(batchOf('lost'), client)
  assert.equal(failed.errorCode, errorCodes.KAFKA_STORAGE_ERROR)
  assert.equal((await full.append(batchOf('refused'), client)).errorCode, errorCodes.KAFKA_STORAGE_ERROR)
  assert.equal((await full.read(0, { maxBytes: 1, minOneBatch: true })).errorCode, errorCodes.KAFKA_STORAGE_ERROR)
  assert.equal((await full.findOffset(-1)).errorCode, errorCodes.KAFKA_STORAGE_ERROR)
  assert.match(full.offlineReason ?? '', /no space left/)
  assert.equal(lines.length, 1)
  assert.equal((await other.append(batchOf('fine'), client)).errorCode, errorCodes.NONE)

  logs.clock.advance(1000)
  await turn()
  // It tries again while the disk is full: recovery writes nothing of weight, so it may succeed and fail at the next append.
  disk.failWrites = () => null
  for (let n = 0; n < 5 && full.offlineReason !== null; n++) {
    logs.clock.advance(1000)
    await turn()
  }
  assert.equal(full.offlineReason, null)
  assert.equal(full.logEndOffset, 5)
  assert.equal(await valuesCount(full), 5)
  assert.equal((await full.append(batchOf('back'), client)).baseOffset, 5)
})

test('a partition that found no descriptor left comes back, for connections may have taken them all', async () => {
  const disk = new FaultyDisk()
  const logs = await startTestLogs({ disk })
  const log = logs.create('t')
  await log.append(batchOf('kept'), client)
  disk.failWrites = path => new DiskError('descriptors', path, 'too many open files')
  assert.equal((await log.append(batchOf('refused'), client)).errorCode, errorCodes.KAFKA_STORAGE_ERROR)
  disk.failWrites = () => null
  for (let n = 0; n < 5 && log.offlineReason !== null; n++) {
    logs.clock.advance(1000)
    await turn()
  }
  assert.equal((await log.append(batchOf('back'), client)).baseOffset, 1)
})

test('more partitions than there are descriptors are all written, rolled, synced and read', async () => {
  const disk = new FaultyDisk()
  const warnings: string[] = []
  const logger: Logger = { ...silentLogger, warn: message => warnings.push(message) }
  const logs = await startTestLogs({
    disk,
    logger,
    config: { segmentBytes: 300 },
    managerConfig: { tailCacheBytesMax: 0 },
  })
  disk.descriptorsMax = 60
  const partitions = Array.from({ length: 200 }, (_, partition) => logs.create('t', partition))
  const rounds = 10
  for (let round = 0; round < rounds; round++) {
    for (const log of partitions) assert.equal((await log.append(batchOf(`${round}`), client)).baseOffset, round)
    await turn()
  }
  for (const log of partitions) assert.equal(await log.flush(), true)
  assert.deepEqual(await Promise.all(partitions.map(valuesCount)), Array(200).fill(rounds))
  assert.ok(partitions.every(log => log.segmentCount > 1 && log.offlineReason === null))
  // It was learnt once or a few times, not with each partition.
  assert.ok(warnings.length > 0 && warnings.length < 10, `${warnings.length} warnings`)
  await logs.restart()
  assert.equal(logs.manager.wasCleanShutdown, true)
  assert.equal(logs.get('t', 199).logEndOffset, rounds)
})

test('a part of a failed write is cut off before anything follows', async () => {
  const disk = new FaultyDisk()
  const logs = await startTestLogs({ disk })
  const log = logs.create('t')
  await log.append(batchOf('kept'), client)
  disk.writesPart = 30
  disk.failWrites = path => (path.endsWith('.log') ? new DiskError('full', path, 'no space left') : null)
  await log.append(batchOf('torn'), client)
  disk.failWrites = () => null
  assert.equal(await log.reopen(), true)
  assert.equal((await log.append(batchOf('next'), client)).baseOffset, 1)
  await logs.crash()
  assert.equal(logs.get('t').logEndOffset, 2)
  assert.equal(await valuesCount(logs.get('t')), 2)
})

test('a log that is reopened twice at a time keeps what the first that was done let in', async () => {
  // However far the first is when the second comes.
  for (let microtasks = 0; microtasks < 10; microtasks++) {
    const disk = new FaultyDisk()
    const logs = await startTestLogs({ disk })
    const log = logs.create('t')
    await log.append(batchOf('kept'), client)
    disk.failWrites = path => new DiskError('full', path, 'no space left')
    await log.append(batchOf('refused'), client)
    disk.failWrites = () => null
    const first = log.reopen()
    for (let n = 0; n < microtasks; n++) await Promise.resolve()
    const second = log.reopen()
    assert.equal(await first, true)
    assert.equal((await log.append(batchOf('acknowledged'), client)).baseOffset, 1)
    assert.equal(await second, true)
    assert.equal((await log.append(batchOf('next'), client)).baseOffset, 2, `after ${microtasks} microtasks`)
  }
})

test('a failed write of a group fails all behind it, and none of them is acknowledged', async () => {
  const disk = new FaultyDisk()
  const logs = await startTestLogs({ disk })
  const log = logs.create('t')
  disk.holdsWrites = true
  const results = [log.append(batchOf('x'.repeat(500_000)), client)]
  for (let n = 0; n < 5; n++) results.push(log.append(batchOf(`${n}`), client))
  disk.failWrites = path => new DiskError('full', path, 'no space left')
  disk.releaseWrites()
  for (const result of await Promise.all(results)) assert.equal(result.errorCode, errorCodes.KAFKA_STORAGE_ERROR)
})

test('a failed sync is not tried again: the partition stays offline until a restart has looked at it', async () => {
  const disk = new FaultyDisk()
  const logs = await startTestLogs({ disk, config: { flushMessages: 1 } })
  const log = logs.create('t')
  await log.append(batchOf('good'), client)
  disk.failSyncs = path => new DiskError('io', path, 'input/output error')
  assert.equal((await log.append(batchOf('in doubt'), client)).errorCode, errorCodes.KAFKA_STORAGE_ERROR)
  disk.failSyncs = () => null
  for (let n = 0; n < 5; n++) {
    logs.clock.advance(1000)
    await turn()
  }
  assert.notEqual(log.offlineReason, null)
  await logs.restart()
  assert.equal(logs.manager.wasCleanShutdown, false)
  assert.equal(logs.get('t').offlineReason, null)
  assert.ok(logs.get('t').logEndOffset >= 1)
})

test('a slow write sends the appends of all partitions through the pool for a while', async () => {
  const disk = new FaultyDisk()
  const logs = await startTestLogs({ disk })
  const [one, two] = [logs.create('t'), logs.create('u')]
  disk.onWriteSync = () => logs.clock.advance(30)
  assert.ok(!(one.append(batchOf('slow'), client) instanceof Promise))
  disk.onWriteSync = () => {}
  assert.ok(two.append(batchOf('pooled'), client) instanceof Promise)
  await turn()
  logs.clock.advance(2000)
  assert.ok(!(two.append(batchOf('at once'), client) instanceof Promise))
})
