import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchBaseTimestamp,
  batchBytes,
  batchCompression,
  batchDeleteHorizonMs,
  batchIsControl,
  batchIsTransactional,
  batchLastOffset,
  batchLastSequence,
  batchLength,
  batchMaxTimestamp,
  batchPartitionLeaderEpoch,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  batchTimestampType,
  checkBatch,
  incrementSequence,
  iterateBatches,
  sealBatch,
  setBatchBaseOffset,
  setBatchMaxTimestamp,
  setBatchPartitionLeaderEpoch,
} from './batch.ts'
import { decodeRecords } from './decode-records.ts'
import { encodeBatch } from './encode-batch.ts'
import { RecordsError } from './records-error.ts'

const records = [
  { timestamp: 1_700_000_000_000, key: 'a', value: 'one' },
  { timestamp: 1_700_000_000_500, key: null, value: 'two', headers: [{ key: 'h', value: 'v' }] },
  { timestamp: 1_700_000_000_100, key: 'c', value: null },
]

test('every field of a batch is read from its place', () => {
  const prefix = Buffer.alloc(7)
  const buffer = Buffer.concat([
    prefix,
    encodeBatch({
      records,
      baseOffset: 2 ** 40 + 3,
      partitionLeaderEpoch: 9,
      producerId: 2 ** 35,
      producerEpoch: 5,
      baseSequence: 0x7fffffff,
      isTransactional: true,
    }),
  ])
  const at = prefix.length
  assert.equal(checkBatch(buffer, at), null)
  assert.equal(batchBaseOffset(buffer, at), 2 ** 40 + 3)
  assert.equal(batchLastOffset(buffer, at), 2 ** 40 + 5)
  assert.equal(batchBytes(buffer, at), buffer.length - at)
  assert.equal(batchLength(buffer, at), buffer.length - at - 12)
  assert.equal(batchPartitionLeaderEpoch(buffer, at), 9)
  assert.equal(batchProducerId(buffer, at), 2 ** 35)
  assert.equal(batchProducerEpoch(buffer, at), 5)
  assert.equal(batchBaseSequence(buffer, at), 0x7fffffff)
  assert.equal(batchLastSequence(buffer, at), 1)
  assert.equal(batchBaseTimestamp(buffer, at), 1_700_000_000_000)
  assert.equal(batchMaxTimestamp(buffer, at), 1_700_000_000_500)
  assert.equal(batchRecordCount(buffer, at), 3)
  assert.equal(batchCompression(buffer, at), 'none')
  assert.equal(batchTimestampType(buffer, at), 'CreateTime')
  assert.equal(batchIsTransactional(buffer, at), true)
  assert.equal(batchIsControl(buffer, at), false)
  assert.equal(batchDeleteHorizonMs(buffer, at), null)
  assert.equal(batchAttributes(buffer, at), 0x10)
})

test('base offset and leader epoch are patched outside the checksum', () => {
  const batch = encodeBatch({ records })
  setBatchBaseOffset(batch, 0, 2 ** 45 + 1)
  setBatchPartitionLeaderEpoch(batch, 0, 77)
  assert.equal(checkBatch(batch), null)
  assert.deepEqual(
    decodeRecords(batch).map(({ offset }) => offset),
    [2 ** 45 + 1, 2 ** 45 + 2, 2 ** 45 + 3],
  )
  assert.equal(batchPartitionLeaderEpoch(batch, 0), 77)
})

test('LogAppendTime gives all records the time of the append and a new checksum', () => {
  const batch = encodeBatch({ records, compression: 'lz4' })
  setBatchMaxTimestamp(batch, 0, { timestampType: 'LogAppendTime', maxTimestamp: 1_800_000_000_000 })
  assert.equal(checkBatch(batch), null)
  assert.equal(batchTimestampType(batch, 0), 'LogAppendTime')
  assert.equal(batchCompression(batch, 0), 'lz4')
  assert.deepEqual(new Set(decodeRecords(batch).map(({ timestamp }) => timestamp)), new Set([1_800_000_000_000]))
  setBatchMaxTimestamp(batch, 0, { timestampType: 'CreateTime', maxTimestamp: 1_700_000_000_500 })
  assert.deepEqual(batch, encodeBatch({ records, compression: 'lz4' }))
})

test('sequences wrap from 2^31-1 to 0', () => {
  assert.equal(incrementSequence(5, 3), 8)
  assert.equal(incrementSequence(0x7fffffff, 1), 0)
  assert.equal(incrementSequence(0x7ffffffe, 4), 2)
})

test('a batch that is cut off anywhere is incomplete, one with a flipped bit is not valid', () => {
  const batch = encodeBatch({ records })
  for (let length = 0; length < batch.length; length++) {
    assert.equal(checkBatch(batch, 0, length)?.kind, 'incomplete', `cut at ${length}`)
  }
  for (let bit = 21 * 8; bit < batch.length * 8; bit++) {
    const flipped = Buffer.from(batch)
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    assert.equal(checkBatch(flipped)?.kind, 'checksum', `bit ${bit}`)
  }
})

test('an impossible length and a magic other than 2 are told apart', () => {
  const short = encodeBatch({ records })
  short.writeInt32BE(48, 8)
  assert.equal(checkBatch(short)?.kind, 'length')
  short.writeInt32BE(-1, 8)
  assert.equal(checkBatch(short)?.kind, 'length')
  for (const magic of [0, 1, 3, 255]) {
    const batch = encodeBatch({ records })
    batch.writeUInt8(magic, 16)
    assert.equal(checkBatch(batch)?.kind, 'magic')
    assert.throws(() => [...iterateBatches(batch)], RecordsError)
  }
})

test('batches are walked until the first that is cut off', () => {
  const batch = encodeBatch({ records })
  const buffer = Buffer.concat([batch, batch, batch.subarray(0, 70)])
  assert.deepEqual([...iterateBatches(buffer)], [0, batch.length])
  assert.deepEqual([...iterateBatches(buffer, batch.length)], [batch.length])
})

test('int64 fields take the nearest value that they can hold', () => {
  const batch = encodeBatch({ records })
  setBatchBaseOffset(batch, 0, 2 ** 63)
  assert.equal(batch.readBigInt64BE(0), 2n ** 63n - 1n)
  setBatchBaseOffset(batch, 0, -(2 ** 63))
  assert.equal(batch.readBigInt64BE(0), -(2n ** 63n))
  setBatchBaseOffset(batch, 0, -1)
  assert.equal(batch.readBigInt64BE(0), -1n)
  sealBatch(batch, 0)
  assert.equal(checkBatch(batch), null)
})
