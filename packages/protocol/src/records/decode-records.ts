/** Records as values: for consumers, coordinators that load their log, tools and tests. The produce path scans instead. */
import { decompress } from '../compression/compression.ts'
import type { ResultMemory } from '../compression/join-chunks.ts'
import {
  batchBaseOffset,
  batchBaseSequence,
  batchBaseTimestamp,
  batchBytes,
  batchCompression,
  batchHeaderBytes,
  batchMaxTimestamp,
  batchRecordCount,
  batchTimestampType,
  incrementSequence,
} from './batch.ts'
import { RecordsError } from './records-error.ts'
import { VarintReader } from './varint.ts'

export interface DecodedHeader {
  readonly key: string
  readonly value: Buffer | null
}

export interface DecodedRecord {
  readonly offset: number
  /** Milliseconds since 1970; -1 for none. With LogAppendTime the batch's. */
  readonly timestamp: number
  /** -1 for none. */
  readonly sequence: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly DecodedHeader[]
}

/** The most that a compressed batch may become: far above what producers build, far below what hurts a process. */
export const defaultDecompressedBytesMax = 256 * 1024 * 1024

const noHeaders: readonly DecodedHeader[] = []

/**
 * All records of the batch at `at`, which `checkBatch` has found whole. Keys and values of an uncompressed batch are
 * views into `buffer`.
 * @throws RecordsError when a record does not end where it says, or the compressed bytes are corrupt or grow beyond `limitBytes`
 */
export function decodeRecords(
  buffer: Buffer,
  at = 0,
  { limitBytes = defaultDecompressedBytesMax }: { limitBytes?: number } = {},
): DecodedRecord[] {
  const count = batchRecordCount(buffer, at)
  if (count === 0) return []
  const bytes = batchRecordsBytes(buffer, at, { limitBytes })
  // The least record has 7 bytes; so a count from outside cannot make us reserve more than the bytes justify.
  if (count < 0 || count > bytes.length / 7) {
    throw new RecordsError(`a batch of ${bytes.length} bytes that claims ${count} records`, { position: at })
  }
  const decoder = new RecordDecoder(buffer, at, bytes)
  const records = new Array<DecodedRecord>(count)
  for (let index = 0; index < count; index++) records[index] = decoder.next()
  decoder.finish()
  return records
}

/**
 * The records' bytes of the batch at `at`, decompressed: a view into `buffer` if they were not compressed.
 * With `memory: 'shared'` they are valid only until the next batch is decompressed like that.
 * @throws RecordsError when the compression is unknown, its bytes are corrupt, or they grow beyond `limitBytes`
 */
export function batchRecordsBytes(
  buffer: Buffer,
  at = 0,
  { limitBytes = defaultDecompressedBytesMax, memory = 'own' }: { limitBytes?: number; memory?: ResultMemory } = {},
): Buffer {
  const bytes = buffer.subarray(at + batchHeaderBytes, at + batchBytes(buffer, at))
  const compression = batchCompression(buffer, at)
  if (compression === 'none') return bytes
  if (compression === null) throw new RecordsError('a batch with an unknown compression', { position: at })
  try {
    return decompress(compression, bytes, limitBytes, memory)
  } catch (cause) {
    throw new RecordsError(`a batch whose ${compression} bytes cannot be read`, { position: at, cause })
  }
}

class RecordDecoder {
  readonly #position: number
  readonly #bytes: Buffer
  readonly #reader: VarintReader
  readonly #baseOffset: number
  readonly #baseTimestamp: number
  readonly #baseSequence: number
  readonly #logAppendTime: number | null

  constructor(buffer: Buffer, at: number, bytes: Buffer) {
    this.#position = at
    this.#bytes = bytes
    this.#reader = new VarintReader(bytes)
    this.#baseOffset = batchBaseOffset(buffer, at)
    this.#baseTimestamp = batchBaseTimestamp(buffer, at)
    this.#baseSequence = batchBaseSequence(buffer, at)
    this.#logAppendTime = batchTimestampType(buffer, at) === 'LogAppendTime' ? batchMaxTimestamp(buffer, at) : null
  }

  next(): DecodedRecord {
    const reader = this.#reader
    reader.end = this.#bytes.length
    const length = reader.varint()
    const end = reader.position + length
    if (reader.broken || length < 0 || end > this.#bytes.length) throw this.#broken('a length beyond its batch')
    reader.end = end
    reader.position++ // attributes: none is defined
    const timestampDelta = reader.varlong()
    const offsetDelta = reader.varint()
    const key = this.#nullableBytes()
    const value = this.#nullableBytes()
    const headers = this.#headers()
    if (reader.broken || reader.position !== end) throw this.#broken('fields that do not fill its length')
    return {
      offset: this.#baseOffset + offsetDelta,
      timestamp: this.#logAppendTime ?? this.#baseTimestamp + timestampDelta,
      sequence: this.#baseSequence < 0 ? -1 : incrementSequence(this.#baseSequence, offsetDelta),
      key,
      value,
      headers,
    }
  }

  finish(): void {
    if (this.#reader.position !== this.#bytes.length) throw this.#broken('bytes behind the last record')
  }

  #nullableBytes(): Buffer | null {
    const reader = this.#reader
    const length = reader.varint()
    if (length < 0) return null
    const start = reader.position
    if (length > reader.end - start) throw this.#broken('a field beyond its end')
    reader.position = start + length
    return this.#bytes.subarray(start, start + length)
  }

  #headers(): readonly DecodedHeader[] {
    const reader = this.#reader
    const count = reader.varint()
    if (count === 0) return noHeaders
    if (count < 0 || count > reader.end - reader.position) throw this.#broken('an impossible count of headers')
    const headers: DecodedHeader[] = []
    for (let index = 0; index < count; index++) {
      const key = this.#nullableBytes()
      if (key === null || reader.broken) throw this.#broken('a header without a key')
      headers.push({ key: key.toString('utf8'), value: this.#nullableBytes() })
    }
    return headers
  }

  #broken(what: string): RecordsError {
    return new RecordsError(`a record with ${what}`, { position: this.#position })
  }
}
