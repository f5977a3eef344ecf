import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compress } from '../compression/compression.ts'
import { type CompressionType, compressionTypes } from '../compression/compression-type.ts'
import { errorCodes, errorName } from '../errors.ts'
import { batchHeaderBytes, batchPrefixBytes, sealBatch } from './batch.ts'
import { encodeBatch, type RecordInput } from './encode-batch.ts'
import { type RecordRules, validateRecords } from './validate-records.ts'

const nowMs = 1_700_000_000_000
const hourMs = 3_600_000
const rules: RecordRules = {
  compact: false,
  timestampType: 'CreateTime',
  timestampBeforeMaxMs: 2 ** 63,
  timestampAfterMaxMs: hourMs,
  nowMs,
  decompressedBytesMax: 10_000_000,
}

/** A batch around records that no encoder would write. */
function batchOf(
  hex: string,
  { count = 1, compression = 'none' }: { count?: number; compression?: CompressionType } = {},
) {
  const header = encodeBatch({ records: [{ timestamp: nowMs }], compression }).subarray(0, batchHeaderBytes)
  const batch = Buffer.concat([header, compress(compression, Buffer.from(hex, 'hex'))])
  batch.writeInt32BE(batch.length - batchPrefixBytes, 8)
  batch.writeInt32BE(count - 1, 23)
  batch.writeInt32BE(count, 57)
  sealBatch(batch, 0)
  return batch
}

function judge(batch: Buffer, changes: Partial<RecordRules> = {}): string {
  return errorName(validateRecords(batch, 0, { ...rules, ...changes }).errorCode)
}

const compact = { compact: true }
const stamped = { timestampType: 'LogAppendTime' } as const

describe('the structure of records, answered as a Kafka 4.3.0 broker answered it', () => {
  const cases: [what: string, hex: string, plain: string, compressed: string][] = [
    ['a least record', '0c000000010100', 'NONE', 'NONE'],
    ['attributes, which mean nothing', '0cff0000010100', 'NONE', 'NONE'],
    ['a negative timestamp delta', '0c000100010100', 'NONE', 'NONE'],
    ['a length in more bytes than it needs', '8c8000000000010100', 'NONE', 'NONE'],
    ['a key length of -2, which is null', '0c000000030100', 'NONE', 'NONE'],
    ['an empty header', '100000000101020001', 'NONE', 'NONE'],
    ['a header key that is no UTF-8', '1200000001010202ff01', 'NONE', 'NONE'],
    ['a length beyond the batch', '0e000000010100', 'INVALID_RECORD', 'INVALID_RECORD'],
    ['a length that ends within the record', '0a000000010100', 'INVALID_RECORD', 'INVALID_RECORD'],
    ['a negative length', '01000000010100', 'INVALID_RECORD', 'INVALID_RECORD'],
    ['a length of six bytes', 'ffffffffffff', 'INVALID_RECORD', 'INVALID_RECORD'],
    ['a timestamp of eleven bytes', '220000ffffffffffffffffffff01000101000000', 'INVALID_RECORD', 'INVALID_RECORD'],
    ['a key beyond the record', '0c000000100100', 'INVALID_RECORD', 'INVALID_RECORD'],
    ['a value beyond the record', '0c000000011000', 'INVALID_RECORD', 'INVALID_RECORD'],
    ['a negative count of headers', '0c000000010101', 'INVALID_RECORD', 'INVALID_RECORD'],
    ['more headers than bytes', '0c00000001010a', 'INVALID_RECORD', 'INVALID_RECORD'],
    ['a header without a key', '100000000101020101', 'INVALID_RECORD', 'INVALID_RECORD'],
    ['a header value beyond the record', '100000000101020010', 'INVALID_RECORD', 'INVALID_RECORD'],
    ['a byte behind the last record', '0c00000001010000', 'INVALID_RECORD', 'INVALID_RECORD'],
    ['an offset delta of 5', '0c00000a010100', 'NONE', 'UNKNOWN_SERVER_ERROR'],
    ['an offset delta of -1', '0c000001010100', 'NONE', 'UNKNOWN_SERVER_ERROR'],
  ]
  for (const [what, hex, plain, compressed] of cases) {
    test(what, () => {
      assert.equal(judge(batchOf(hex)), plain)
      assert.equal(judge(batchOf(hex, { compression: 'gzip' })), compressed)
      assert.equal(judge(batchOf(hex, { compression: 'lz4' })), compressed)
    })
  }

  test('a record count that is too small or too large', () => {
    for (const compression of compressionTypes) {
      assert.equal(judge(batchOf('0c0000000101000c000002010100', { count: 2, compression })), 'NONE')
      assert.equal(judge(batchOf('0c0000000101000c000002010100', { count: 1, compression })), 'INVALID_RECORD')
      assert.equal(judge(batchOf('0c0000000101000c000002010100', { count: 3, compression })), 'INVALID_RECORD')
    }
  })

  test('compressed bytes that are corrupt, cut off or missing', () => {
    for (const compression of compressionTypes.slice(1)) {
      const batch = encodeBatch({ records: [{ timestamp: nowMs, value: 'x'.repeat(300) }], compression })
      const corrupt = Buffer.from(batch).fill(0x55, batchHeaderBytes)
      assert.equal(judge(corrupt), 'UNKNOWN_SERVER_ERROR', compression)
      const cut = Buffer.from(batch.subarray(0, -6))
      cut.writeInt32BE(cut.length - batchPrefixBytes, 8)
      assert.equal(judge(cut), 'UNKNOWN_SERVER_ERROR', compression)
      const empty = Buffer.from(batch.subarray(0, batchHeaderBytes))
      empty.writeInt32BE(empty.length - batchPrefixBytes, 8)
      assert.equal(judge(empty), compression === 'zstd' ? 'INVALID_RECORD' : 'UNKNOWN_SERVER_ERROR', compression)
    }
  })

  test('a compression that does not exist', () => {
    const batch = encodeBatch({ records: [{ timestamp: nowMs }] })
    batch.writeInt16BE(5, 21)
    assert.equal(judge(batch), 'UNKNOWN_SERVER_ERROR')
  })
})

