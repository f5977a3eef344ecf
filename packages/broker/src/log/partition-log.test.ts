import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batchBaseOffset, decodeRecords, encodeBatch, errorCodes } from '@odradek/protocol'
import { startTestLogs } from './testing/test-logs.ts'

const client = { leaderEpoch: 0, origin: 'client' } as const

function batchOf(...values: string[]): Buffer {
  return encodeBatch({ records: values.map(value => ({ timestamp: 1_700_000_000_000, key: null, value })) })
}

test('what was appended is read back, by the same bytes, after a reopen too', async () => {
  const logs = await startTestLogs()
  const log = logs.create('t')
  const first = await log.append(batchOf('a', 'b'), client)
  assert.equal(first.errorCode, errorCodes.NONE)
  assert.equal(first.baseOffset, 0)
  assert.equal(first.lastOffset, 1)
  const second = await log.append(batchOf('c'), client)
  assert.equal(second.baseOffset, 2)
  assert.equal(log.logEndOffset, 3)

  const hot = await log.read(0, { maxBytes: 1000, minOneBatch: true })
  const bytes = Buffer.concat(hot.chunks)
  assert.equal(batchBaseOffset(bytes, 0), 0)
  await logs.restart()
  const again = logs.get('t')
  assert.equal(again.logEndOffset, 3)
  const cold = await again.read(0, { maxBytes: 1000, minOneBatch: true })
  assert.deepEqual(Buffer.concat(cold.chunks), bytes)
  assert.deepEqual(
    decodeRecords(bytes).map(record => record.value?.toString()),
    ['a', 'b'],
  )
})
