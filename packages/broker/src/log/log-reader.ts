/** Reads of batches from a partition's files: what the tail cache no longer has. */
import { batchBytes, batchHeaderBytes, batchLastOffset } from '@odradek/protocol'
import type { Segment } from './segment.ts'
import type { Segments } from './segments.ts'

export interface FileReadOptions {
  readonly maxBytes: number
  readonly minOneBatch: boolean
  /** Nothing at or above it; above `offset`, and no more than the file is known to hold. */
  readonly endOffset: number
}

/** How far behind its index entry a batch lies at the most, as a rule. */
const indexSlackBytes = 16 * 1024

/** A batch in the file whose length cannot be. */
export class CorruptSegmentError extends Error {
  constructor(segment: Segment, position: number) {
    super(`${segment.path('log')} holds no batch at position ${position}`)
    this.name = 'CorruptSegmentError'
  }
}

/**
 * Whole batches from the one that holds `offset` on, or, where compaction left a gap, from the next one. One segment's at
 * the most. Rejects with DiskError or CorruptSegmentError.
 */
export async function readBatches(segments: Segments, offset: number, options: FileReadOptions): Promise<Buffer> {
  for (let index = Math.max(segments.floorIndex(offset), 0); index < segments.count; index++) {
    const segment = segments.all[index]
    if (segment === undefined || segment.baseOffset >= options.endOffset) break
    segment.pin()
    try {
      const batches = await readSegment(segment, offset, options)
      if (batches !== null) return batches
    } finally {
      segment.unpin()
    }
  }
  return nothing
}

/** Null when the segment has no batch at or above `offset`. */
async function readSegment(segment: Segment, offset: number, options: FileReadOptions): Promise<Buffer | null> {
  const file = segment.file()
  const size = segment.sizeBytes
  let position = segment.offsetIndex.lookup(offset)
  let wanted = Math.min(options.maxBytes + indexSlackBytes, size - position)
  while (wanted >= batchHeaderBytes) {
    // Its own memory: it is handed out, and nothing else may ever write into it.
    const bytes = Buffer.allocUnsafeSlow(wanted)
    const chunk = bytes.subarray(0, await file.read(bytes, position))
    const start = skipBelow(segment, chunk, position, offset)
    if (start + batchHeaderBytes > chunk.length) {
      // Everything here lies below: go on behind it. (A short read is the end of the file.)
      if (start === 0) return null
      position += start
      wanted = Math.min(Math.max(options.maxBytes, indexSlackBytes), size - position)
      continue
    }
    const end = endOfWhole(segment, chunk, position, start, options)
    if (end > start || batchLastOffset(chunk, start) < offset) return chunk.subarray(start, end)
    const firstBytes = batchBytes(chunk, start)
    const isCutOff = start + firstBytes > chunk.length
    if (!isCutOff || (firstBytes > options.maxBytes && !options.minOneBatch)) return nothing
    position += start
    wanted = Math.min(Math.max(firstBytes, options.maxBytes), size - position)
    if (wanted < firstBytes) throw new CorruptSegmentError(segment, position)
  }
  return null
}

/** Where the batch that holds `offset` starts in the chunk, or would start behind its end. */
function skipBelow(segment: Segment, chunk: Buffer, position: number, offset: number): number {
  let at = 0
  while (at + batchHeaderBytes <= chunk.length && batchLastOffset(chunk, at) < offset) {
    const bytes = batchBytes(chunk, at)
    if (bytes < batchHeaderBytes) throw new CorruptSegmentError(segment, position + at)
    at += bytes
  }
  return at
}

/** The end of the last whole batch that may be given out. */
function endOfWhole(
  segment: Segment,
  chunk: Buffer,
  position: number,
  start: number,
  { maxBytes, minOneBatch, endOffset }: FileReadOptions,
): number {
  let at = start
  while (at + batchHeaderBytes <= chunk.length) {
    const lastOffset = batchLastOffset(chunk, at)
    if (lastOffset >= endOffset) break
    const bytes = batchBytes(chunk, at)
    if (bytes < batchHeaderBytes) throw new CorruptSegmentError(segment, position + at)
    const next = at + bytes
    const isFirst = at === start
    if (next > chunk.length || (next - start > maxBytes && !(isFirst && minOneBatch))) break
    at = next
    // What lies behind the end may be half written.
    if (lastOffset + 1 >= endOffset) break
  }
  return at
}

const nothing = Buffer.alloc(0)
