import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type BatchInput,
  batchBaseOffset,
  batchMaxTimestamp,
  batchPartitionLeaderEpoch,
  batchTimestampType,
  checkBatch,
  decodeRecords,
  encodeBatch,
  encodeEndTransactionBatch,
  errorCodes,
} from '@odradek/protocol'
import type { AppendResult, PartitionLog } from './partition-log.ts'
import { startTestLogs, type TestLogs } from './testing/test-logs.ts'
import { readTextFile } from './text-file.ts'

const client = { leaderEpoch: 0, origin: 'client' } as const
const startMs = 1_700_000_000_000

function batchOf(values: readonly string[], input: Partial<BatchInput> & { timestamp?: number } = {}): Buffer {
  const { timestamp = startMs, ...rest } = input
  return encodeBatch({ records: values.map(value => ({ timestamp, key: null, value })), ...rest })
}

async function append(log: PartitionLog, batch: Buffer, leaderEpoch = 0): Promise<AppendResult> {
  const result = await log.append(batch, { leaderEpoch, origin: 'client' })
  assert.equal(result.errorCode, errorCodes.NONE)
  return result
}

async function fill(log: PartitionLog, count: number, { timestamp = startMs, bytes = 500 } = {}): Promise<void> {
  for (let n = 0; n < count; n++) await append(log, batchOf(['x'.repeat(bytes)], { timestamp }))
}

async function bytesOf(log: PartitionLog, offset: number, maxBytes = 1_000_000): Promise<Buffer> {
  const { errorCode, chunks } = await log.read(offset, { maxBytes, minOneBatch: true })
  assert.equal(errorCode, errorCodes.NONE)
  return Buffer.concat(chunks)
}

function filesOf(logs: TestLogs, kind: string): string[] {
  return logs.disk.listSync('/data/t-0').filter(name => name.endsWith(kind))
}

test('what was appended is read back, by the same bytes, after a reopen too', async () => {
  const logs = await startTestLogs()
  const log = logs.create('t')
  const first = await append(log, batchOf(['a', 'b']))
  assert.deepEqual([first.baseOffset, first.lastOffset], [0, 1])
  assert.equal((await append(log, batchOf(['c']))).baseOffset, 2)
  const bytes = await bytesOf(log, 0)
  await logs.restart()
  assert.deepEqual(await bytesOf(logs.get('t'), 0), bytes)
  assert.deepEqual(
    decodeRecords(bytes).map(record => record.value?.toString()),
    ['a', 'b'],
  )
})

test('a batch gets base offset and leader epoch, and the topic its append time', async () => {
  const logs = await startTestLogs({ config: { messageTimestampType: 'LogAppendTime' } })
  const log = logs.create('t')
  logs.clock.advance(5000)
  await append(log, batchOf(['a']))
  const second = await append(log, batchOf(['b']), 4)
  assert.equal(second.logAppendTimeMs, startMs + 5000)
  const bytes = await bytesOf(log, 1)
  const at = 0
  assert.equal(checkBatch(bytes, at), null)
  assert.equal(batchBaseOffset(bytes, at), 1)
  assert.equal(batchPartitionLeaderEpoch(bytes, at), 4)
  assert.equal(batchTimestampType(bytes, at), 'LogAppendTime')
  assert.equal(batchMaxTimestamp(bytes, at), startMs + 5000)
  assert.deepEqual(log.endOffsetForEpoch(0), { leaderEpoch: 0, endOffset: 1 })
  assert.deepEqual(log.endOffsetForEpoch(4), { leaderEpoch: 4, endOffset: 2 })
})

