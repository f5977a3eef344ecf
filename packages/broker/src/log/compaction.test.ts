import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import {
  batchBaseOffset,
  batchBytes,
  batchDeleteHorizonMs,
  batchRecordCount,
  checkBatch,
  decodeRecords,
  encodeBatch,
  encodeEndTransactionBatch,
  errorCodes,
  iterateBatches,
} from '@odradek/protocol'
import fc from 'fast-check'
import type { PartitionLog } from './partition-log.ts'
import { FaultyDisk } from './testing/faulty-disk.ts'
import { startTestLogs, type TestLogs } from './testing/test-logs.ts'
import { readTextFile } from './text-file.ts'

const startMs = 1_700_000_000_000
const cleanupPolicy = { compact: true, delete: false }

type Entry = readonly [key: string, value: string | null]

async function put(logs: TestLogs, entries: readonly Entry[], compression: 'none' | 'lz4' = 'none'): Promise<void> {
  const records = entries.map(([key, value]) => ({
    timestamp: logs.clock.now(),
    key,
    value,
    headers: [{ key: 'h', value: 'x' }],
  }))
  const result = await logs.get('t').append(encodeBatch({ records, compression }), { leaderEpoch: 0, origin: 'client' })
  assert.equal(result.errorCode, errorCodes.NONE)
}

/** All batches that are there. */
async function batchesOf(log: PartitionLog): Promise<Buffer[]> {
  const batches: Buffer[] = []
  let offset = log.logStartOffset
  while (offset < log.logEndOffset) {
    const { errorCode, chunks } = await log.read(offset, { maxBytes: 100_000, minOneBatch: true })
    assert.equal(errorCode, errorCodes.NONE)
    if (chunks.length === 0) break
    const bytes = Buffer.concat(chunks)
    for (const at of iterateBatches(bytes)) {
      const batch = bytes.subarray(at, at + batchBytes(bytes, at))
      assert.equal(checkBatch(batch), null)
      batches.push(batch)
      offset = batchBaseOffset(batch, 0) + batch.readInt32BE(23) + 1
    }
  }
  return batches
}

async function recordsOf(
  log: PartitionLog,
): Promise<[offset: number, key: string | undefined, value: string | undefined][]> {
  const batches = await batchesOf(log)
  return batches.flatMap(batch =>
    decodeRecords(batch).map(({ offset, key, value, headers }): [number, string | undefined, string | undefined] => {
      assert.equal(headers.length, 1)
      return [offset, key?.toString(), value?.toString()]
    }),
  )
}

function compacted(options: { segmentBytes?: number; deleteRetentionMs?: number; tailCacheBytesMax?: number } = {}) {
  const { segmentBytes = 400, deleteRetentionMs = 1000, tailCacheBytesMax = 0 } = options
  return startTestLogs({
    config: { cleanupPolicy, segmentBytes, deleteRetentionMs, minCleanableDirtyRatio: 0.01, indexIntervalBytes: 50 },
    managerConfig: { tailCacheBytesMax },
  })
}

test('readers near the end no longer see what was compacted away', async () => {
  const logs = await compacted({ tailCacheBytesMax: 1_000_000 })
  const log = logs.create('t')
  await log.read(0, { maxBytes: 1000, minOneBatch: true })
  for (let n = 0; n < 20; n++) await put(logs, [['a', `a${n}`]])
  assert.equal((await recordsOf(log)).length, 20)
  await logs.manager.compactDirty()
  const records = await recordsOf(log)
  assert.ok(records.length < 20)
  assert.deepEqual(records.at(-1), [19, 'a', 'a19'])
})

test('the few batches that stay do not hold the windows that they were read in until they are written', async () => {
  const disk = new FaultyDisk()
  const logs = await startTestLogs({ disk, config: { cleanupPolicy, segmentBytes: 2_000_000 } })
  logs.create('t')
  const filler = 'x'.repeat(50_000)
  for (let n = 0; n < 32; n++) {
    await put(logs, [[`stays ${n}`, 'v']])
    await put(logs, [['goes', filler]])
  }
  const segmentBytes = logs.get('t').sizeBytes
  logs.config = { ...logs.config, segmentBytes: 1000 }
  logs.manager.updateConfig('t', logs.config)
  await put(logs, [['goes', 'at last']])
  const memory = new Set<ArrayBufferLike>()
  disk.onPooledWrite = (path, chunks) => {
    if (path.endsWith('.log.cleaned')) for (const { buffer } of chunks) memory.add(buffer)
  }
  await logs.manager.compactDirty()
  const heldBytes = [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0)
  assert.ok(memory.size > 0 && heldBytes < segmentBytes / 8, `${heldBytes} of ${segmentBytes} bytes`)
})

