import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compressionTypes } from '../compression/compression-type.ts'
import { errorCodes } from '../errors.ts'
import { batchPrefixBytes, checkBatch, iterateBatches, sealBatch } from './batch.ts'
import { decodeControlRecord } from './control-batch.ts'
import { decodeRecords } from './decode-records.ts'
import { encodeBatch } from './encode-batch.ts'
import { findMaxTimestamp, findRecordByTimestamp } from './find-record.ts'
import { RecordsError } from './records-error.ts'
import { validateRecords } from './validate-records.ts'

const rules = {
  compact: true,
  timestampType: 'CreateTime',
  timestampBeforeMaxMs: 2 ** 63,
  timestampAfterMaxMs: 2 ** 63,
  nowMs: 0,
  decompressedBytesMax: 100_000,
} as const
const limit = { limitBytes: rules.decompressedBytesMax }
const verdicts: readonly number[] = [
  errorCodes.NONE,
  errorCodes.INVALID_RECORD,
  errorCodes.INVALID_TIMESTAMP,
  errorCodes.MESSAGE_TOO_LARGE,
  errorCodes.UNKNOWN_SERVER_ERROR,
]
const sound = compressionTypes.map(compression =>
  encodeBatch({
    compression,
    records: Array.from({ length: 5 }, (_, index) => ({
      timestamp: index * 1000,
      key: `key-${index}`,
      value: 'value'.repeat(index * 5),
      headers: index === 2 ? [{ key: 'h', value: 'v' }] : [],
    })),
  }),
)

/** Runs `read` and lets only RecordsError pass. */
function mayFail(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch (error) {
    assert.ok(error instanceof RecordsError, `${error instanceof Error ? error.stack : error}`)
    return false
  }
}

const mutation = fc.record({
  which: fc.nat(sound.length - 1),
  edits: fc.array(fc.tuple(fc.nat(150), fc.nat(255)), { minLength: 1, maxLength: 4 }),
  cut: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(100)),
})

function mutate({ which, edits, cut }: { which: number; edits: [number, number][]; cut: number }): Buffer {
  const batch = sound[which] ?? Buffer.alloc(0)
  const mutated = Buffer.from(batch.subarray(0, batch.length - cut))
  for (const [at, byte] of edits) if (at < mutated.length) mutated[at] = byte
  return mutated
}

test('whatever arrives, it is checked and walked without harm', () => {
  fc.assert(
    fc.property(mutation, change => {
      const bytes = mutate(change)
      checkBatch(bytes)
      mayFail(() => [...iterateBatches(bytes)])
    }),
    { numRuns: 100_000 },
  )
})

/** A mutation found it: no bytes, and a count below zero, which a scan that only counts down takes for the end. */
test('a batch of no bytes that claims fewer than no records is refused', () => {
  for (const which of sound.keys()) {
    const batch = mutate({ which, edits: [[57, 128]], cut: (sound[which]?.length ?? 0) - 61 })
    batch.writeInt32BE(batch.length - batchPrefixBytes, 8)
    sealBatch(batch, 0)
    assert.notEqual(validateRecords(batch, 0, rules).errorCode, errorCodes.NONE)
  }
})

test('a whole batch with any content is judged, and what is accepted can be read', () => {
  fc.assert(
    fc.property(mutation, change => {
      const batch = mutate(change)
      if (batch.length < 61) return
      batch.writeInt32BE(batch.length - batchPrefixBytes, 8)
      batch.writeInt8(2, 16)
      sealBatch(batch, 0)
      assert.equal(checkBatch(batch), null)
      const { errorCode } = validateRecords(batch, 0, rules)
      assert.ok(verdicts.includes(errorCode), `${errorCode}`)
      const isReadable = mayFail(() =>
        decodeRecords(batch, 0, limit).map(record => mayFail(() => decodeControlRecord(record))),
      )
      assert.ok(isReadable || errorCode !== errorCodes.NONE)
      mayFail(() => findRecordByTimestamp(batch, 0, { timestamp: 1500 }))
      mayFail(() => findMaxTimestamp(batch, 0))
    }),
    { numRuns: 50_000 },
  )
})
