/** Reads of batches from a partition's files: what the tail cache no longer has. */
import { batchBytes, batchHeaderBytes, batchLastOffset } from '@odradek/protocol'
import type { FileReader, WantedRead } from './file-reader.ts'
import type { LentMemory } from './memory-blocks.ts'
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

/** Batches in memory that is used again once it is released. */
export interface ReadBatches {
  readonly batches: Buffer
  readonly memory: LentMemory
}

/**
 * Whole batches from the one that holds `offset` on, or, where compaction left a gap, from the next one. One segment's at
 * the most. Null when there are none. A procedure for FileReader; throws DiskError or CorruptSegmentError.
 */
export function* readBatches(
  { segments, reader }: { segments: Segments; reader: FileReader },
  offset: number,
  options: FileReadOptions,
): Generator<WantedRead, ReadBatches | null, number> {
  let index = Math.max(segments.floorIndex(offset), 0)
  for (;;) {
    const segment = segments.all[index]
    if (segment === undefined || segment.baseOffset >= options.endOffset) return null
    // The list may be another one after the read: retention takes segments away, compaction puts one in the place of several.
    const nextOffset = segments.all[index + 1]?.baseOffset
    segment.pin()
    try {
      const found = yield* readSegment({ segment, reader }, offset, options)
      if (found === 'nothing') return null
      if (found !== 'next-segment') return found
    } finally {
      segment.unpin()
    }
    if (nextOffset === undefined) return null
    index = Math.max(segments.floorIndex(nextOffset), 0)
  }
}

function* readSegment(
  { segment, reader }: { segment: Segment; reader: FileReader },
  offset: number,
  options: FileReadOptions,
): Generator<WantedRead, ReadBatches | 'nothing' | 'next-segment', number> {
  const file = segment.file()
  const size = segment.sizeBytes
  const hint = segment.readHints.find(offset)
  const leastBytes = hint?.batchBytes ?? 0
  if (leastBytes > options.maxBytes && !options.minOneBatch) return 'nothing'
  let position = hint?.position ?? segment.offsetIndex.lookup(offset)
  const slackBytes = leastBytes > 0 ? 0 : indexSlackBytes
  let wanted = Math.min(Math.max(options.maxBytes, leastBytes) + slackBytes, size - position)
  while (wanted >= batchHeaderBytes) {
    const memory = reader.memory(wanted)
    const chunk = memory.bytes.subarray(0, yield { file, target: memory.bytes, position })
    const start = skipBelow(segment, chunk, position, offset)
    if (start + batchHeaderBytes > chunk.length) {
      memory.release()
      // Everything here lies below: go on behind it. (A short read is the end of the file.)
      if (start === 0) return 'next-segment'
      position += start
      wanted = Math.min(Math.max(options.maxBytes, indexSlackBytes), size - position)
      continue
    }
    const { end, nextOffset } = endOfWhole(segment, chunk, position, start, options)
    if (end > start) {
      // What lies behind the end of what readers may see can be half written.
      const knowsNext = nextOffset < options.endOffset && end + batchHeaderBytes <= chunk.length
      const nextBytes = knowsNext ? batchBytes(chunk, end) : 0
      segment.readHints.add({ offset: nextOffset, position: position + end, batchBytes: nextBytes })
      return { batches: chunk.subarray(start, end), memory }
    }
    const firstBytes = batchBytes(chunk, start)
    const isCutOff = start + firstBytes > chunk.length
    const isBelow = batchLastOffset(chunk, start) < offset
    memory.release()
    if (isBelow || !isCutOff || (firstBytes > options.maxBytes && !options.minOneBatch)) {
      if (!isBelow) segment.readHints.add({ offset, position: position + start, batchBytes: firstBytes })
      return 'nothing'
    }
    position += start
    wanted = Math.min(Math.max(firstBytes, options.maxBytes), size - position)
    if (wanted < firstBytes) throw new CorruptSegmentError(segment, position)
  }
  return 'next-segment'
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

/** The end of the last whole batch that may be given out, and the offset behind it. */
function endOfWhole(
  segment: Segment,
  chunk: Buffer,
  position: number,
  start: number,
  { maxBytes, minOneBatch, endOffset }: FileReadOptions,
): { end: number; nextOffset: number } {
  let at = start
  let nextOffset = -1
  while (at + batchHeaderBytes <= chunk.length) {
    const lastOffset = batchLastOffset(chunk, at)
    if (lastOffset >= endOffset) break
    const bytes = batchBytes(chunk, at)
    if (bytes < batchHeaderBytes) throw new CorruptSegmentError(segment, position + at)
    const next = at + bytes
    const isFirst = at === start
    if (next > chunk.length || (next - start > maxBytes && !(isFirst && minOneBatch))) break
    at = next
    nextOffset = lastOffset + 1
    // What lies behind the end may be half written.
    if (nextOffset >= endOffset) break
  }
  return { end: at, nextOffset }
}
