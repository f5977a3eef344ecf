import { batchBytes, batchLastOffset } from '@odradek/protocol'
import { findBatch } from './batch-scan.ts'

/** Whole batches in memory, one behind the other. */
interface CachedChunk {
  readonly owner: PartitionTail
  readonly baseOffset: number
  nextOffset: number
  /** Filled up to `length`; the bytes below it never change again. */
  readonly buffer: Buffer
  length: number
  /** The offset that was read from last, and where its batch begins: mostly the same reader goes on from there, or another one nearby. */
  readOffset: number
  readAt: number
}

const smallestBlockBytes = 4096
const largestBlockBytes = 65_536
/** A reader that has not come back for so many bytes is gone, or will not catch up from here. */
const unreadBytesMax = 1024 * 1024

/**
 * The newest batches of all partitions, for readers near the end: bounded in bytes over the whole broker, the oldest go
 * first whichever partition they are of.
 *
 * A batch that owns most of the memory it lies in is kept as it is. A small one, which would hold on to a whole network
 * buffer, is copied into its partition's current block: some hundred bytes copied once, and readers get few, long chunks.
 * A partition that nobody reads the end of keeps none: its producer would only bring about collections.
 *
 * Large ones are not kept: the page cache has them, and reading them there costs less than the collections that keeping so
 * much memory for a while brings about; their memory belongs to the next request.
 */
export class TailCache {
  readonly #bytesMax: number
  #bytes = 0
  /** Oldest first; those before `#head` are gone. */
  #chunks: (CachedChunk | null)[] = []
  #head = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  partition(): PartitionTail {
    return new PartitionTail(this)
  }

  /** For PartitionTail: a chunk that it has just begun. */
  add(chunk: CachedChunk): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.buffer.length
    while (this.#bytes > this.#bytesMax && this.#head < this.#chunks.length) this.#dropOldest()
  }

  /** For PartitionTail: it no longer wants its chunks. */
  forget(owner: PartitionTail): void {
    const kept: (CachedChunk | null)[] = []
    for (let index = this.#head; index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index]
      if (chunk === null || chunk === undefined) continue
      if (chunk.owner === owner) this.#bytes -= chunk.buffer.length
      else kept.push(chunk)
    }
    this.#chunks = kept
    this.#head = 0
  }

  #dropOldest(): void {
    const chunk = this.#chunks[this.#head]
    this.#chunks[this.#head++] = null
    if (this.#head > 1024 && this.#head * 2 > this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#head)
      this.#head = 0
    }
    if (chunk === null || chunk === undefined) return
    this.#bytes -= chunk.buffer.length
    chunk.owner.dropFirst()
  }
}

/** One partition's part of the cache. Its chunks join without a gap: the newest ends at the log's end. */
export class PartitionTail {
  readonly #cache: TailCache
  #chunks: CachedChunk[] = []
  #blockBytes = smallestBlockBytes
  /** Appended since somebody last read here. */
  #unreadBytes = Number.POSITIVE_INFINITY

  constructor(cache: TailCache) {
    this.#cache = cache
  }

  /** The first offset that is here; Infinity when empty. */
  get baseOffset(): number {
    return this.#chunks[0]?.baseOffset ?? Number.POSITIVE_INFINITY
  }

  /** Somebody has read up to the log's end and will want what comes. */
  readerIsHere(): void {
    this.#unreadBytes = 0
  }

  /** A batch that has been written. Offsets must follow on those before. */
  append(batch: Buffer, baseOffset: number, nextOffset: number): void {
    this.#unreadBytes += batch.length
    if (batch.length >= largestBlockBytes || this.#unreadBytes > unreadBytesMax) {
      // What is here must end at the log's end.
      if (this.#chunks.length > 0) this.clear()
      return
    }
    if (batch.length * 2 >= batch.buffer.byteLength) {
      this.#begin(batch, batch.length, baseOffset, nextOffset)
      return
    }
    const last = this.#chunks.at(-1)
    if (last !== undefined && last.length + batch.length <= last.buffer.length) {
      batch.copy(last.buffer, last.length)
      last.length += batch.length
      last.nextOffset = nextOffset
      return
    }
    // Not from Node's shared pool: a block lives long, and would keep its neighbours alive.
    const block = Buffer.allocUnsafeSlow(Math.max(this.#blockBytes, batch.length))
    this.#blockBytes = Math.min(this.#blockBytes * 2, largestBlockBytes)
    batch.copy(block, 0)
    this.#begin(block, batch.length, baseOffset, nextOffset)
  }

  #begin(buffer: Buffer, length: number, baseOffset: number, nextOffset: number): void {
    const chunk = { owner: this, baseOffset, nextOffset, buffer, length, readOffset: baseOffset, readAt: 0 }
    this.#chunks.push(chunk)
    this.#cache.add(chunk)
  }

  /**
   * Whole batches from the one that holds `offset` on, all of them below `endOffset`, of at most `maxBytes` (the first
   * one in any case if `minOneBatch`). Null when `offset` is older than what is here.
   */
  read(
    offset: number,
    { endOffset, maxBytes, minOneBatch }: { endOffset: number; maxBytes: number; minOneBatch: boolean },
  ): { chunks: Buffer[]; byteLength: number } | null {
    if (offset < this.baseOffset) return null
    this.#unreadBytes = 0
    const chunks: Buffer[] = []
    let byteLength = 0
    for (let index = this.#find(offset); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index] as CachedChunk
      if (chunk.baseOffset >= endOffset) break
      const start = chunk.baseOffset >= offset ? 0 : startIn(chunk, offset)
      const wanted = chunk.length - start
      if (chunk.nextOffset <= endOffset && byteLength + wanted <= maxBytes) {
        chunks.push(
          start === 0 && wanted === chunk.buffer.length ? chunk.buffer : chunk.buffer.subarray(start, chunk.length),
        )
        byteLength += wanted
        continue
      }
      const end = this.#cut(chunk, start, endOffset, maxBytes - byteLength, minOneBatch && byteLength === 0)
      if (end > start) {
        chunks.push(chunk.buffer.subarray(start, end))
        byteLength += end - start
      }
      break
    }
    return { chunks, byteLength }
  }

  /** The last chunk that begins at or below `offset`. */
  #find(offset: number): number {
    let low = 0
    let high = this.#chunks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#chunks[middle] as CachedChunk).baseOffset <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  #cut(chunk: CachedChunk, start: number, endOffset: number, maxBytes: number, minOneBatch: boolean): number {
    let at = start
    while (at < chunk.length && batchLastOffset(chunk.buffer, at) < endOffset) {
      const next = at + batchBytes(chunk.buffer, at)
      if (next - start > maxBytes && !(minOneBatch && at === start)) break
      at = next
    }
    return at
  }

  /** For TailCache. */
  dropFirst(): void {
    this.#chunks.shift()
  }

  clear(): void {
    this.#chunks = []
    this.#blockBytes = smallestBlockBytes
    this.#cache.forget(this)
  }
}

/** Where the batch begins that holds the offset; the chunk's end where all are below. */
function startIn(chunk: CachedChunk, offset: number): number {
  const { buffer, length, readOffset, readAt } = chunk
  chunk.readAt = findBatch(buffer, offset >= readOffset ? readAt : 0, length, offset)
  chunk.readOffset = offset
  return chunk.readAt
}
