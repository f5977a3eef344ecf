/**
 * A machine that dies at any call, while a log is cut back and written again from there: what stands in it afterwards was
 * written there, in the leader epoch that the log says, and what was synced and not cut off is there.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Platform } from '@odradek/platform'
import { createSimulation, type SeededRandom } from '@odradek/platform/simulated'
import {
  batchLastOffset,
  batchPartitionLeaderEpoch,
  checkBatch,
  decodeRecords,
  encodeBatch,
  errorCodes,
  iterateBatches,
} from '@odradek/protocol'
import { silentLogger } from '../logger.ts'
import { DataDirectory } from './data-directory.ts'
import { defaultLogConfig, type LogConfig } from './log-config.ts'
import { LogManager } from './log-manager.ts'
import type { PartitionLog } from './partition-log.ts'

const seeds = 200
const lives = 4
const topicId = 'T3BpY0lkT2ZUaGVUZXN0cw'
const config: LogConfig = { ...defaultLogConfig, indexIntervalBytes: 100, retentionMs: -1, segmentBytes: 1500 }

interface Running {
  readonly manager: LogManager
  readonly log: PartitionLog
}

/** What the log was told. */
class Model {
  /** By offset: what may stand there. */
  readonly values = new Map<number, string>()
  /** By offset, too: earlier ones may follow on a cut than were cut off. */
  readonly epochs = new Map<number, number>()
  /** Below it all is on the disk for good. */
  durableEnd = 0
  isCutting = false
  #count = 0

  nextValue(bytes: number): string {
    return `${this.#count++}`.padEnd(bytes, '.')
  }
}

test('what was cut off vouches for nothing that is written in its place', async () => {
  for (let seed = 0; seed < seeds; seed++) await history(seed)
})

async function history(seed: number): Promise<void> {
  const simulation = createSimulation({ seed })
  const machine = simulation.machine('broker')
  const random = simulation.random('workload')
  const model = new Model()
  let platform = machine.platform
  for (let life = 0; life <= lives; life++) {
    const running = await simulation.settle(open(platform))
    await simulation.settle(check(running.log, model, `seed ${seed}, life ${life}`))
    if (life === lives) return
    machine.dieAtDiskCall(20 + random.integer(500), random.pick(['crash', 'power loss'] as const))
    let failure: unknown = null
    work(running, platform, random, model).catch(error => {
      if (machine.isUp) failure = error
    })
    await simulation.until(() => !machine.isUp || failure !== null, 60_000)
    if (failure !== null) throw new Error(`seed ${seed}, life ${life}`, { cause: failure })
    platform = machine.restart()
    if (model.isCutting) sync(platform)
    model.isCutting = false
  }
}

/**
 * The operating system has had a while to write: else the power may bring back what a cut has removed that a kill has ended,
 * though not what was synced since.
 */
function sync({ disk }: Platform): void {
  const directory = '/data/t-0'
  if (disk.statSync(directory) === null) return
  disk.syncDirectorySync(directory)
  for (const name of disk.listSync(directory)) {
    const file = disk.openSync(`${directory}/${name}`)
    file.syncSync()
    file.closeSync()
  }
}

async function open({ disk, clock, random }: Platform): Promise<Running> {
  const logger = silentLogger
  const manager = await LogManager.open({
    disk,
    clock,
    random,
    logger,
    dataDirectories: [DataDirectory.open({ disk, random, logger, path: '/data', nodeId: 1 })],
    config: { tailCacheBytesMax: 1000, initialTaskDelayMs: 5, recoveryPointCheckpointIntervalMs: 20 },
    configOf: () => config,
  })
  return { manager, log: manager.create({ topic: 't', partition: 0, topicId, config }) }
}

