import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  batchBaseSequence,
  batchIsControl,
  batchIsTransactional,
  batchPartitionLeaderEpoch,
  batchProducerId,
  checkBatch,
} from './batch.ts'
import { decodeControlRecord, encodeEndTransactionBatch, encodeLeaderChangeBatch } from './control-batch.ts'
import { decodeRecords } from './decode-records.ts'
import { RecordsError } from './records-error.ts'

test('the end of a transaction is one record that names the coordinator', () => {
  for (const type of ['ABORT', 'COMMIT'] as const) {
    const batch = encodeEndTransactionBatch({
      type,
      coordinatorEpoch: 12,
      producerId: 9,
      producerEpoch: 3,
      timestamp: 1000,
      baseOffset: 5,
    })
    assert.equal(checkBatch(batch), null)
    assert.equal(batchIsControl(batch, 0), true)
    assert.equal(batchIsTransactional(batch, 0), true)
    assert.equal(batchProducerId(batch, 0), 9)
    assert.equal(batchBaseSequence(batch, 0), -1)
    const [record] = decodeRecords(batch)
    assert.ok(record)
    assert.deepEqual(record.key, Buffer.from([0, 0, 0, type === 'COMMIT' ? 1 : 0]))
    assert.deepEqual(record.value, Buffer.from([0, 0, 0, 0, 0, 12]))
    assert.deepEqual(decodeControlRecord(record), { type, coordinatorEpoch: 12 })
  }
})

test('a change of the leader carries its message', () => {
  const message = { leaderId: 3, voters: [{ voterId: 1 }, { voterId: 3 }], grantingVoters: [{ voterId: 3 }] }
  const batch = encodeLeaderChangeBatch({ message, timestamp: 1000, partitionLeaderEpoch: 8 })
  assert.equal(batchIsControl(batch, 0), true)
  assert.equal(batchIsTransactional(batch, 0), false)
  assert.equal(batchPartitionLeaderEpoch(batch, 0), 8)
  const [record] = decodeRecords(batch)
  assert.ok(record)
  const decoded = decodeControlRecord(record)
  assert.ok(decoded.type === 'LEADER_CHANGE')
  assert.equal(decoded.message.leaderId, 3)
  assert.deepEqual(
    decoded.message.voters.map(({ voterId }) => voterId),
    [1, 3],
  )
})

test('a type from the future is unknown, which is no error', () => {
  assert.deepEqual(decodeControlRecord({ key: Buffer.from([0, 0, 0, 77]), value: null }), { type: 'UNKNOWN' })
  assert.deepEqual(decodeControlRecord({ key: Buffer.from([0, 0, 0, 4]), value: null }), { type: 'SNAPSHOT_FOOTER' })
})

test('broken control records are refused', () => {
  const commit = Buffer.from([0, 0, 0, 1])
  const leaderChange = Buffer.from([0, 0, 0, 2])
  for (const record of [
    { key: null, value: null },
    { key: Buffer.from([0, 0, 0]), value: null },
    { key: Buffer.from([255, 255, 0, 1]), value: Buffer.alloc(6) },
    { key: commit, value: null },
    { key: commit, value: Buffer.alloc(5) },
    { key: leaderChange, value: null },
    { key: leaderChange, value: Buffer.from([0, 0, 1]) },
    { key: leaderChange, value: Buffer.from([0, 9, 1]) },
  ]) {
    assert.throws(() => decodeControlRecord(record), RecordsError)
  }
})