test('of each key the newest record stays, at its offset', async () => {
  const logs = await compacted()
  const log = logs.create('t')
  for (let n = 0; n < 20; n++)
    await put(logs, [
      ['a', `a${n}`],
      ['b', `b${n}`],
    ])
  await put(logs, [['c', 'c']])
  const bytesBefore = log.sizeBytes
  await logs.manager.compactDirty()
  assert.ok(log.sizeBytes < bytesBefore / 3)
  const records = await recordsOf(log)
  const activeBase = Number(
    logs.disk
      .listSync('/data/t-0')
      .findLast(name => name.endsWith('.log'))
      ?.slice(0, 20),
  )
  assert.deepEqual(
    records.filter(([offset]) => offset < activeBase),
    [
      [activeBase - 2, 'a', `a${activeBase / 2 - 1}`],
      [activeBase - 1, 'b', `b${activeBase / 2 - 1}`],
    ],
  )
  assert.equal(log.logEndOffset, 41)
  for (const stop of [() => logs.restart(), () => logs.crash()]) {
    await stop()
    assert.deepEqual(await recordsOf(logs.get('t')), records)
  }
})

test('what has been compacted once is not read again for keys, and the checkpoint says how far that is', async () => {
  const logs = await compacted()
  logs.create('t')
  for (let n = 0; n < 20; n++) await put(logs, [['a', `a${n}`]])
  await logs.manager.compactDirty()
  const text = readTextFile(logs.disk, '/data/cleaner-offset-checkpoint') ?? ''
  const cleaned = Number(/^0\n1\nt 0 (\d+)\n$/.exec(text)?.[1])
  assert.equal(logs.get('t').measureDirt(cleaned)?.isDue, false)
  assert.equal(logs.get('t').measureDirt(0)?.isDue, true)
})

test('the pause between two looks for dirt may be changed', async () => {
  const logs = await compacted()
  const log = logs.create('t')
  for (let n = 0; n < 20; n++) await put(logs, [['a', `a${n}`]])
  const bytesBefore = log.sizeBytes
  logs.manager.updateCleanerBackoff(500)
  logs.clock.advance(499)
  for (let turn = 0; turn < 100; turn++) await setImmediate()
  assert.equal(log.sizeBytes, bytesBefore)
  logs.clock.advance(1)
  for (let turn = 0; turn < 1000 && log.sizeBytes === bytesBefore; turn++) await setImmediate()
  assert.ok(log.sizeBytes < bytesBefore)
})

test('a tombstone goes delete.retention.ms after the pass that found it alone', async () => {
  const logs = await compacted({ deleteRetentionMs: 5000 })
  const log = logs.create('t')
  await put(logs, [
    ['gone', 'value'],
    ['kept', 'value'],
  ])
  await put(logs, [['gone', null]])
  const fill = async () => {
    for (let n = 0; n < 6; n++) await put(logs, [['filler', 'x'.repeat(200)]])
  }
  await fill()
  await logs.manager.compactDirty()
  const keys = async () => (await recordsOf(log)).map(([, key, value]) => `${key}=${value?.slice(0, 5)}`)
  assert.deepEqual((await keys()).slice(0, 2), ['kept=value', 'gone=undefined'])
  const [, tombstone] = await batchesOf(log)
  assert.ok(tombstone)
  assert.equal(batchDeleteHorizonMs(tombstone, 0), startMs + 5000)
  assert.equal(decodeRecords(tombstone)[0]?.timestamp, startMs)

  logs.clock.advance(4999)
  await fill()
  await logs.manager.compactDirty()
  assert.ok((await keys()).includes('gone=undefined'))
  logs.clock.advance(2)
  await fill()
  await logs.manager.compactDirty()
  assert.ok(!(await keys()).includes('gone=undefined'))
  assert.ok((await keys()).includes('kept=value'))
})

