import type { Disk } from '@odradek/platform'
import { EntryFile } from './entry-file.ts'

const entryBytes = 12

export interface TimeIndexEntry {
  readonly timestamp: number
  readonly offset: number
}

/**
 * Timestamps to offsets in a segment, sparse: `timestamp int64, relative offset int32`, timestamps rising strictly. An
 * entry says that no record up to this one is younger than its timestamp; its offset is the last one of the batch that
 * holds the maximum. Entries come with those of the offset index, and one with the segment's maximum when it closes.
 */
export class TimeIndex {
  readonly file: EntryFile
  readonly #baseOffset: number

  constructor(disk: Disk, path: string, baseOffset: number) {
    this.file = new EntryFile(disk, path, entryBytes, isPadding)
    this.#baseOffset = baseOffset
  }

  /** One entry is kept free for the maximum at close. */
  isFull(maxBytes: number): boolean {
    return this.file.count >= Math.floor(maxBytes / entryBytes) - 1
  }

  /** Timestamp -1 and the base offset without an entry. */
  get lastEntry(): TimeIndexEntry {
    return this.#entry(this.file.count - 1)
  }

  /** The last entry whose timestamp is at most `timestamp`. */
  lookup(timestamp: number): TimeIndexEntry {
    let low = -1
    let high = this.file.count - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (readTimestamp(this.file.entries, middle * entryBytes) <= timestamp) low = middle
      else high = middle - 1
    }
    return this.#entry(low)
  }

  /** Does nothing unless `timestamp` is above the last entry's. */
  maybeAppend(timestamp: number, offset: number): void {
    if (timestamp <= this.lastEntry.timestamp) return
    const at = this.file.append()
    const entries = this.file.entries
    const high = Math.floor(timestamp / 0x1_0000_0000)
    entries.writeInt32BE(high, at)
    entries.writeUInt32BE(timestamp - high * 0x1_0000_0000, at + 4)
    entries.writeInt32BE(offset - this.#baseOffset, at + 8)
  }

  /** Only entries of offsets below `offset` stay; offsets rise with timestamps. */
  truncateTo(offset: number): void {
    let count = this.file.count
    while (count > 0 && this.#entry(count - 1).offset >= offset) count--
    this.file.truncate(count)
  }

  #entry(slot: number): TimeIndexEntry {
    if (slot < 0) return { timestamp: -1, offset: this.#baseOffset }
    const at = slot * entryBytes
    return {
      timestamp: readTimestamp(this.file.entries, at),
      offset: this.#baseOffset + this.file.entries.readInt32BE(at + 8),
    }
  }
}

function readTimestamp(entries: Buffer, at: number): number {
  return entries.readInt32BE(at) * 0x1_0000_0000 + entries.readUInt32BE(at + 4)
}

/** A record of 1 January 1970 at offset 0 is padding to us as it is to nobody else: its entry is worth nothing. */
function isPadding(entries: Buffer, at: number): boolean {
  return readTimestamp(entries, at) === 0 && entries.readInt32BE(at + 8) === 0
}
