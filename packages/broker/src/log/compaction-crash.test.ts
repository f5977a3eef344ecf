/** A machine that dies at any call of a compaction: the newest acknowledged value of each key is there, offsets rise. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Platform } from '@odradek/platform'
import { createSimulation, type SeededRandom } from '@odradek/platform/simulated'
import { batchLastOffset, decodeRecords, encodeBatch, errorCodes, iterateBatches } from '@odradek/protocol'
import { silentLogger } from '../logger.ts'
import { DataDirectory } from './data-directory.ts'
import { defaultLogConfig, type LogConfig } from './log-config.ts'
import { LogManager } from './log-manager.ts'
import type { PartitionLog } from './partition-log.ts'

const seeds = 200
const lives = 5
const topicId = 'T3BpY0lkT2ZUaGVUZXN0cw'
const config: LogConfig = {
  ...defaultLogConfig,
  cleanupPolicy: { compact: true, delete: false },
  deleteRetentionMs: 3_600_000,
  fileDeleteDelayMs: 10,
  flushMessages: 1,
  indexIntervalBytes: 100,
  minCleanableDirtyRatio: 0.01,
  segmentBytes: 1000,
}

test('a compaction that is cut short loses no newest value', async () => {
  for (let seed = 0; seed < seeds; seed++) await history(seed)
})

async function history(seed: number): Promise<void> {
  const simulation = createSimulation({ seed })
  const machine = simulation.machine('broker')
  const random = simulation.random('workload')
  const acknowledged = new Map<string, number>()
  let platform = machine.platform
  for (let life = 0; life <= lives; life++) {
    const log = await simulation.settle(open(platform))
    await simulation.settle(check(log, acknowledged, `seed ${seed}, life ${life}`))
    if (life === lives) return
    machine.dieAtDiskCall(50 + random.integer(600), random.pick(['crash', 'power loss'] as const))
    void work(log, platform, random, acknowledged).catch(() => {})
    await simulation.until(() => !machine.isUp, 60_000)
    platform = machine.restart()
  }
}

async function open({ disk, clock, random }: Platform): Promise<PartitionLog> {
  const logger = silentLogger
  const dataDirectory = DataDirectory.open({ disk, random, logger, path: '/data', nodeId: 1 })
  const managerConfig = {
    cleanerBackoffMs: 5,
    tailCacheBytesMax: 1000,
    initialTaskDelayMs: 10,
    recoveryPointCheckpointIntervalMs: 20,
  }
  const manager = await LogManager.open({
    disk,
    clock,
    random,
    logger,
    dataDirectories: [dataDirectory],
    config: managerConfig,
    configOf: () => config,
  })
  return manager.create({ topic: 't', partition: 0, topicId, config })
}

/** Values count up, so that of two values of a key the greater one is the newer. */
async function work(
  log: PartitionLog,
  { clock }: Platform,
  random: SeededRandom,
  acknowledged: Map<string, number>,
): Promise<void> {
  for (let value = 1 + Math.max(0, ...acknowledged.values()); ; value += 3) {
    const entries = [0, 1, 2].map(n => ({ key: `key ${random.integer(8)}`, value: value + n }))
    const records = entries.map(entry => ({ timestamp: clock.now(), key: entry.key, value: `${entry.value}` }))
    const result = await log.append(encodeBatch({ records }), { leaderEpoch: 0, origin: 'client' })
    if (result.errorCode !== errorCodes.NONE) return
    for (const entry of entries) acknowledged.set(entry.key, entry.value)
    if (random.chance(0.2)) await new Promise<void>(resolve => clock.after(random.integer(10), resolve))
  }
}

async function check(log: PartitionLog, acknowledged: ReadonlyMap<string, number>, what: string): Promise<void> {
  const found = new Map<string, number>()
  let offset = log.logStartOffset
  while (offset < log.logEndOffset) {
    const { errorCode, chunks } = await log.read(offset, { maxBytes: 5000, minOneBatch: true })
    assert.equal(errorCode, errorCodes.NONE, what)
    const bytes = Buffer.concat(chunks)
    assert.ok(bytes.length > 0, `${what}: nothing to read at ${offset} of ${log.logEndOffset}`)
    for (const at of iterateBatches(bytes)) {
      for (const record of decodeRecords(bytes, at)) {
        if (record.offset >= offset) found.set(record.key?.toString() ?? '', Number(record.value))
      }
      offset = batchLastOffset(bytes, at) + 1
    }
  }
  for (const [key, value] of acknowledged) {
    assert.ok((found.get(key) ?? -1) >= value, `${what}: ${key} is ${found.get(key)}, was ${value}`)
  }
}
