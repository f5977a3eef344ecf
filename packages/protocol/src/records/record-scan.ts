/** Walks a batch's records without making one: what a leader has to know of each record, and no more. */
import { VarintReader } from './varint.ts'

const noBytes = Buffer.alloc(0)

/**
 * The scan of one batch after another. It is one object with a life, so that ten thousand records cost no allocation:
 * `scan` overwrites what it found before.
 */
export class RecordScan {
  /** The newest timestamp of a record, whose type is CreateTime; -1 if none has one. */
  maxTimestamp = -1
  /** The offset delta of the first record that has it. */
  maxTimestampOffsetDelta = 0
  /** The oldest timestamp but -1; Infinity if none has one. */
  minTimestamp = Number.POSITIVE_INFINITY
  /** Records without a key. */
  nullKeys = 0
  /** Whether the offset deltas are 0, 1, 2 and so on. */
  isConsecutive = true
  /** What the last scan tripped over. */
  problem: string | null = null
  readonly #reader = new VarintReader(noBytes)

  /**
   * Reads `count` records that fill `bytes[start, end)` exactly.
   * @returns false if they do not; then `problem` says why
   */
  scan(bytes: Uint8Array, range: ScanRange): boolean {
    this.#reader.bytes = bytes
    this.#reader.broken = false
    const isSound = this.#walk(range)
    // The scan outlives the bytes by far and must not keep them.
    this.#reader.bytes = noBytes
    return isSound
  }

  #walk({ start, end, count, baseTimestamp }: ScanRange): boolean {
    const reader = this.#reader
    let maxTimestamp = -1
    let maxTimestampOffsetDelta = 0
    let minTimestamp = Number.POSITIVE_INFINITY
    let nullKeys = 0
    let isConsecutive = true
    let at = start

    for (let index = 0; index < count; index++) {
      reader.position = at
      reader.end = end
      const length = reader.varint()
      const recordEnd = reader.position + length
      if (reader.broken || length < 0 || recordEnd > end) return this.#fail(index, 'is longer than its batch')

      reader.end = recordEnd
      reader.position++ // attributes: none is defined
      const timestamp = baseTimestamp + reader.varlong()
      if (timestamp < minTimestamp && timestamp !== -1) minTimestamp = timestamp
      const offsetDelta = reader.varint()
      if (offsetDelta !== index) isConsecutive = false
      if (timestamp > maxTimestamp) {
        maxTimestamp = timestamp
        maxTimestampOffsetDelta = offsetDelta
      }
      const keyBytes = reader.varint()
      if (keyBytes < 0) nullKeys++
      else reader.position += keyBytes
      const valueBytes = reader.varint()
      if (valueBytes > 0) reader.position += valueBytes
      const headers = reader.varint()
      if (headers !== 0) this.#skipHeaders(headers)
      if (reader.broken || reader.position !== recordEnd)
        return this.#fail(index, 'has fields that do not fill its length')
      at = recordEnd
    }
    if (at !== end) return this.#fail(count, 'stands behind the last that the batch counts')

    this.maxTimestamp = maxTimestamp
    this.maxTimestampOffsetDelta = maxTimestampOffsetDelta
    this.minTimestamp = minTimestamp
    this.nullKeys = nullKeys
    this.isConsecutive = isConsecutive
    this.problem = null
    return true
  }

  #skipHeaders(count: number): void {
    const reader = this.#reader
    if (count < 0 || count > reader.end - reader.position) {
      reader.broken = true
      return
    }
    for (let index = 0; index < count && !reader.broken; index++) {
      const keyBytes = reader.varint()
      if (keyBytes < 0) reader.broken = true
      reader.position += keyBytes
      const valueBytes = reader.varint()
      if (valueBytes > 0) reader.position += valueBytes
    }
  }

  #fail(index: number, what: string): false {
    this.problem = `record ${index} ${what}`
    return false
  }
}

export interface ScanRange {
  readonly start: number
  readonly end: number
  readonly count: number
  readonly baseTimestamp: number
}
