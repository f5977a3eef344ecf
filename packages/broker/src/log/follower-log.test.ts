/** A log as a follower's: batches as the leader has them, truncation where histories part, a high watermark from outside. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskError } from '@odradek/platform'
import { batchLastOffset, encodeBatch, errorCodes, iterateBatches } from '@odradek/protocol'
import fc from 'fast-check'
import type { PartitionLog } from './partition-log.ts'
import { FaultyDisk } from './testing/faulty-disk.ts'
import { startTestLogs, type TestLogs } from './testing/test-logs.ts'

const startMs = 1_700_000_000_000

/** `sequence` makes it an idempotent producer's. */
function batchOf(values: readonly string[], sequence = -1): Buffer {
  const producer = sequence < 0 ? {} : { producerId: 7, producerEpoch: 0, baseSequence: sequence }
  return encodeBatch({ records: values.map(value => ({ timestamp: startMs, value })), ...producer })
}

async function lead(log: PartitionLog, leaderEpoch: number, batch: Buffer): Promise<void> {
  const { errorCode } = await log.append(batch, { leaderEpoch, origin: 'client', acks: 'leader' })
  assert.equal(errorCode, errorCodes.NONE)
}

/** What a replica's fetch from the leader gives: up to the log's end, whatever is committed; perhaps cut off in a batch. */
async function fetch(leader: PartitionLog, offset: number, maxBytes = 1_000_000): Promise<Buffer> {
  const read = await leader.read(offset, { maxBytes, minOneBatch: true, endOffset: leader.logEndOffset })
  assert.equal(read.errorCode, errorCodes.NONE)
  return Buffer.concat(read.chunks)
}

async function follow(follower: PartitionLog, leader: PartitionLog, leaderEpoch: number): Promise<void> {
  while (follower.logEndOffset < leader.logEndOffset) {
    const { errorCode } = await follower.appendAsFollower(await fetch(leader, follower.logEndOffset), { leaderEpoch })
    assert.equal(errorCode, errorCodes.NONE)
  }
}

/** A read ends where a segment ends. */
async function allBytes(log: PartitionLog): Promise<Buffer> {
  const parts: Buffer[] = []
  for (let offset = log.logStartOffset; offset < log.logEndOffset; ) {
    const part = await fetch(log, offset)
    parts.push(part)
    for (const at of iterateBatches(part)) offset = batchLastOffset(part, at) + 1
  }
  return Buffer.concat(parts)
}

test("a follower's log is the leader's, byte for byte, with its epochs and its producers", async () => {
  const logs = await startTestLogs({ config: { segmentBytes: 300 } })
  const [leader, follower] = [logs.create('t', 0), logs.create('t', 1)]
  await lead(leader, 0, batchOf(['a', 'b'], 0))
  await lead(leader, 0, batchOf(['c'], 2))
  await lead(leader, 3, batchOf(['d', 'e', 'f'], 3))
  await lead(leader, 3, batchOf(['x'.repeat(200)]))
  await follow(follower, leader, 3)
  assert.deepEqual(await allBytes(follower), await allBytes(leader))
  assert.deepEqual(follower.endOffsetForEpoch(0), leader.endOffsetForEpoch(0))
  assert.deepEqual(follower.activeProducers(), leader.activeProducers())
  assert.ok(follower.segmentCount > 1)
})

test('after a kill, epochs that were cut off do not stand for the batches of an earlier one in their place', async () => {
  const logs = await startTestLogs()
  const [one, other] = [logs.create('t', 0), logs.create('t', 1)]
  await lead(one, 1, batchOf(['a', 'b']))
  await follow(other, one, 1)
  await lead(one, 2, batchOf(['never committed']))
  await lead(other, 1, batchOf(['c', 'd']))
  await one.flush()
  await one.truncateTo(2)
  await follow(one, other, 3)
  await logs.crash()
  assert.deepEqual(logs.get('t', 0).endOffsetForEpoch(2), { leaderEpoch: -1, endOffset: -1 })
  assert.deepEqual(logs.get('t', 0).endOffsetForEpoch(1), { leaderEpoch: 1, endOffset: 4 })
})

test('what is cut off, already there, or of a later epoch is left out', async () => {
  const logs = await startTestLogs()
  const [leader, follower] = [logs.create('t', 0), logs.create('t', 1)]
  await lead(leader, 1, batchOf(['a']))
  await lead(leader, 1, batchOf(['b']))
  await lead(leader, 2, batchOf(['c']))
  const bytes = await fetch(leader, 0)
  await follower.appendAsFollower(bytes.subarray(0, bytes.length / 3 + 5), { leaderEpoch: 2 })
  assert.equal(follower.logEndOffset, 1)
  await follower.appendAsFollower(bytes, { leaderEpoch: 1 })
  assert.equal(follower.logEndOffset, 2)
  await follower.appendAsFollower(bytes, { leaderEpoch: 2 })
  assert.equal(follower.logEndOffset, 3)
  assert.deepEqual(await allBytes(follower), bytes)
})

