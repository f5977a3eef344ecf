/** Logs that move between directories under a limit, in simulated time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSimulation } from '@odradek/platform/simulated'
import { encodeBatch, errorCodes } from '@odradek/protocol'
import { silentLogger } from '../logger.ts'
import { DataDirectory } from './data-directory.ts'
import { defaultLogConfig } from './log-config.ts'
import { LogManager } from './log-manager.ts'
import type { PartitionLog } from './partition-log.ts'

const paths = ['/data', '/more']
const topicId = 'T3BpY0lkT2ZUaGVUZXN0cw'
const config = { ...defaultLogConfig, retentionMs: -1, segmentBytes: 1_000_000 }
const batchBytes = 10_000
const batches = 300

/** A log in each of two directories. */
async function start(quota: { bytesPerSecondMax: number }) {
  const simulation = createSimulation({ seed: 1 })
  const { disk, clock, random } = simulation.platform('broker')
  const logger = silentLogger
  const open = LogManager.open({
    disk,
    clock,
    random,
    logger,
    dataDirectories: paths.map(path =>
      DataDirectory.open({ disk, random, logger, path, nodeId: 1, clusterId: 'cluster' }),
    ),
    config: { moveQuota: { samples: 11, sampleMs: 1000, bytesPerSecondMax: () => quota.bytesPerSecondMax } },
    configOf: () => config,
  })
  const manager = await simulation.settle(open)
  const logs = [0, 1].map(partition => manager.create({ topic: 't', partition, topicId, config }))
  for (const log of logs) for (let n = 0; n < batches; n++) await simulation.settle(append(log))
  return { simulation, manager, logs }
}

async function append(log: PartitionLog): Promise<void> {
  const batch = encodeBatch({ records: [{ timestamp: 1_700_000_000_000, value: 'x'.repeat(batchBytes) }] })
  const { errorCode } = await log.append(batch, { leaderEpoch: 0, origin: 'client' })
  assert.equal(errorCode, errorCodes.NONE)
}

/** Each to the directory of the other. */
function exchange(manager: LogManager, logs: readonly PartitionLog[]): void {
  for (const log of logs) {
    const to = log.directory.startsWith('/data') ? '/more' : '/data'
    assert.equal(manager.move(log, to), errorCodes.NONE)
  }
}

function copiedBytes(manager: LogManager, logs: readonly PartitionLog[]): number {
  return logs.reduce((sum, log) => sum + (manager.moveOf(log)?.future.sizeBytes ?? Number.NaN), 0)
}

test('all moves of a broker together keep to the limit, and go on without one when it is lifted', async () => {
  const quota = { bytesPerSecondMax: 200_000 }
  const { simulation, manager, logs } = await start(quota)
  const before = logs.map(log => log.directory)
  exchange(manager, logs)
  for (const seconds of [5, 10, 15]) {
    await simulation.runFor(5000)
    const copied = copiedBytes(manager, logs)
    // Each of the two begins with a second's share before it hears of the other's.
    assert.ok(copied <= (seconds + 2) * 200_000, `${copied} bytes in ${seconds} s`)
    assert.ok(copied >= (seconds - 2) * 200_000, `${copied} bytes in ${seconds} s`)
  }
  for (const log of logs) await append(log)
  quota.bytesPerSecondMax = Number.MAX_SAFE_INTEGER
  await simulation.runFor(1000)
  assert.deepEqual(
    logs.map(log => log.directory),
    before.toReversed().map((path, index) => path.replace(/\d$/, String(index))),
  )
  assert.ok(logs.every(log => log.logEndOffset === batches + 1 && manager.moveOf(log) === undefined))
})

test('a limit that comes while moves run holds from then on', async () => {
  const quota = { bytesPerSecondMax: 400_000 }
  const { simulation, manager, logs } = await start(quota)
  exchange(manager, logs)
  await simulation.runFor(5000)
  const before = copiedBytes(manager, logs)
  quota.bytesPerSecondMax = 20_000
  // What was copied before counts until it is forgotten.
  await simulation.runFor(30_000)
  const copied = copiedBytes(manager, logs) - before
  assert.ok(copied > 0 && copied <= 30 * 20_000, `${copied} bytes`)
})

test('a limit below the size of a batch lets one pass now and then, and a move can be given up meanwhile', async () => {
  const { simulation, manager, logs } = await start({ bytesPerSecondMax: 1000 })
  exchange(manager, logs)
  await simulation.runFor(60_000)
  const copied = copiedBytes(manager, logs)
  assert.ok(copied >= 4 * batchBytes && copied <= 15 * batchBytes, `${copied} bytes`)
  for (const log of logs) manager.move(log, log.directory.slice(0, log.directory.lastIndexOf('/')))
  assert.ok(logs.every(log => manager.moveOf(log) === undefined))
  await simulation.settle(manager.close())
})