test('a read begins with the batch that holds the offset and ends with a whole one', async () => {
  for (const tailCacheBytesMax of [0, 1_000_000]) {
    const logs = await startTestLogs({ managerConfig: { tailCacheBytesMax } })
    const log = logs.create('t')
    const size = batchOf(['a', 'b']).length
    for (let n = 0; n < 5; n++) await append(log, batchOf(['a', 'b']))
    assert.equal((await bytesOf(log, 3)).length, 4 * size)
    assert.equal(batchBaseOffset(await bytesOf(log, 3), 0), 2)
    assert.equal((await bytesOf(log, 0, 2.5 * size)).length, 2 * size)
    assert.equal((await bytesOf(log, 0, 1)).length, size)
    const none = await log.read(0, { maxBytes: 1, minOneBatch: false })
    assert.deepEqual(none, { errorCode: errorCodes.NONE, chunks: [], byteLength: 0 })
    const limited = await log.read(0, { maxBytes: 10_000, minOneBatch: true, endOffset: 5 })
    assert.equal(limited.byteLength, 2 * size)
    assert.equal((await log.read(10, { maxBytes: 1, minOneBatch: true })).byteLength, 0)
    assert.equal((await log.read(11, { maxBytes: 1, minOneBatch: true })).errorCode, errorCodes.OFFSET_OUT_OF_RANGE)
  }
})

test('a batch larger than any window is found by reads and by recovery', async () => {
  const logs = await startTestLogs({ config: { maxMessageBytes: 8_000_000 }, managerConfig: { tailCacheBytesMax: 0 } })
  const log = logs.create('t')
  await append(log, batchOf(['small']))
  await append(log, batchOf(['x'.repeat(3_000_000)]))
  await append(log, batchOf(['small']))
  assert.ok((await bytesOf(log, 1, 1000)).length > 3_000_000)
  await logs.crash()
  assert.equal(logs.get('t').logEndOffset, 3)
  assert.equal(batchBaseOffset(await bytesOf(logs.get('t'), 2, 1000), 0), 2)
})

test('bytes that were given out never change', async () => {
  const logs = await startTestLogs()
  const log = logs.create('t')
  await append(log, batchOf(['first']))
  const read = await log.read(0, { maxBytes: 1000, minOneBatch: true })
  const before = Buffer.concat(read.chunks)
  for (let n = 0; n < 500; n++) await append(log, batchOf([`later ${n}`]))
  assert.deepEqual(Buffer.concat(read.chunks), before)
})

test('segments roll by size, each with its producer snapshot', async () => {
  const logs = await startTestLogs({ config: { segmentBytes: 2000 } })
  const log = logs.create('t')
  await fill(log, 10)
  assert.equal(log.segmentCount, 4)
  const bases = filesOf(logs, '.log').map(name => Number(name.slice(0, 20)))
  assert.deepEqual(bases, [0, 3, 6, 9])
  assert.deepEqual(
    filesOf(logs, '.snapshot').map(name => Number(name.slice(0, 20))),
    [3, 6, 9],
  )
})

test("segments roll by the records' time, or by the clock where they have none", async () => {
  const logs = await startTestLogs({ config: { segmentMs: 10_000 } })
  const log = logs.create('t')
  await fill(log, 2, { timestamp: startMs })
  logs.clock.advance(20_000)
  await fill(log, 1, { timestamp: startMs + 10_000 })
  assert.equal(log.segmentCount, 1)
  await fill(log, 1, { timestamp: startMs + 10_001 })
  assert.equal(log.segmentCount, 2)

  const other = logs.create('u')
  await fill(other, 1, { timestamp: -1 })
  await fill(other, 1, { timestamp: -1 })
  assert.equal(other.segmentCount, 1)
  logs.clock.advance(10_001)
  await fill(other, 1, { timestamp: -1 })
  assert.equal(other.segmentCount, 2)
})

test('a full index rolls its segment', async () => {
  const logs = await startTestLogs({ config: { segmentIndexBytes: 48, indexIntervalBytes: 0 } })
  const log = logs.create('t')
  // Three entries of 12 bytes, for the fourth is kept for the closing one.
  for (let n = 0; n < 12; n++) await append(log, batchOf(['v'], { timestamp: startMs + n }))
  assert.equal(log.segmentCount, 3)
})