test("a producer's last batch stays, empty, so that its retries are known", async () => {
  const logs = await compacted()
  logs.create('t')
  const produce = () => {
    const records = [{ timestamp: startMs, key: 'k', value: 'old' }]
    const batch = encodeBatch({ records, producerId: 5, producerEpoch: 0, baseSequence: 0 })
    return logs.get('t').append(batch, { leaderEpoch: 0, origin: 'client' })
  }
  await produce()
  for (let n = 0; n < 10; n++) await put(logs, [['k', `new${n}`]])
  await logs.manager.compactDirty()
  const [first] = await batchesOf(logs.get('t'))
  assert.ok(first)
  assert.deepEqual([batchBaseOffset(first, 0), batchRecordCount(first, 0)], [0, 0])
  for (const name of logs.disk.listSync('/data/t-0')) {
    if (name.endsWith('.snapshot')) logs.disk.removeSync(`/data/t-0/${name}`)
  }
  await logs.crash()
  const retry = await produce()
  assert.deepEqual([retry.errorCode, retry.baseOffset], [errorCodes.NONE, 0])
})

test('transactional records and markers are left alone, and shadow nobody', async () => {
  const logs = await compacted()
  const log = logs.create('t')
  await put(logs, [['k', 'committed']])
  const place = { producerId: 5, producerEpoch: 0 }
  const records = [{ timestamp: startMs, key: 'k', value: 'aborted', headers: [{ key: 'h' }] }]
  const batch = encodeBatch({ records, ...place, baseSequence: 0, isTransactional: true })
  await log.append(batch, { leaderEpoch: 0, origin: 'client' })
  const marker = encodeEndTransactionBatch({ type: 'ABORT', timestamp: startMs, coordinatorEpoch: 0, ...place })
  await log.append(marker, { leaderEpoch: 0, origin: 'coordinator' })
  for (let n = 0; n < 10; n++) await put(logs, [['other', `${n}`.padEnd(60)]])
  await logs.manager.compactDirty()
  assert.ok((await batchesOf(log)).length < 13)
  const offsets = (await batchesOf(log)).map(kept => batchBaseOffset(kept, 0))
  assert.deepEqual(offsets.slice(0, 3), [0, 1, 2])
  assert.deepEqual(log.abortedTransactions(0, 3), [{ producerId: 5, firstOffset: 1 }])
})

test('reads and appends go on while a pass runs, and a stop does not wait for it', async () => {
  const logs = await compacted({ segmentBytes: 3000 })
  const log = logs.create('t')
  for (let n = 0; n < 200; n++) await put(logs, [[`${n % 7}`, `${n}`.padEnd(50)]])
  const pass = logs.manager.compactDirty()
  for (let n = 0; n < 20; n++) {
    await put(logs, [['during', `${n}`]])
    assert.equal((await log.read(log.logEndOffset - 1, { maxBytes: 10, minOneBatch: true })).errorCode, errorCodes.NONE)
    await log.read(0, { maxBytes: 1000, minOneBatch: true })
  }
  await pass
  const again = logs.manager.compactDirty()
  await logs.restart()
  await again
  assert.equal(logs.manager.wasCleanShutdown, true)
  assert.equal(logs.get('t').logEndOffset, 220)
})

test('whatever is written and whenever it is compacted, the newest value of each key is found', async () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e')
  const entry = fc.tuple(key, fc.option(fc.string({ maxLength: 30 }), { nil: null, freq: 4 }))
  const step = fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({
        kind: fc.constant('put' as const),
        entries: fc.array(entry, { minLength: 1, maxLength: 5 }),
        compression: fc.constantFrom('none' as const, 'lz4' as const),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constantFrom('compact' as const, 'wait' as const, 'restart' as const, 'crash' as const),
      }),
    },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.constantFrom(300, 2000), async (steps, segmentBytes) => {
      const logs = await compacted({ segmentBytes })
      logs.create('t')
      const newest = new Map<string, string | null>()
      for (const next of steps) {
        if (next.kind === 'put') {
          await put(logs, next.entries, next.compression)
          for (const [name, value] of next.entries) newest.set(name, value)
        } else if (next.kind === 'compact') await logs.manager.compactDirty()
        else if (next.kind === 'wait') logs.clock.advance(700)
        else await logs[next.kind]()
      }
      const found = new Map<string | undefined, string | undefined>()
      let last = -1
      for (const [offset, name, value] of await recordsOf(logs.get('t'))) {
        assert.ok(offset > last)
        last = offset
        found.set(name, value)
      }
      for (const [name, value] of newest) assert.equal(found.get(name), value ?? undefined)
    }),
    { numRuns: 200 },
  )
})