test('a corrupt batch is refused, and what comes before it kept', async () => {
  const logs = await startTestLogs()
  const [leader, follower] = [logs.create('t', 0), logs.create('t', 1)]
  await lead(leader, 0, batchOf(['a']))
  await lead(leader, 0, batchOf(['b']))
  const bytes = await fetch(leader, 0)
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  assert.equal((await follower.appendAsFollower(bytes, { leaderEpoch: 0 })).errorCode, errorCodes.CORRUPT_MESSAGE)
  assert.equal(follower.logEndOffset, 1)
  await follow(follower, leader, 0)
  assert.equal(follower.offlineReason, null)
})

test('a batch that overlaps with the end of the log is refused', async () => {
  const logs = await startTestLogs()
  const [leader, follower] = [logs.create('t', 0), logs.create('t', 1)]
  await lead(follower, 0, batchOf(['other']))
  await lead(leader, 0, batchOf(['a', 'b']))
  const { errorCode } = await follower.appendAsFollower(await fetch(leader, 0), { leaderEpoch: 0 })
  assert.equal(errorCode, errorCodes.OFFSET_OUT_OF_RANGE)
  assert.equal(follower.logEndOffset, 1)
})

test('the high watermark follows its limit: acks of the leader do not wait for it, those of all do', async () => {
  const logs = await startTestLogs()
  const log = logs.create('t')
  log.highWatermarkLimit = 0
  const first = log.append(batchOf(['a']), { leaderEpoch: 0, origin: 'client', acks: 'leader' })
  assert.ok(!(first instanceof Promise))
  const all = log.append(batchOf(['b']), { leaderEpoch: 0, origin: 'client', acks: 'all' })
  assert.ok(all instanceof Promise)
  assert.deepEqual([log.highWatermark, log.logEndOffset], [0, 2])
  assert.equal((await log.read(0, { maxBytes: 100, minOneBatch: true })).byteLength, 0)
  log.highWatermarkLimit = 1
  assert.equal(log.highWatermark, 1)
  log.highWatermarkLimit = Number.MAX_SAFE_INTEGER
  assert.equal((await all).baseOffset, 1)
  log.highWatermarkLimit = 0
  assert.equal(log.highWatermark, 2)
})

test('a truncated log ends with a whole batch, and goes on from there after a restart, too', async () => {
  const logs = await startTestLogs({ config: { segmentBytes: 200 } })
  const log = logs.create('t')
  for (let n = 0; n < 10; n++) await lead(log, n >> 1, batchOf([`${n}a`, `${n}b`], n * 2))
  const bytes = await allBytes(log)
  assert.ok(await log.truncateTo(13))
  assert.deepEqual([log.logEndOffset, log.highWatermark], [12, 12])
  assert.equal(log.latestLeaderEpoch, 2)
  assert.equal(log.activeProducers()[0]?.lastSequence, 11)
  assert.deepEqual(await allBytes(log), bytes.subarray(0, (bytes.length / 10) * 6))
  await lead(log, 9, batchOf(['new']))
  await logs.crash()
  assert.equal(logs.get('t').logEndOffset, 13)
  assert.deepEqual(logs.get('t').endOffsetForEpoch(2), { leaderEpoch: 2, endOffset: 12 })
})

test('a truncation below all batches, and a new beginning, leave an empty log at that offset', async () => {
  const logs = await startTestLogs()
  const log = logs.create('t')
  for (let n = 0; n < 5; n++) await lead(log, 0, batchOf(['a']))
  assert.ok(await log.startAnewAt(100))
  assert.deepEqual([log.logStartOffset, log.logEndOffset, log.highWatermark], [100, 100, 100])
  await lead(log, 1, batchOf(['b']))
  assert.ok(await log.truncateTo(50))
  assert.deepEqual([log.logStartOffset, log.logEndOffset, log.highWatermark], [50, 50, 50])
  await logs.restart()
  assert.equal(logs.get('t').logStartOffset, 50)
})

test('a log that begins anew knows no producers of the history that was dropped', async () => {
  const logs = await startTestLogs({ config: { segmentBytes: 300 } })
  const log = logs.create('t')
  for (let n = 0; n < 10; n++) await lead(log, 0, batchOf(['a'], n))
  assert.ok(log.knowsProducer(7))
  assert.ok(await log.startAnewAt(8))
  assert.ok(!log.knowsProducer(7))
  await lead(log, 1, batchOf(['b']))
  await logs.crash()
  assert.ok(!logs.get('t').knowsProducer(7))
})

