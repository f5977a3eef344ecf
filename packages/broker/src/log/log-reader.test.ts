import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DiskFile } from '@odradek/platform'
import { batchBaseOffset, encodeBatch, setBatchBaseOffset } from '@odradek/protocol'
import { FileReader, type WantedRead } from './file-reader.ts'
import { type ReadBatches, readBatches } from './log-reader.ts'
import { ReadHints } from './read-hints.ts'
import type { Segment } from './segment.ts'
import { Segments } from './segments.ts'

/** As much of a segment as a reader looks at: batches of one record each, at these offsets. */
function segmentOf(baseOffset: number, ...offsets: number[]): Segment {
  const bytes = Buffer.concat(
    offsets.map(offset => {
      const batch = encodeBatch({ records: [{ timestamp: 1, value: `${offset}` }] })
      setBatchBaseOffset(batch, 0, offset)
      return batch
    }),
  )
  const file = { read: (target: Buffer, position: number) => bytes.copy(target, 0, position) }
  const segment = {
    baseOffset,
    sizeBytes: bytes.length,
    readHints: new ReadHints(),
    offsetIndex: { lookup: () => 0 },
    file: () => file as unknown as DiskFile,
    pin() {},
    unpin() {},
  }
  return segment as unknown as Segment
}

function segmentsOf(...all: Segment[]): Segments {
  const segments = new Segments()
  for (const segment of all) segments.add(segment)
  return segments
}

/** Where the batches begin that a read finds, when `meanwhile` happens during its first look into a file. */
function read(segments: Segments, offset: number, meanwhile: () => void): number | undefined {
  const clock = { now: () => 0, monotonic: () => 0, after: () => ({ cancel() {} }), soon() {} }
  const reader = new FileReader(clock)
  const options = { maxBytes: 1000, minOneBatch: true, endOffset: 100 }
  const procedure = readBatches({ segments, reader }, offset, options)
  let step: IteratorResult<WantedRead, ReadBatches | null> = procedure.next()
  let isFirst = true
  while (!step.done) {
    const { file, target, position } = step.value
    const count = file.read(target, position) as unknown as number
    if (isFirst) meanwhile()
    isFirst = false
    step = procedure.next(count)
  }
  return step.value === null ? undefined : batchBaseOffset(step.value.batches, 0)
}

test('behind a gap at the end of a segment the next one is read', () => {
  assert.equal(
    read(segmentsOf(segmentOf(0, 0), segmentOf(2, 2), segmentOf(3, 3)), 1, () => {}),
    2,
  )
})

test('a read skips nothing when retention takes the segment away that it looks at', () => {
  const first = segmentOf(0, 0)
  const segments = segmentsOf(first, segmentOf(2, 2), segmentOf(3, 3))
  assert.equal(
    read(segments, 1, () => segments.remove([first])),
    2,
  )
})

test('a read skips nothing when compaction puts one segment in the place of two', () => {
  const [first, second] = [segmentOf(0, 0), segmentOf(2, 2)]
  const segments = segmentsOf(first, second, segmentOf(3, 3))
  assert.equal(
    read(segments, 1, () => segments.replace([first, second], [segmentOf(0, 0, 2)])),
    2,
  )
})

test('a read ends where there is nothing any more', () => {
  const only = segmentOf(0, 0)
  assert.equal(
    read(segmentsOf(only), 1, () => {}),
    undefined,
  )
})
