// The file behind the local store: a header line, then entries one behind the other.
//
//   "ODRADEK METADATA 1\n" | length uint32 | crc32c uint32 of the text | text: one JournalRecord as JSON | length | ...
//
// Each entry is synced before the next is written. So after a crash only the last one can be torn: whatever is left of
// it is cut. A bad entry with a good one behind it is not a torn write but damage to what was committed: then the
// journal refuses to open, rather than to forget topics in silence.

import { type Disk, DiskError, type DiskFile } from '@odradek/platform'
import { crc32c } from '@odradek/protocol'
import { MetadataStoreError } from './metadata-store.ts'

export interface JournalRecord {
  readonly revision: number
  /**
   * Key, value (null: removed), lease, and the revision that wrote it where it is another than the record's. The first
   * record of a replaced journal holds the whole store like this.
   */
  readonly entries: readonly (readonly [
    key: string,
    value: string | null,
    leaseId?: string | null,
    revision?: number,
  ])[]
}

const header = Buffer.from('ODRADEK METADATA 1\n')
const entryHeaderBytes = 8
/** A journal is not replaced below this size. */
const shortJournalBytes = 1 << 20

export class Journal {
  readonly #disk: Disk
  readonly #path: string
  #file: DiskFile
  /** Where the next entry goes. */
  #end: number
  /** Of the record that the journal began with. */
  #firstRecordBytes: number
  #isSound = true

  private constructor(options: { disk: Disk; path: string; file: DiskFile; end: number; firstRecordBytes: number }) {
    this.#disk = options.disk
    this.#path = options.path
    this.#file = options.file
    this.#end = options.end
    this.#firstRecordBytes = options.firstRecordBytes
  }

  /** Reads all records of the journal at `path`, having cut a torn last one; begins it where there is none. */
  static async open(
    disk: Disk,
    path: string,
  ): Promise<{ journal: Journal; records: JournalRecord[]; cutBytes: number }> {
    disk.removeSync(replacementOf(path))
    const file = disk.openSync(path)
    const bytes = Buffer.allocUnsafe(file.size)
    const content = bytes.subarray(0, file.readSync(bytes, 0))
    const begun = content.subarray(0, header.length).equals(header)
    if (!begun && !header.subarray(0, content.length).equals(content) && content.some(byte => byte !== 0)) {
      throw new MetadataStoreError(`${path} is not a metadata journal of Odradek`)
    }
    const { records, end, firstRecordBytes } = begun
      ? readRecords(content, path)
      : { records: [], end: header.length, firstRecordBytes: 0 }
    if (content.length > end) file.truncateSync(end)
    if (!begun) file.writeSync([header], 0)
    // What was read may be in the page cache only, left there by a process that was killed before it had synced: it
    // counts as committed from now on, so it is made to last first.
    await file.sync()
    await disk.syncDirectory(directoryOf(path))
    const journal = new Journal({ disk, path, file, end, firstRecordBytes })
    return { journal, records, cutBytes: begun ? Math.max(0, content.length - end) : 0 }
  }

  /** False after a failure that may have left anything behind the last entry: the journal must be opened again. */
  get isSound(): boolean {
    return this.#isSound
  }

  /** Durable once resolved. Rejects with DiskError; where the journal `isSound` then, it is what it was before. */
  async append(record: JournalRecord): Promise<void> {
    const entry = encodeEntry(record)
    this.#isSound = false
    try {
      await this.#file.write([entry], this.#end)
    } catch (error) {
      // The disk is full, as a rule: what it did take is no entry, and no sync was asked for.
      this.#file.truncateSync(this.#end)
      this.#isSound = true
      throw error
    }
    await this.#file.sync()
    this.#end += entry.length
    this.#isSound = true
  }

  /** Mostly history: worth being replaced by one record of the present. */
  get isLong(): boolean {
    return this.#end > shortJournalBytes && this.#end > 4 * this.#firstRecordBytes
  }

  /**
   * Begins anew with one record, at no moment of which a crash loses anything. Where the disk does not take the replacement
   * the journal stays long. Rejects with DiskError; the journal is not sound then.
   */
  async replace(record: JournalRecord): Promise<void> {
    const entry = encodeEntry(record)
    if (!(await this.#writeReplacement(entry))) return
    this.#isSound = false
    this.#disk.renameSync(replacementOf(this.#path), this.#path)
    await this.#disk.syncDirectory(directoryOf(this.#path))
    this.#file.closeSync()
    this.#file = this.#disk.openSync(this.#path, { create: false })
    this.#end = header.length + entry.length
    this.#firstRecordBytes = entry.length
    this.#isSound = true
  }

  async #writeReplacement(entry: Buffer): Promise<boolean> {
    let replacement: DiskFile | null = null
    try {
      replacement = this.#disk.openSync(replacementOf(this.#path))
      await replacement.write([header, entry], 0)
      await replacement.sync()
      return true
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      this.#disk.removeSync(replacementOf(this.#path))
      return false
    } finally {
      replacement?.closeSync()
    }
  }

  close(): void {
    this.#file.closeSync()
  }
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

function replacementOf(path: string): string {
  return `${path}.new`
}

function encodeEntry(record: JournalRecord): Buffer {
  const text = JSON.stringify(record)
  const entry = Buffer.allocUnsafe(entryHeaderBytes + Buffer.byteLength(text))
  entry.write(text, entryHeaderBytes)
  entry.writeUInt32BE(entry.length - entryHeaderBytes, 0)
  entry.writeUInt32BE(crc32c(entry.subarray(entryHeaderBytes)), 4)
  return entry
}

function readRecords(
  content: Buffer,
  path: string,
): { records: JournalRecord[]; end: number; firstRecordBytes: number } {
  const records: JournalRecord[] = []
  let at = header.length
  for (let text = entryAt(content, at); text !== null; text = entryAt(content, at)) {
    records.push(JSON.parse(text.toString()))
    at += entryHeaderBytes + text.length
  }
  for (let later = at + 1; later < content.length; later++) {
    if (entryAt(content, later) === null) continue
    throw new MetadataStoreError(
      `${path} is damaged at byte ${at}, with sound entries behind it: restore the file from a copy`,
    )
  }
  const first = entryAt(content, header.length)
  return { records, end: at, firstRecordBytes: first === null ? 0 : entryHeaderBytes + first.length }
}

/** The text of the entry at a position, null where there is no whole, sound one. */
function entryAt(content: Buffer, at: number): Buffer | null {
  if (content.length - at <= entryHeaderBytes) return null
  const length = content.readUInt32BE(at)
  const end = at + entryHeaderBytes + length
  // Every record is JSON of an object: a cheap look before the checksum of what may be megabytes.
  if (length === 0 || end > content.length || content[at + entryHeaderBytes] !== 0x7b) return null
  const text = content.subarray(at + entryHeaderBytes, end)
  return crc32c(text) === content.readUInt32BE(at + 4) ? text : null
}