test('a cut writes recovery points only where they would vouch for what comes in its place, and of many logs at once', async () => {
  const disk = new FaultyDisk()
  const logs = await startTestLogs({ disk, config: { segmentBytes: 300 } })
  const followers = Array.from({ length: 20 }, (_, partition) => logs.create('t', partition))
  for (const log of followers) {
    for (let n = 0; n < 10; n++) await lead(log, 0, batchOf(['x'.repeat(50)]))
    assert.ok(await log.flush())
  }
  await logs.manager.checkpoint()
  const written = () => disk.syncsOf('recovery-point-offset-checkpoint.tmp')
  const before = written()
  for (const log of followers) assert.ok(await log.truncateTo(log.recoveryPoint + 1))
  assert.equal(written(), before)
  assert.ok((await Promise.all(followers.map(log => log.truncateTo(1)))).every(Boolean))
  assert.ok(written() > before && written() <= before + 3, `${written() - before}`)
  assert.ok(followers.every(log => log.recoveryPoint === 0))
})

test('a log is not cut back while the disk does not take its recovery point', async () => {
  const disk = new FaultyDisk()
  const logs = await startTestLogs({ disk, config: { segmentBytes: 300 } })
  const log = logs.create('t')
  for (let n = 0; n < 10; n++) await lead(log, 0, batchOf(['x'.repeat(50)]))
  assert.ok(await log.flush())
  await logs.manager.checkpoint()
  disk.failSyncs = path => (path.includes('recovery-point') ? new DiskError('full', path, 'no space') : null)
  assert.equal(await log.truncateTo(1), false)
  assert.ok(log.canReopen)
  disk.failSyncs = () => null
  assert.ok(await log.reopen())
  assert.equal(log.logEndOffset, 10)
  assert.ok(await log.truncateTo(1))
  assert.equal(log.logEndOffset, 1)
})

test('a read during a truncation sees what is left', async () => {
  const logs = await startTestLogs()
  const log = logs.create('t')
  for (let n = 0; n < 5; n++) await lead(log, 0, batchOf(['a']))
  const truncated = log.truncateTo(2)
  const read = fetch(log, 1)
  await truncated
  assert.equal(log.logEndOffset, 2)
  const batches = Array.from(iterateBatches(await read)).length
  assert.ok(batches === 1 || batches === 4, `${batches}`)
})

/** One step in the life of two replicas, of which one leads. */
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('append' as const), records: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('fetch' as const), maxBytes: fc.integer({ min: 1, max: 500 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'fail over' as const }) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: 'restart' as const }, { kind: 'crash' as const }) },
)

test('two replicas that take turns in leading agree as soon as one has followed the other', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
      const logs = await startTestLogs({ config: { segmentBytes: 400 } })
      logs.create('t', 0)
      logs.create('t', 1)
      let leading = 0
      let epoch = 0
      let value = 0
      const replicas = () => ({ leader: logs.get('t', leading), follower: logs.get('t', 1 - leading) })
      for (const { kind, ...rest } of steps) {
        if (kind === 'append' && 'records' in rest) {
          const values = Array.from({ length: rest.records }, () => `${value++}`)
          await lead(replicas().leader, epoch, batchOf(values))
        }
        if (kind === 'fetch' && 'maxBytes' in rest) await fetchOnce(replicas(), epoch, rest.maxBytes)
        if (kind === 'restart') await logs.restart()
        if (kind === 'crash') await logs.crash()
        if (kind === 'fail over') {
          leading = 1 - leading
          epoch++
          replicas().leader.assignLeaderEpoch(epoch)
        }
      }
      while (await fetchOnce(replicas(), epoch, 1_000_000));
      const { leader, follower } = replicas()
      assert.deepEqual(await allBytes(follower), await allBytes(leader))
      await checkReadable(logs, follower)
    }),
    { numRuns: 200 },
  )
})

/** As a fetch of version 12 and later: the leader says where the histories part, before it gives records. */
async function fetchOnce(
  { leader, follower }: { leader: PartitionLog; follower: PartitionLog },
  leaderEpoch: number,
  maxBytes: number,
): Promise<boolean> {
  const lastFetchedEpoch = follower.latestLeaderEpoch
  if (lastFetchedEpoch >= 0) {
    const { leaderEpoch: epoch, endOffset } = leader.endOffsetForEpoch(lastFetchedEpoch)
    if (epoch < lastFetchedEpoch || endOffset < follower.logEndOffset) {
      const own = follower.endOffsetForEpoch(epoch)
      const cutAt = own.leaderEpoch === epoch ? Math.min(own.endOffset, endOffset) : own.endOffset
      assert.ok(await follower.truncateTo(Math.max(cutAt, 0)))
      return true
    }
  }
  if (follower.logEndOffset === leader.logEndOffset) return false
  const { errorCode } = await follower.appendAsFollower(await fetch(leader, follower.logEndOffset, maxBytes), {
    leaderEpoch,
  })
  assert.equal(errorCode, errorCodes.NONE)
  return true
}

/** From each offset, by its indexes, after a restart that trusts them. */
async function checkReadable(logs: TestLogs, log: PartitionLog): Promise<void> {
  const end = log.logEndOffset
  await logs.restart()
  const again = logs.get(log.topic, log.partition)
  assert.equal(again.logEndOffset, end)
  for (let offset = again.logStartOffset; offset < end; offset++) assert.ok((await fetch(again, offset, 1)).length > 0)
}