test('retention by size keeps at least retention.bytes, and the active segment as long as it is needed', async () => {
  const logs = await startTestLogs({ config: { segmentBytes: 2000, retentionBytes: 5000 } })
  const log = logs.create('t')
  await fill(log, 20)
  logs.manager.runMaintenance()
  assert.ok(log.sizeBytes >= 5000 && log.sizeBytes < 5000 + 2000)
  assert.equal(log.logStartOffset, log.firstSegmentOffset)
  assert.equal((await log.read(0, { maxBytes: 1, minOneBatch: true })).errorCode, errorCodes.OFFSET_OUT_OF_RANGE)
})

test('retention by time goes by the youngest record of a segment, down to the active one', async () => {
  const logs = await startTestLogs({ config: { segmentBytes: 2000, retentionMs: 60_000 } })
  const log = logs.create('t')
  await fill(log, 6, { timestamp: startMs })
  await fill(log, 3, { timestamp: startMs + 30_000 })
  logs.clock.advance(60_001)
  logs.manager.runMaintenance()
  assert.equal(log.logStartOffset, 6)
  logs.clock.advance(30_000)
  logs.manager.runMaintenance()
  assert.deepEqual([log.logStartOffset, log.logEndOffset, log.segmentCount, log.sizeBytes], [9, 9, 1, 0])
  await fill(log, 1)
  await logs.restart()
  assert.deepEqual([logs.get('t').logStartOffset, logs.get('t').logEndOffset], [9, 10])
})

test('deleted segments keep their files, by another name, for file.delete.delay.ms', async () => {
  const logs = await startTestLogs({ config: { segmentBytes: 2000, retentionBytes: 0, fileDeleteDelayMs: 1000 } })
  const log = logs.create('t')
  await fill(log, 4)
  logs.manager.runMaintenance()
  assert.equal(filesOf(logs, '.log.deleted').length, 2)
  logs.clock.advance(1000)
  assert.equal(filesOf(logs, '.deleted').length, 0)

  await fill(log, 4)
  logs.manager.runMaintenance()
  assert.notEqual(filesOf(logs, '.deleted').length, 0)
  await logs.restart()
  assert.equal(filesOf(logs, '.deleted').length, 0)
})

test('a compacted topic loses only what DeleteRecords has cut off', async () => {
  const cleanupPolicy = { compact: true, delete: false }
  const logs = await startTestLogs({ config: { cleanupPolicy, segmentBytes: 2000, retentionBytes: 0, retentionMs: 0 } })
  const log = logs.create('t')
  for (let n = 0; n < 9; n++) {
    await append(log, encodeBatch({ records: [{ timestamp: startMs, key: 'k', value: 'x'.repeat(500) }] }))
  }
  logs.clock.advance(1000)
  logs.manager.runMaintenance()
  assert.equal(log.logStartOffset, 0)
  assert.equal(log.deleteRecords(4), errorCodes.NONE)
  logs.manager.runMaintenance()
  assert.deepEqual([log.logStartOffset, log.firstSegmentOffset], [4, 3])
})

test('DeleteRecords goes up to the high watermark and never back', async () => {
  const logs = await startTestLogs()
  const log = logs.create('t')
  await fill(log, 5)
  assert.equal(log.deleteRecords(6), errorCodes.OFFSET_OUT_OF_RANGE)
  assert.equal(log.deleteRecords(-1), errorCodes.OFFSET_OUT_OF_RANGE)
  assert.equal(log.deleteRecords(3), errorCodes.NONE)
  assert.equal(log.deleteRecords(1), errorCodes.NONE)
  assert.equal(log.logStartOffset, 3)
  assert.equal(log.deleteRecords(5), errorCodes.NONE)
  assert.equal(log.logEndOffset, 5)
})

