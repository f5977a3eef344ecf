import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryDisk } from '@odradek/platform'
import fc from 'fast-check'
import { OffsetIndex } from './offset-index.ts'
import { TimeIndex } from './time-index.ts'

function bytesOf(disk: ReturnType<typeof createMemoryDisk>, path: string): Buffer {
  const file = disk.openSync(path)
  const bytes = Buffer.alloc(file.size)
  file.readSync(bytes, 0)
  file.closeSync()
  return bytes
}

test('an offset index finds the entry at or below an offset', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 0, max: 5000 })),
      fc.integer({ min: 0, max: 6000 }),
      (offsets, wanted) => {
        offsets.sort((a, b) => a - b)
        const index = new OffsetIndex(createMemoryDisk(), '/i', 1000)
        for (const [n, offset] of offsets.entries()) index.append(1000 + offset, (n + 1) * 100)
        const below = offsets.filter(offset => offset <= wanted).length
        assert.equal(index.lookup(1000 + wanted), below * 100)
        index.truncateTo(1000 + wanted)
        assert.equal(index.count, offsets.filter(offset => offset < wanted).length)
      },
    ),
  )
})

test('a time index keeps rising timestamps only and finds the last entry up to a time', () => {
  const index = new TimeIndex(createMemoryDisk(), '/t', 100)
  index.maybeAppend(1_700_000_000_000, 105)
  index.maybeAppend(1_700_000_000_000, 109)
  index.maybeAppend(1_600_000_000_000, 112)
  index.maybeAppend(1_700_000_000_500, 120)
  assert.equal(index.file.count, 2)
  assert.deepEqual(index.lookup(1_699_999_999_999), { timestamp: -1, offset: 100 })
  assert.deepEqual(index.lookup(1_700_000_000_499), { timestamp: 1_700_000_000_000, offset: 105 })
  assert.deepEqual(index.lastEntry, { timestamp: 1_700_000_000_500, offset: 120 })
  index.truncateTo(120)
  assert.deepEqual(index.lastEntry, { timestamp: 1_700_000_000_000, offset: 105 })
})

test("entries have Kafka's layout, and come back from the file", () => {
  const disk = createMemoryDisk()
  const index = new OffsetIndex(disk, '/i', 10)
  index.append(15, 4200)
  index.file.persist()
  index.append(17, 8400)
  index.file.persist()
  assert.equal(bytesOf(disk, '/i').toString('hex'), '000000050000106800000007000020d0')
  const time = new TimeIndex(disk, '/t', 10)
  time.maybeAppend(1_700_000_000_000, 15)
  time.file.persist()
  assert.equal(bytesOf(disk, '/t').toString('hex'), '0000018bcfe5680000000005')
  const again = new OffsetIndex(disk, '/i', 10)
  assert.equal(again.lookup(16), 4200)
  assert.equal(again.lastOffset, 17)
  assert.deepEqual(new TimeIndex(disk, '/t', 10).lastEntry, { timestamp: 1_700_000_000_000, offset: 15 })
})

test('zeroes at the end, as Kafka preallocates them, are no entries and go with the next writing', () => {
  const disk = createMemoryDisk()
  const file = disk.openSync('/i')
  const entries = Buffer.alloc(1000)
  entries.writeInt32BE(3, 0)
  entries.writeInt32BE(5000, 4)
  file.writeSync([entries], 0)
  const index = new OffsetIndex(disk, '/i', 0)
  assert.equal(index.count, 1)
  index.append(9, 9999)
  index.file.persist()
  assert.equal(bytesOf(disk, '/i').length, 16)
})

test('memory that was given back is read again, and truncation reaches the file', () => {
  const disk = createMemoryDisk()
  const index = new OffsetIndex(disk, '/i', 0)
  for (let n = 1; n <= 100; n++) index.append(n, n * 10)
  index.file.persist()
  index.file.release()
  assert.equal(index.lookup(50), 500)
  index.truncateTo(10)
  index.file.persist()
  assert.equal(bytesOf(disk, '/i').length, 9 * 8)
})

test('the file of a new index comes with the first writing, empty or not, and leftovers count for nothing', () => {
  const disk = createMemoryDisk()
  const stale = disk.openSync('/i')
  stale.writeSync([Buffer.alloc(80, 1)], 0)
  const index = new OffsetIndex(disk, '/i', 0)
  index.file.create()
  assert.equal(disk.statSync('/i'), null)
  assert.equal(index.count, 0)
  index.file.persist()
  assert.equal(disk.statSync('/i')?.size, 0)
  const again = new OffsetIndex(disk, '/missing', 0)
  assert.equal(again.lookup(1), 0)
  again.file.persist()
  assert.equal(disk.statSync('/missing')?.size, 0)
})
