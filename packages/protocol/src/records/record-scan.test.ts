import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { batchBaseTimestamp, batchHeaderBytes, batchRecordCount } from './batch.ts'
import { decodeRecords } from './decode-records.ts'
import { encodeBatch } from './encode-batch.ts'
import { RecordScan } from './record-scan.ts'
import { RecordsError } from './records-error.ts'

function scanBatch(scan: RecordScan, batch: Buffer): boolean {
  return scan.scan(batch, {
    start: batchHeaderBytes,
    end: batch.length,
    count: batchRecordCount(batch, 0),
    baseTimestamp: batchBaseTimestamp(batch, 0),
  })
}

test('a scan finds the limits of the timestamps, missing keys and whether offsets are consecutive', () => {
  const batch = encodeBatch({
    records: [
      { timestamp: 500, key: 'a', value: 'x'.repeat(5000) },
      { timestamp: -1, value: '' },
      { timestamp: 2 ** 41, headers: [{ key: 'h' }, { key: 'i', value: 'j' }] },
      { timestamp: 2 ** 41, key: '' },
    ],
  })
  const scan = new RecordScan()
  assert.equal(scanBatch(scan, batch), true)
  const { maxTimestamp, maxTimestampOffsetDelta, minTimestamp, nullKeys, isConsecutive } = scan
  assert.deepEqual(
    { maxTimestamp, maxTimestampOffsetDelta, minTimestamp, nullKeys, isConsecutive },
    { maxTimestamp: 2 ** 41, maxTimestampOffsetDelta: 2, minTimestamp: 500, nullKeys: 2, isConsecutive: true },
  )
})

test('a scan starts afresh with every batch', () => {
  const scan = new RecordScan()
  scanBatch(scan, encodeBatch({ records: [{ timestamp: 2 ** 40 }, { timestamp: 7 }] }))
  scanBatch(scan, encodeBatch({ records: [{ timestamp: -1, key: 'k' }] }))
  assert.equal(scan.maxTimestamp, -1)
  assert.equal(scan.minTimestamp, Number.POSITIVE_INFINITY)
  assert.equal(scan.nullKeys, 0)
})

test('offset deltas out of order are seen', () => {
  const scan = new RecordScan()
  const records = Buffer.from('0c0000020101000c000000010100', 'hex')
  assert.equal(scan.scan(records, { start: 0, end: records.length, count: 2, baseTimestamp: 0 }), true)
  assert.equal(scan.isConsecutive, false)
})

test('whatever bytes the records are, scan and decoder agree on whether they are sound, and throw nothing else', () => {
  const scan = new RecordScan()
  const sound = encodeBatch({
    records: Array.from({ length: 6 }, (_, index) => ({
      timestamp: 1000 - index * 3,
      key: index % 2 === 0 ? null : `key${index}`,
      value: 'v'.repeat(index * 30),
      headers: index === 3 ? [{ key: 'a', value: 'b' }, { key: 'c' }] : [],
    })),
  })
  let accepted = 0
  const edits = fc.array(fc.tuple(fc.nat(sound.length - batchHeaderBytes - 1), fc.nat(255)), {
    minLength: 1,
    maxLength: 3,
  })
  fc.assert(
    fc.property(edits, fc.integer({ min: -1, max: 8 }), fc.nat(5), (changes, count, cut) => {
      const batch = Buffer.from(sound.subarray(0, sound.length - (cut === 5 ? 1 : 0)))
      for (const [at, byte] of changes) if (batchHeaderBytes + at < batch.length) batch[batchHeaderBytes + at] = byte
      batch.writeInt32BE(batch.length - 12, 8)
      batch.writeInt32BE(count < 1 ? 6 : count, 57)
      let decoded = true
      try {
        decodeRecords(batch)
      } catch (error) {
        assert.ok(error instanceof RecordsError)
        decoded = false
      }
      assert.equal(scanBatch(scan, batch), decoded, scan.problem ?? '')
      if (decoded) accepted++
    }),
    { numRuns: 100_000 },
  )
  assert.ok(accepted > 100)
})
