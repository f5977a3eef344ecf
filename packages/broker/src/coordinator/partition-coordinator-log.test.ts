import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBatch, errorCodes, setBatchBaseOffset } from '@odradek/protocol'
import { defaultLogConfig } from '../log/log-config.ts'
import type { AppendResult, LogRead, ReadOptions } from '../log/partition-log.ts'
import { type CoordinatorPartition, PartitionCoordinatorLog } from './partition-coordinator-log.ts'

/** Batches of one record each, at offsets 0, 1, 2… */
function batches(count: number): Buffer[] {
  return Array.from({ length: count }, (_, offset) => {
    const batch = encodeBatch({ records: [{ timestamp: 0, key: `k${offset}` }] })
    setBatchBaseOffset(batch, 0, offset)
    return batch
  })
}

function partitionOf(
  read: (offset: number, options: ReadOptions) => LogRead | Promise<LogRead>,
  { isLeader = true, logEndOffset = 3 } = {},
): CoordinatorPartition {
  const log = { logStartOffset: 0, logEndOffset, whenCommitted: () => errorCodes.NONE, config: defaultLogConfig, read }
  return { isLeader, log, append: () => ({ errorCode: errorCodes.NONE }) as AppendResult }
}

function found(...chunks: Buffer[]): LogRead {
  return { errorCode: errorCodes.NONE, chunks, byteLength: chunks.reduce((sum, chunk) => sum + chunk.length, 0) }
}

async function replayed(partition: CoordinatorPartition): Promise<{ outcome: number; chunks: Buffer[] }> {
  const chunks: Buffer[] = []
  const outcome = await new PartitionCoordinatorLog(partition).replay(chunk => chunks.push(chunk))
  return { outcome, chunks }
}

test('a log is replayed to its end, whether its reads answer at once or later', async () => {
  const all = batches(3)
  const one = (offset: number): LogRead => found(all[offset] ?? Buffer.alloc(0))
  const reads = (offset: number) => (offset === 1 ? Promise.resolve(one(offset)) : one(offset))
  assert.deepEqual(await replayed(partitionOf(reads)), { outcome: errorCodes.NONE, chunks: all })
})

test('a log that gives less than it holds is not taken for whole', async () => {
  const [first] = batches(1)
  const reads = (offset: number): LogRead => (offset === 0 && first ? found(first) : found())
  assert.equal((await replayed(partitionOf(reads))).outcome, errorCodes.KAFKA_STORAGE_ERROR)
})

test('a read that fails ends the replay with its error', async () => {
  const reads = (): LogRead => ({ errorCode: errorCodes.KAFKA_STORAGE_ERROR, chunks: [], byteLength: 0 })
  assert.equal((await replayed(partitionOf(reads))).outcome, errorCodes.KAFKA_STORAGE_ERROR)
})

test('nothing is appended where another broker leads', () => {
  const partition = partitionOf(() => found(), { isLeader: false })
  assert.equal(new PartitionCoordinatorLog(partition).append(Buffer.alloc(0)), errorCodes.NOT_LEADER_OR_FOLLOWER)
})

test('several batches are appended one by one, for the log takes one at a time', async () => {
  const all = batches(3)
  for (const [codes, expected] of [
    [[errorCodes.NONE, errorCodes.NONE, errorCodes.NONE], errorCodes.NONE],
    [[errorCodes.NONE, errorCodes.KAFKA_STORAGE_ERROR, errorCodes.KAFKA_STORAGE_ERROR], errorCodes.KAFKA_STORAGE_ERROR],
  ] as const) {
    for (const isLate of [false, true]) {
      const taken: Buffer[] = []
      const append = (records: Buffer): AppendResult | Promise<AppendResult> => {
        taken.push(records)
        const result = { errorCode: codes[taken.length - 1] } as AppendResult
        return isLate ? Promise.resolve(result) : result
      }
      const log = new PartitionCoordinatorLog({ ...partitionOf(() => found()), append })
      assert.equal(await log.append(Buffer.concat(all)), expected)
      const isWhole = isLate || expected === errorCodes.NONE
      assert.deepEqual(taken, isWhole ? all : all.slice(0, 2))
    }
  }
})
