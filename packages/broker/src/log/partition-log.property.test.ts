/** Any sequence of appends, reads, rolls, deletions, stops and crashes gives what a plain array of records would. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeRecords, encodeBatch, errorCodes, iterateBatches } from '@odradek/protocol'
import fc from 'fast-check'
import type { PartitionLog } from './partition-log.ts'
import { startTestLogs, type TestLogs } from './testing/test-logs.ts'

interface Model {
  /** Values by offset. */
  readonly values: string[]
  startOffset: number
}

type Command =
  | { readonly kind: 'append'; readonly count: number; readonly valueBytes: number; readonly waitMs: number }
  | { readonly kind: 'burst'; readonly batches: number }
  | { readonly kind: 'read'; readonly at: number; readonly maxBytes: number }
  | { readonly kind: 'deleteRecords'; readonly at: number }
  | { readonly kind: 'retention' | 'restart' | 'crash' | 'flush' | 'release' }

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      count: fc.integer({ min: 1, max: 20 }),
      valueBytes: fc.oneof(fc.integer({ min: 0, max: 60 }), fc.constant(3000)),
      waitMs: fc.integer({ min: 0, max: 2000 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('burst' as const), batches: fc.integer({ min: 2, max: 30 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      maxBytes: fc.integer({ min: 1, max: 20_000 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('deleteRecords' as const),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom('retention', 'restart', 'crash', 'flush', 'release').map(kind => ({ kind }) as Command),
  },
)

const config = fc.record({
  segmentBytes: fc.constantFrom(4000, 8000, 100_000, 1_073_741_824),
  segmentMs: fc.constantFrom(5000, 604_800_000),
  segmentIndexBytes: fc.constantFrom(40, 10_485_760),
  indexIntervalBytes: fc.constantFrom(0, 100, 4096),
  flushMessages: fc.constantFrom(1, 7, Number.MAX_SAFE_INTEGER),
  retentionBytes: fc.constantFrom(-1, 20_000),
  tailCacheBytesMax: fc.constantFrom(0, 5000, 1_000_000),
})

test('a log is an array of records', async () => {
  await fc.assert(
    fc.asyncProperty(config, fc.array(command, { minLength: 1, maxLength: 40 }), async (settings, commands) => {
      const { tailCacheBytesMax, ...topic } = settings
      const logs = await startTestLogs({ config: topic, managerConfig: { tailCacheBytesMax } })
      logs.create('t')
      const model: Model = { values: [], startOffset: 0 }
      for (const step of commands) await run(logs, model, step)
      await readAll(logs.get('t'), model)
      await logs.restart()
      await readAll(logs.get('t'), model)
    }),
    { numRuns: 300 },
  )
})

async function run(logs: TestLogs, model: Model, step: Command): Promise<void> {
  const log = logs.get('t')
  switch (step.kind) {
    case 'append':
      logs.clock.advance(step.waitMs)
      return append(logs, model, step.count, step.valueBytes)
    case 'burst': {
      const appends = Array.from({ length: step.batches }, (_, index) => append(logs, model, 1 + (index % 3), 10))
      await Promise.all(appends)
      return
    }
    case 'read':
      await read(log, model, offsetIn(model, step.at), step.maxBytes)
      return
    case 'deleteRecords': {
      const offset = offsetIn(model, step.at)
      assert.equal(log.deleteRecords(offset), errorCodes.NONE)
      model.startOffset = offset
      await logs.manager.checkpoint()
      return
    }
    case 'retention':
      logs.manager.runMaintenance()
      assert.ok(log.logStartOffset >= model.startOffset)
      model.startOffset = log.logStartOffset
      await logs.manager.checkpoint()
      return
    case 'flush':
      assert.equal(await log.flush(), true)
      assert.equal(log.syncedOffset, log.logEndOffset)
      return
    case 'restart':
      await logs.restart()
      assert.equal(logs.manager.wasCleanShutdown, true)
      break
    case 'crash':
      await logs.crash()
      assert.equal(logs.manager.wasCleanShutdown, false)
      break
    case 'release':
      return readAll(log, model)
  }
  assert.equal(logs.get('t').logEndOffset, model.values.length)
  assert.equal(logs.get('t').logStartOffset, model.startOffset)
}

function offsetIn({ startOffset, values }: Model, part: number): number {
  return Math.round(startOffset + part * (values.length - startOffset))
}

async function append(logs: TestLogs, model: Model, count: number, valueBytes: number): Promise<void> {
  const log = logs.get('t')
  const baseOffset = model.values.length
  const values = Array.from({ length: count }, (_, index) => `${baseOffset + index}`.padEnd(valueBytes, '.'))
  model.values.push(...values)
  const records = values.map(value => ({ timestamp: logs.clock.now(), key: null, value }))
  const result = await log.append(encodeBatch({ records }), { leaderEpoch: 3, origin: 'client' })
  if (result.errorCode === errorCodes.RECORD_LIST_TOO_LARGE) {
    assert.ok(count * (valueBytes + 20) > 3500 && log.config.segmentBytes <= 8000)
    model.values.length = baseOffset
    return
  }
  assert.equal(result.errorCode, errorCodes.NONE)
  assert.equal(result.baseOffset, baseOffset)
  assert.equal(result.lastOffset, baseOffset + count - 1)
}

async function read(log: PartitionLog, model: Model, offset: number, maxBytes: number): Promise<number> {
  const found = await log.read(offset, { maxBytes, minOneBatch: true })
  assert.equal(found.errorCode, errorCodes.NONE)
  const bytes = Buffer.concat(found.chunks)
  assert.equal(bytes.length, found.byteLength)
  const positions = [...iterateBatches(bytes)]
  const records = positions.flatMap(position => decodeRecords(bytes, position))
  if (offset < model.values.length) assert.ok(records.some(record => record.offset === offset))
  else assert.equal(records.length, 0)
  if (positions.length > 1) assert.ok(bytes.length <= maxBytes)
  for (const record of records) assert.equal(record.value?.toString(), model.values[record.offset])
  return (records.at(-1)?.offset ?? offset) + 1
}

async function readAll(log: PartitionLog, model: Model): Promise<void> {
  for (let offset = model.startOffset; offset < model.values.length; ) offset = await read(log, model, offset, 10_000)
}
