/** Walking batches in a file and in memory by their headers alone. */
import type { DiskFile } from '@odradek/platform'
import { batchBytes, batchHeaderBytes, batchLastOffset } from '@odradek/protocol'

/** The header of the batch at `position`; null where the file holds no whole header. Throws DiskError. */
export function readBatchHeader(file: DiskFile, position: number): Buffer | null {
  const header = Buffer.allocUnsafe(batchHeaderBytes)
  return file.readSync(header, position) === batchHeaderBytes ? header : null
}

/** Header and position of each batch in `file[from, to)`, by small reads: for the short way from an index entry. */
export function* scanHeaders(
  file: DiskFile,
  from: number,
  to: number,
): Generator<{ readonly header: Buffer; readonly at: number; readonly position: number; readonly bytes: number }> {
  const window = Buffer.allocUnsafe(8192)
  let windowStart = from
  let windowEnd = from
  let position = from
  while (position + batchHeaderBytes <= to) {
    if (position < windowStart || position + batchHeaderBytes > windowEnd) {
      const wanted = Math.min(window.length, to - position)
      const count = file.readSync(wanted < window.length ? window.subarray(0, wanted) : window, position)
      windowStart = position
      windowEnd = position + count
      if (count < batchHeaderBytes) return
    }
    const at = position - windowStart
    const bytes = batchBytes(window, at)
    if (bytes < batchHeaderBytes) return
    yield { header: window, at, position, bytes }
    position += bytes
  }
}

/**
 * Where in `chunk[start, end)`, whole batches throughout, the batch that holds `offset` (or the first one behind it)
 * begins; `end` if all are below.
 */
export function findBatch(chunk: Buffer, start: number, end: number, offset: number): number {
  let at = start
  while (at < end && batchLastOffset(chunk, at) < offset) at += batchBytes(chunk, at)
  return at
}
