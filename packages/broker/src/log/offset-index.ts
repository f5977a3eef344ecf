import type { Disk } from '@odradek/platform'
import { EntryFile } from './entry-file.ts'

const entryBytes = 8

/**
 * Offsets to positions in a segment, sparse: `relative offset int32, position int32`, both rising strictly. An entry
 * names the last offset of a batch and where that batch starts.
 */
export class OffsetIndex {
  readonly file: EntryFile
  readonly #baseOffset: number

  constructor(disk: Disk, path: string, baseOffset: number) {
    this.file = new EntryFile(disk, path, entryBytes, isPadding)
    this.#baseOffset = baseOffset
  }

  get count(): number {
    return this.file.count
  }

  isFull(maxBytes: number): boolean {
    return this.file.count >= Math.floor(maxBytes / entryBytes)
  }

  /** Where to start looking for `offset`: the position of the entry at or below it, 0 without one. */
  lookup(offset: number): number {
    const slot = this.#slotAtOrBelow(offset - this.#baseOffset)
    return slot < 0 ? 0 : this.file.entries.readInt32BE(slot * entryBytes + 4)
  }

  /** The position of the last entry that points at or before `position`; 0 without one. */
  positionBefore(position: number): number {
    const entries = this.file.entries
    let low = -1
    let high = this.file.count - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (entries.readInt32BE(middle * entryBytes + 4) <= position) low = middle
      else high = middle - 1
    }
    return low < 0 ? 0 : entries.readInt32BE(low * entryBytes + 4)
  }

  /** The last entry's position; 0 without one. */
  get lastPosition(): number {
    const count = this.file.count
    return count === 0 ? 0 : this.file.entries.readInt32BE((count - 1) * entryBytes + 4)
  }

  /** The last entry's offset; the base offset without one. */
  get lastOffset(): number {
    const count = this.file.count
    return this.#baseOffset + (count === 0 ? 0 : this.file.entries.readInt32BE((count - 1) * entryBytes))
  }

  append(offset: number, position: number): void {
    const at = this.file.append()
    this.file.entries.writeInt32BE(offset - this.#baseOffset, at)
    this.file.entries.writeInt32BE(position, at + 4)
  }

  /** Only entries of offsets below `offset` stay. */
  truncateTo(offset: number): void {
    this.file.truncate(this.#slotAtOrBelow(offset - this.#baseOffset - 1) + 1)
  }

  #slotAtOrBelow(relativeOffset: number): number {
    const entries = this.file.entries
    let low = -1
    let high = this.file.count - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (entries.readInt32BE(middle * entryBytes) <= relativeOffset) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** No entry points at the first batch: the index interval has to be exceeded before there is one. */
function isPadding(entries: Buffer, at: number): boolean {
  return entries.readInt32BE(at + 4) === 0
}
