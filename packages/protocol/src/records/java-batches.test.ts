import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { batchIsControl, checkBatch } from './batch.ts'
import { decodeControlRecord, encodeEndTransactionBatch, encodeLeaderChangeBatch } from './control-batch.ts'
import { decodeRecords } from './decode-records.ts'
import { encodeBatch } from './encode-batch.ts'
import { describeBatch } from './fixtures/describe-batch.ts'
import { validateRecords } from './validate-records.ts'

const folder = new URL('fixtures/', import.meta.url)
const names = readdirSync(folder)
  .filter(file => file.endsWith('.batch'))
  .map(file => file.slice(0, -'.batch'.length))

function readFixture(name: string): Buffer {
  return readFileSync(new URL(`${name}.batch`, folder))
}

describe("batches of Kafka's Java client", () => {
  for (const name of names) {
    test(`${name} has the records that Java reads in it`, () => {
      const batch = readFixture(name)
      assert.equal(checkBatch(batch), null)
      assert.deepEqual(describeBatch(batch), JSON.parse(readFileSync(new URL(`${name}.jsonl`, folder), 'utf8')))
    })
  }

  test('all are acceptable to a leader', () => {
    const rules = {
      compact: false,
      timestampType: 'CreateTime',
      timestampBeforeMaxMs: 2 ** 63,
      timestampAfterMaxMs: 2 ** 63,
      nowMs: 0,
      decompressedBytesMax: 1_000_000,
    } as const
    for (const name of names) assert.equal(validateRecords(readFixture(name), 0, rules).detail, null, name)
  })

  test('an uncompressed batch of the same records has the same bytes', () => {
    const batch = readFixture('none-small')
    const again = encodeBatch({
      records: decodeRecords(batch),
      baseOffset: 1000,
      partitionLeaderEpoch: 9,
      producerId: 4321,
      producerEpoch: 2,
      baseSequence: 0x7fffffff - 3,
      isTransactional: true,
    })
    assert.deepEqual(again, batch)
  })

  test('control batches are read, and ours have the same bytes', () => {
    for (const name of ['commit', 'abort', 'leader-change']) assert.equal(batchIsControl(readFixture(name), 0), true)
    const place = { timestamp: 1_700_000_000_000, baseOffset: 40, partitionLeaderEpoch: 7 }
    for (const [name, type] of [
      ['commit', 'COMMIT'],
      ['abort', 'ABORT'],
    ] as const) {
      const batch = readFixture(name)
      const end = { type, coordinatorEpoch: 17 }
      assert.deepEqual(decodeRecords(batch).map(decodeControlRecord), [end])
      assert.deepEqual(encodeEndTransactionBatch({ ...place, ...end, producerId: 1234, producerEpoch: 5 }), batch)
    }
    const batch = readFixture('leader-change')
    const [change] = decodeRecords(batch).map(decodeControlRecord)
    assert.ok(change?.type === 'LEADER_CHANGE')
    assert.equal(change.message.leaderId, 2)
    assert.deepEqual(
      encodeLeaderChangeBatch({ message: change.message, timestamp: place.timestamp, partitionLeaderEpoch: 3 }),
      batch,
    )
  })
})