test('offsets are found by time: the first record that is not older', async () => {
  const logs = await startTestLogs({ config: { segmentBytes: 3000, indexIntervalBytes: 0 } })
  const log = logs.create('t')
  // Out of order within and across batches.
  const times = [10, 30, 20, 50, 40, 60, 60, 15, 90, 70].map(ms => startMs + ms)
  for (const [n, timestamp] of times.entries()) {
    const records = [timestamp - 5, timestamp].map(time => ({ timestamp: time, value: `${n}`.padEnd(300) }))
    await append(log, encodeBatch({ records }), n < 5 ? 0 : 1)
  }
  const all = times.flatMap(timestamp => [timestamp - 5, timestamp])
  const check = async (subject: PartitionLog) => {
    for (let target = startMs; target < startMs + 100; target += 3) {
      const offset = all.findIndex(timestamp => timestamp >= target)
      const found = await subject.findOffset(target)
      const expected = { offset, timestamp: all[offset] ?? -1, leaderEpoch: offset < 0 ? -1 : offset < 10 ? 0 : 1 }
      assert.deepEqual(found, { errorCode: errorCodes.NONE, ...expected })
    }
    const youngest = { errorCode: errorCodes.NONE, offset: 17, timestamp: startMs + 90, leaderEpoch: 1 }
    assert.deepEqual(await subject.findOffset(-3), youngest)
  }
  assert.ok(log.segmentCount > 2)
  await check(log)
  await logs.restart()
  await check(logs.get('t'))
  await logs.crash()
  await check(logs.get('t'))
})

test('the ends of the log are found with their epochs', async () => {
  const logs = await startTestLogs()
  const log = logs.create('t')
  const found = (offset: number, leaderEpoch: number) => ({
    errorCode: errorCodes.NONE,
    offset,
    timestamp: -1,
    leaderEpoch,
  })
  assert.deepEqual(await log.findOffset(-3), found(-1, -1))
  await append(log, batchOf(['a']), 2)
  await append(log, batchOf(['b']), 3)
  log.deleteRecords(1)
  assert.deepEqual(await log.findOffset(-1), found(2, 3))
  assert.deepEqual(await log.findOffset(-2), found(1, 3))
  assert.deepEqual(await log.findOffset(-4), found(1, 3))
  assert.deepEqual(await log.findOffset(-5), found(-1, -1))
})

test('a retry is answered with where it stands, after a restart and a crash too', async () => {
  const logs = await startTestLogs()
  logs.create('t')
  const produce = async (baseSequence: number, count: number) => {
    const batch = batchOf(Array(count).fill('v'), {
      producerId: 5,
      producerEpoch: 1,
      baseSequence,
      timestamp: startMs + baseSequence,
    })
    return logs.get('t').append(batch, client)
  }
  await produce(0, 3)
  await produce(3, 2)
  const check = async () => {
    const retry = await produce(3, 2)
    assert.deepEqual([retry.errorCode, retry.baseOffset, retry.logAppendTimeMs], [errorCodes.NONE, 3, startMs + 3])
    assert.equal((await produce(7, 1)).errorCode, errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER)
    assert.equal(logs.get('t').logEndOffset, 5)
  }
  await check()
  await logs.restart()
  await check()
  await logs.crash()
  await check()
  assert.deepEqual(logs.get('t').activeProducers(), [
    {
      producerId: 5,
      producerEpoch: 1,
      lastSequence: 4,
      lastTimestamp: startMs + 3,
      coordinatorEpoch: -1,
      currentTxnStartOffset: -1,
    },
  ])
  logs.clock.advance(86_400_000 + 10)
  logs.manager.runMaintenance()
  assert.deepEqual(logs.get('t').activeProducers(), [])
})