async function work(running: Running, { clock }: Platform, random: SeededRandom, model: Model): Promise<void> {
  const { manager, log } = running
  for (;;) {
    switch (random.integer(8)) {
      case 0:
        await flush(log, model)
        break
      case 1:
        await flush(log, model)
        await manager.checkpoint()
        break
      case 2:
        await cut(log, random, model)
        break
      default:
        await write(log, random, model)
    }
    if (random.chance(0.3)) await new Promise<void>(resolve => clock.after(random.integer(10), resolve))
  }
}

async function write(log: PartitionLog, random: SeededRandom, model: Model): Promise<void> {
  const bytes = random.pick([10, 100, 400])
  const leaderEpoch = (model.epochs.get(log.logEndOffset - 1) ?? 0) + random.pick([0, 0, 1, 2])
  for (let batch = random.integer(8); batch >= 0; batch--) {
    const values = Array.from({ length: 1 + random.integer(3) }, () => model.nextValue(bytes))
    for (const [index, value] of values.entries()) {
      model.values.set(log.logEndOffset + index, value)
      model.epochs.set(log.logEndOffset + index, leaderEpoch)
    }
    const records = values.map(value => ({ timestamp: 1_700_000_000_000, value }))
    const { errorCode } = await log.append(encodeBatch({ records }), { leaderEpoch, origin: 'client' })
    assert.equal(errorCode, errorCodes.NONE)
  }
}

async function flush(log: PartitionLog, model: Model): Promise<void> {
  const end = log.logEndOffset
  assert.ok(await log.flush())
  model.durableEnd = Math.max(model.durableEnd, end)
}

async function cut(log: PartitionLog, random: SeededRandom, model: Model): Promise<void> {
  const { logStartOffset, logEndOffset } = log
  const isEmptied = random.chance(0.1)
  const offset = logStartOffset + random.integer(logEndOffset - logStartOffset + (isEmptied ? 5 : 1))
  // A batch in which it lies goes as a whole; and a crash while all is removed leaves nothing, not even where it was to begin.
  const keepsNothing = isEmptied || offset <= log.firstSegmentOffset
  model.durableEnd = keepsNothing ? 0 : Math.min(model.durableEnd, Math.max(offset - 2, 0))
  model.isCutting = true
  assert.ok(await (isEmptied ? log.startAnewAt(offset) : log.truncateTo(offset)))
  model.isCutting = false
  assert.ok(log.logEndOffset <= offset)
  for (const at of model.values.keys()) if (at >= log.logEndOffset) model.values.delete(at)
}

async function check(log: PartitionLog, { values, durableEnd }: Model, what: string): Promise<void> {
  assert.ok(log.logEndOffset >= durableEnd, `${what}: ends at ${log.logEndOffset}, ${durableEnd} was synced`)
  const epochEnds = new Map<number, number>()
  let offset = log.logStartOffset
  while (offset < log.logEndOffset) {
    const { errorCode, chunks } = await log.read(offset, { maxBytes: 5000, minOneBatch: true })
    assert.equal(errorCode, errorCodes.NONE, what)
    const bytes = Buffer.concat(chunks)
    assert.equal(checkBatch(bytes), null, `${what}: at ${offset} of ${log.logEndOffset} is no batch`)
    for (const at of iterateBatches(bytes)) {
      assert.equal(checkBatch(bytes, at), null, `${what}: behind ${offset} of ${log.logEndOffset} is no batch`)
      for (const record of decodeRecords(bytes, at)) {
        const wanted = values.get(record.offset)
        assert.ok(wanted === record.value?.toString(), `${what}: another record stands at ${record.offset}`)
        assert.ok(record.offset <= offset, `${what}: nothing stands at ${offset}`)
        offset = Math.max(offset, record.offset + 1)
      }
      assert.equal(offset, batchLastOffset(bytes, at) + 1, what)
      epochEnds.set(batchPartitionLeaderEpoch(bytes, at), offset)
    }
  }
  for (const [leaderEpoch, endOffset] of epochEnds) {
    assert.deepEqual(log.endOffsetForEpoch(leaderEpoch), { leaderEpoch, endOffset }, what)
  }
}
