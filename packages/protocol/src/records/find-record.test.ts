import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compressionTypes } from '../compression/compression-type.ts'
import { setBatchMaxTimestamp } from './batch.ts'
import { encodeBatch } from './encode-batch.ts'
import { findMaxTimestamp, findRecordByOffset, findRecordByTimestamp } from './find-record.ts'

const timestamps = [100, 300, 200, 300, 150]

for (const compression of compressionTypes) {
  const batch = encodeBatch({
    baseOffset: 10,
    compression,
    records: timestamps.map(timestamp => ({ timestamp, value: `${timestamp}` })),
  })

  test(`the first record of a time or later is found, from an offset on (${compression})`, () => {
    assert.deepEqual(findRecordByTimestamp(batch, 0, { timestamp: 50 }), { offset: 10, timestamp: 100 })
    assert.deepEqual(findRecordByTimestamp(batch, 0, { timestamp: 101 }), { offset: 11, timestamp: 300 })
    assert.deepEqual(findRecordByTimestamp(batch, 0, { timestamp: 101, startOffset: 12 }), {
      offset: 12,
      timestamp: 200,
    })
    assert.deepEqual(findRecordByTimestamp(batch, 0, { timestamp: 300, startOffset: 12 }), {
      offset: 13,
      timestamp: 300,
    })
    assert.equal(findRecordByTimestamp(batch, 0, { timestamp: 301 }), null)
    assert.equal(findRecordByTimestamp(batch, 0, { timestamp: 300, startOffset: 14 }), null)
    assert.equal(findRecordByTimestamp(batch, 0, { timestamp: 0, startOffset: 15 }), null)
  })

  test(`the record with the newest time is the first of several (${compression})`, () => {
    assert.deepEqual(findMaxTimestamp(batch, 0), { offset: 11, timestamp: 300 })
  })

  test(`a record is found by its offset (${compression})`, () => {
    assert.equal(findRecordByOffset(batch, 0, 12)?.value?.toString(), '200')
    assert.equal(findRecordByOffset(batch, 0, 3)?.offset, 10)
    assert.equal(findRecordByOffset(batch, 0, 15), null)
  })
}

test('of a batch that the broker stamped, the first record counts as the newest', () => {
  const batch = encodeBatch({ baseOffset: 10, records: timestamps.map(timestamp => ({ timestamp })) })
  setBatchMaxTimestamp(batch, 0, { timestampType: 'LogAppendTime', maxTimestamp: 900 })
  assert.deepEqual(findMaxTimestamp(batch, 0), { offset: 10, timestamp: 900 })
  assert.deepEqual(findRecordByTimestamp(batch, 0, { timestamp: 800 }), { offset: 10, timestamp: 900 })
})

test('a batch without timestamps has no newest record', () => {
  assert.equal(findMaxTimestamp(encodeBatch({ records: [{ timestamp: -1 }] }), 0), null)
})