test('an open transaction holds the last stable offset back; an aborted one is told to readers', async () => {
  const logs = await startTestLogs()
  logs.create('t')
  const transactional = (baseSequence: number) =>
    batchOf(['v'], { producerId: 5, producerEpoch: 0, baseSequence, isTransactional: true })
  await append(logs.get('t'), batchOf(['before']))
  await append(logs.get('t'), transactional(0))
  await append(logs.get('t'), batchOf(['between']))
  assert.deepEqual([logs.get('t').lastStableOffset, logs.get('t').highWatermark], [1, 3])
  await logs.crash()
  assert.equal(logs.get('t').lastStableOffset, 1)
  const place = { timestamp: startMs, coordinatorEpoch: 0, producerId: 5, producerEpoch: 0 }
  const marker = encodeEndTransactionBatch({ type: 'ABORT', ...place })
  const result = await logs.get('t').append(marker, { leaderEpoch: 0, origin: 'coordinator' })
  assert.equal(result.errorCode, errorCodes.NONE)
  assert.equal(logs.get('t').lastStableOffset, 4)
  const aborted = [{ producerId: 5, firstOffset: 1 }]
  assert.deepEqual(logs.get('t').abortedTransactions(0, 4), aborted)
  assert.deepEqual(logs.get('t').abortedTransactions(0, 1), [])
  await logs.restart()
  assert.deepEqual(logs.get('t').abortedTransactions(2, 4), aborted)
  await logs.crash()
  assert.deepEqual(logs.get('t').abortedTransactions(2, 4), aborted)
})

test('a torn end is cut off, and what follows is appended in its place', async () => {
  for (const damage of ['shorter', 'zeroes', 'flipped bit'] as const) {
    const logs = await startTestLogs()
    const log = logs.create('t')
    await fill(log, 5)
    const path = '/data/t-0/00000000000000000000.log'
    const file = logs.disk.openSync(path)
    const batchBytes = file.size / 5
    if (damage === 'shorter') file.truncateSync(file.size - 10)
    else if (damage === 'zeroes') file.writeSync([Buffer.alloc(300)], file.size - 300)
    else file.writeSync([Buffer.from([1])], 3.5 * batchBytes)
    file.closeSync()
    await logs.crash()
    const kept = damage === 'flipped bit' ? 3 : 4
    assert.equal(logs.get('t').logEndOffset, kept, damage)
    assert.equal(logs.disk.statSync(path)?.size, kept * batchBytes)
    assert.equal((await append(logs.get('t'), batchOf(['again']))).baseOffset, kept)
  }
})

test('where the start of the log falls back, so do its leader epochs', async () => {
  const logs = await startTestLogs({ config: { segmentBytes: 200 } })
  const log = logs.create('t')
  for (const leaderEpoch of [0, 0, 2, 2, 2, 3]) await append(log, batchOf(['v']), leaderEpoch)
  log.deleteRecords(4)
  await log.flush()
  assert.equal(readTextFile(logs.disk, '/data/t-0/leader-epoch-checkpoint'), '0\n2\n2 2\n3 5\n')
  await logs.crash()
  assert.equal(logs.get('t').logStartOffset, 0)
  assert.deepEqual(logs.get('t').endOffsetForEpoch(0), { leaderEpoch: 0, endOffset: 2 })
  assert.deepEqual(logs.get('t').endOffsetForEpoch(2), { leaderEpoch: 2, endOffset: 5 })
})

test('indexes that are gone or damaged are made anew', async () => {
  const logs = await startTestLogs({ config: { segmentBytes: 5000, indexIntervalBytes: 100 } })
  const log = logs.create('t')
  await fill(log, 20, { bytes: 200 })
  await logs.stop()
  logs.disk.removeSync('/data/t-0/00000000000000000000.index')
  logs.disk.removeSync('/data/t-0/00000000000000000000.timeindex')
  await logs.start()
  assert.equal(batchBaseOffset(await bytesOf(logs.get('t'), 7, 1), 0), 7)
  assert.ok((logs.disk.statSync('/data/t-0/00000000000000000000.index')?.size ?? 0) > 0)
})
