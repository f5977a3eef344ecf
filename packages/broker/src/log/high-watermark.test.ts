import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCodes } from '@odradek/protocol'
import { HighWatermark } from './high-watermark.ts'
import { type AppendResult, notLeaderResult } from './log-answers.ts'

const appended = (lastOffset: number): AppendResult => ({
  ...notLeaderResult,
  errorCode: errorCodes.NONE,
  baseOffset: lastOffset,
  lastOffset,
})

test('a log that is cut back tells those who wait for what it has lost, and they hold nobody up', async () => {
  const highWatermark = new HighWatermark(5, () => {})
  highWatermark.limit = 5
  const lost = highWatermark.acknowledge(appended(9), 'all')
  highWatermark.reset({ logEndOffset: 6, highWatermark: 5 })
  assert.equal((await lost).errorCode, errorCodes.NOT_LEADER_OR_FOLLOWER)
  const kept = highWatermark.acknowledge(appended(6), 'all')
  highWatermark.localEndMoved(7)
  highWatermark.limit = 7
  assert.deepEqual(await kept, appended(6))
})
