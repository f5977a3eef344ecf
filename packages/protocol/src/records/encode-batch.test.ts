import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compressionTypes } from '../compression/compression-type.ts'
import { checkBatch } from './batch.ts'
import { decodeRecords } from './decode-records.ts'
import { encodeBatch } from './encode-batch.ts'
import { RecordsError } from './records-error.ts'

const bytes = fc.uint8Array({ maxLength: 300 }).map(array => Buffer.from(array))
const record = fc.record({
  timestamp: fc.oneof(fc.constant(-1), fc.nat(), fc.integer({ min: 0, max: 2 ** 45 })),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.array(
    fc.record({ key: fc.string({ unit: 'grapheme' }), value: fc.option(bytes) }, { noNullPrototype: true }),
    { maxLength: 4 },
  ),
})

test('any records come back from a batch of any compression', () => {
  fc.assert(
    fc.property(
      fc.array(record, { minLength: 1, maxLength: 40 }),
      fc.constantFrom(...compressionTypes),
      fc.nat(2 ** 31 - 1),
      (records, compression, baseSequence) => {
        const batch = encodeBatch({
          records,
          compression,
          baseOffset: 1000,
          producerId: 7,
          producerEpoch: 0,
          baseSequence,
        })
        assert.equal(checkBatch(batch), null)
        const expected = records.map((input, index) => ({
          ...input,
          offset: 1000 + index,
          sequence: (baseSequence + index) % 2 ** 31,
        }))
        assert.deepEqual(decodeRecords(batch), expected)
      },
    ),
  )
})

test('strings are written as UTF-8, what is missing as null', () => {
  const [decoded] = decodeRecords(
    encodeBatch({ records: [{ timestamp: -1, key: 'schlüssel', headers: [{ key: 'é' }] }] }),
  )
  assert.equal(decoded?.key?.toString(), 'schlüssel')
  assert.equal(decoded?.value, null)
  assert.deepEqual(decoded?.headers, [{ key: 'é', value: null }])
})

test('an empty batch is refused', () => {
  assert.throws(() => encodeBatch({ records: [] }), /at least one record/)
})

test('a record count that the bytes cannot hold is refused before anything is reserved', () => {
  const batch = encodeBatch({ records: [{ timestamp: 0, value: 'x' }] })
  for (const count of [-1, 2, 0x7fffffff]) {
    batch.writeInt32BE(count, 57)
    assert.throws(() => decodeRecords(batch), RecordsError)
  }
})

test('a compressed batch is read up to the limit and not beyond', () => {
  const value = Buffer.alloc(100_000)
  for (const compression of compressionTypes.slice(1)) {
    const batch = encodeBatch({ records: [{ timestamp: 0, value }], compression })
    assert.equal(decodeRecords(batch, 0, { limitBytes: 100_100 })[0]?.value?.length, 100_000)
    assert.throws(() => decodeRecords(batch, 0, { limitBytes: 99_999 }), RecordsError)
  }
})