test('a compressed batch that grows beyond the limit is too large', () => {
  for (const compression of compressionTypes.slice(1)) {
    const batch = encodeBatch({ records: [{ timestamp: nowMs, value: Buffer.alloc(1_000_000) }], compression })
    assert.equal(judge(batch), 'NONE')
    assert.equal(judge(batch, { decompressedBytesMax: 500_000 }), 'MESSAGE_TOO_LARGE')
  }
})

test('a compacted topic wants a key in every record, and each that lacks one is named', () => {
  const records: RecordInput[] = [
    { timestamp: nowMs, key: 'a' },
    { timestamp: nowMs, value: 'b' },
    { timestamp: nowMs, key: '' },
  ]
  for (const compression of compressionTypes) {
    const batch = encodeBatch({ records, compression })
    assert.equal(judge(batch), 'NONE')
    const verdict = validateRecords(batch, 0, { ...rules, compact: true })
    assert.equal(verdict.errorCode, errorCodes.INVALID_RECORD)
    assert.deepEqual(
      verdict.recordErrors.map(({ batchIndex }) => batchIndex),
      [1],
    )
    assert.notEqual(verdict.errorMessage, null)
  }
})

test('timestamps lie within the bounds around now, but none at all is always allowed', () => {
  const at = (timestamp: number) => encodeBatch({ records: [{ timestamp }] })
  const hour = { timestampBeforeMaxMs: hourMs }
  assert.equal(judge(at(nowMs - hourMs), hour), 'NONE')
  assert.equal(judge(at(nowMs - hourMs - 1), hour), 'INVALID_TIMESTAMP')
  assert.equal(judge(at(nowMs + hourMs), hour), 'NONE')
  assert.equal(judge(at(nowMs + hourMs + 1), hour), 'INVALID_TIMESTAMP')
  assert.equal(judge(at(2 ** 53)), 'INVALID_TIMESTAMP')
  assert.equal(judge(at(-1), hour), 'NONE')
  assert.equal(judge(at(0)), 'NONE')
  assert.equal(judge(at(-2)), 'NONE')
})

test('a bad timestamp outweighs a missing key, and both are named', () => {
  const batch = encodeBatch({
    records: [
      { timestamp: nowMs },
      { timestamp: nowMs + 9e8, key: 'x' },
      { timestamp: nowMs + 9e8 },
      { timestamp: nowMs, key: 'y' },
    ],
  })
  const verdict = validateRecords(batch, 0, { ...rules, compact: true })
  assert.equal(verdict.errorCode, errorCodes.INVALID_TIMESTAMP)
  assert.deepEqual(
    verdict.recordErrors.map(({ batchIndex }) => batchIndex),
    [0, 1, 2],
  )
})

test('the maximum timestamp is that of the records, whatever the header says', () => {
  for (const compression of compressionTypes) {
    const batch = encodeBatch({ records: [{ timestamp: nowMs + 5 }, { timestamp: nowMs }], compression })
    batch.writeBigInt64BE(5n, 35)
    sealBatch(batch, 0)
    assert.equal(validateRecords(batch, 0, rules).maxTimestamp, nowMs + 5)
    assert.equal(validateRecords(batch, 0, { ...rules, ...stamped }).maxTimestamp, nowMs)
  }
  assert.equal(validateRecords(encodeBatch({ records: [{ timestamp: -2 }] }), 0, rules).maxTimestamp, -1)
})

test('a topic that stamps its records takes any timestamp', () => {
  assert.equal(judge(encodeBatch({ records: [{ timestamp: 2 ** 50 }] }), stamped), 'NONE')
})

test('a producer that stamps as a broker is refused where brokers stamp, and elsewhere if it gives no time', () => {
  const batch = (timestamp: number) =>
    encodeBatch({ records: [{ timestamp }, { timestamp }], timestampType: 'LogAppendTime' })
  assert.equal(judge(batch(nowMs), stamped), 'INVALID_TIMESTAMP')
  assert.equal(validateRecords(batch(nowMs), 0, { ...rules, ...stamped }).recordErrors.length, 2)
  assert.equal(judge(batch(nowMs)), 'NONE')
  assert.equal(validateRecords(batch(nowMs - 3), 0, rules).maxTimestamp, nowMs - 3)
  assert.equal(judge(batch(nowMs + 2 * hourMs)), 'INVALID_TIMESTAMP')
  assert.equal(judge(batch(-1)), 'INVALID_TIMESTAMP')
  assert.equal(judge(batch(nowMs), compact), 'INVALID_RECORD')
})
