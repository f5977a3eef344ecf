import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type BatchInput,
  batchCompression,
  batchMaxTimestamp,
  decodeRecords,
  encodeBatch,
  encodeEndTransactionBatch,
  errorCodes,
  sealBatch,
} from '@odradek/protocol'
import { type AppendRules, checkOwn, checkProduced } from './append-rules.ts'

const nowMs = 1_700_000_000_000
const rules: AppendRules = {
  cleanupPolicy: { compact: false },
  compressionType: 'producer',
  compressionGzipLevel: -1,
  compressionLz4Level: 9,
  compressionZstdLevel: 3,
  maxMessageBytes: 10_000,
  messageTimestampType: 'CreateTime',
  messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  messageTimestampAfterMaxMs: 3_600_000,
  segmentBytes: 1_000_000,
}

function batch(input: Partial<BatchInput> = {}): Buffer {
  return encodeBatch({ records: [{ timestamp: nowMs, key: 'k', value: 'v' }], ...input })
}

function errorOf(records: Buffer, changed: Partial<AppendRules> = {}): number {
  const result = checkProduced(records, { ...rules, ...changed }, nowMs)
  return 'errorCode' in result ? result.errorCode : errorCodes.NONE
}

test('one sound batch is accepted as it is', () => {
  const records = batch()
  const result = checkProduced(records, rules, nowMs)
  assert.ok('batch' in result)
  assert.equal(result.batch, records)
  assert.equal(result.maxTimestamp, nowMs)
})

test('exactly one batch is wanted', () => {
  assert.equal(errorOf(Buffer.alloc(0)), errorCodes.INVALID_RECORD)
  assert.equal(errorOf(Buffer.concat([batch(), batch()])), errorCodes.INVALID_RECORD)
})

test('a piece of a second batch is cut off', () => {
  const records = batch()
  const result = checkProduced(Buffer.concat([records, records.subarray(0, 20)]), rules, nowMs)
  assert.ok('batch' in result)
  assert.deepEqual(result.batch, records)
})

test('a broken frame or checksum is corrupt, an old magic is refused', () => {
  const broken = batch()
  broken.writeUInt8(broken.readUInt8(broken.length - 1) ^ 1, broken.length - 1)
  assert.equal(errorOf(broken), errorCodes.CORRUPT_MESSAGE)
  const short = batch()
  short.writeInt32BE(3, 8)
  assert.equal(errorOf(short), errorCodes.CORRUPT_MESSAGE)
  const old = batch()
  old.writeInt8(1, 16)
  assert.equal(errorOf(old), errorCodes.INVALID_RECORD)
})

test('a batch comes without offsets', () => {
  assert.equal(errorOf(batch({ baseOffset: 5 })), errorCodes.INVALID_RECORD)
})

test('a batch or a segment can be too small for it', () => {
  assert.equal(errorOf(batch(), { maxMessageBytes: 50 }), errorCodes.MESSAGE_TOO_LARGE)
  assert.equal(errorOf(batch(), { segmentBytes: 50 }), errorCodes.RECORD_LIST_TOO_LARGE)
})

test('count and offsets have to agree', () => {
  const records = batch()
  records.writeInt32BE(3, 23)
  sealBatch(records, 0)
  assert.equal(errorOf(records), errorCodes.INVALID_RECORD)
})

test('clients write no control batches, and no producer without sequences', () => {
  const marker = encodeEndTransactionBatch({
    type: 'COMMIT',
    timestamp: nowMs,
    coordinatorEpoch: 0,
    producerId: 1,
    producerEpoch: 0,
  })
  assert.equal(errorOf(marker), errorCodes.INVALID_RECORD)
  assert.ok('batch' in checkOwn(marker, rules, nowMs))
  assert.equal(errorOf(batch({ producerId: 3, producerEpoch: 0 })), errorCodes.INVALID_RECORD)
})

test('a compacted topic refuses the records without a key, one by one', () => {
  const records = batch({
    records: [
      { timestamp: nowMs, key: 'k' },
      { timestamp: nowMs, value: 'no key' },
    ],
  })
  const result = checkProduced(records, { ...rules, cleanupPolicy: { compact: true } }, nowMs)
  assert.ok('errorCode' in result)
  assert.equal(result.errorCode, errorCodes.INVALID_RECORD)
  assert.deepEqual(
    result.recordErrors.map(error => error.batchIndex),
    [1],
  )
})

test('timestamps have to lie within the bounds, unless the broker sets them', () => {
  const early = batch({ records: [{ timestamp: nowMs - 5000, value: 'v' }] })
  const late = batch({ records: [{ timestamp: nowMs + 3_600_001, value: 'v' }] })
  assert.equal(errorOf(early), errorCodes.NONE)
  assert.equal(errorOf(early, { messageTimestampBeforeMaxMs: 4999 }), errorCodes.INVALID_TIMESTAMP)
  assert.equal(errorOf(late), errorCodes.INVALID_TIMESTAMP)
  assert.equal(errorOf(late, { messageTimestampType: 'LogAppendTime' }), errorCodes.NONE)
})

test("a topic's own compression is applied, for coordinators too", () => {
  const value = 'long enough to be worth it '.repeat(20)
  for (const compressionType of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
    for (const check of [checkProduced, checkOwn]) {
      const plain = batch({ records: [{ timestamp: nowMs, value }] })
      const result = check(plain, { ...rules, compressionType }, nowMs)
      assert.ok('batch' in result)
      assert.equal(batchCompression(result.batch, 0), compressionType)
      assert.ok(result.batch.length < plain.length)
      assert.equal(decodeRecords(result.batch)[0]?.value?.toString(), value)
    }
  }
  const back = checkProduced(batch({ compression: 'zstd' }), { ...rules, compressionType: 'uncompressed' }, nowMs)
  assert.ok('batch' in back)
  assert.equal(batchCompression(back.batch, 0), 'none')
  assert.equal(batchMaxTimestamp(back.batch, 0), nowMs)
})
