import type { Disk } from '@odradek/platform'

/**
 * Entries of one size in memory, backed by a file: what both indexes of a segment are made of.
 *
 * The file is read on first use. New entries stay in memory until `persist` writes them, so that an append costs no
 * extra write: after a crash the indexes of the last segments are made anew from the log in any case. Kafka
 * preallocates the files of a segment in use with zeroes; such padding is left out when reading.
 */
export class EntryFile {
  readonly #disk: Disk
  readonly #entryBytes: number
  readonly #isPadding: (entries: Buffer, at: number) => boolean
  path: string
  #entries: Buffer | null = null
  #count = 0
  /** Entries that the file has. */
  #persistedCount = 0
  /** The file is missing, or longer than the entries in it. */
  #isUnlike = false
  /** How often the file was changed, and up to which change it is on the disk for good. */
  #changes = 0
  #syncedChanges = 0

  constructor(disk: Disk, path: string, entryBytes: number, isPadding: (entries: Buffer, at: number) => boolean) {
    this.#disk = disk
    this.path = path
    this.#entryBytes = entryBytes
    this.#isPadding = isPadding
  }

  /**
   * For a new segment; what may be there counts for nothing. The file comes with the first `persist`: making files is what a
   * new partition costs, and most of these would stay empty for long.
   */
  create(): void {
    if ((this.#disk.statSync(this.path)?.size ?? 0) > 0) this.#disk.removeSync(this.path)
    this.clear()
  }

  get count(): number {
    this.#load()
    return this.#count
  }

  /** Entry n starts at n * entryBytes. Valid until the next append. */
  get entries(): Buffer {
    return this.#load()
  }

  /** Where the new entry has to be written in `entries`. */
  append(): number {
    let entries = this.#load()
    const at = this.#count * this.#entryBytes
    if (at + this.#entryBytes > entries.length) {
      entries = Buffer.alloc(Math.max(16 * this.#entryBytes, entries.length * 2))
      this.#load().copy(entries)
      this.#entries = entries
    }
    this.#count++
    return at
  }

  /** Keeps the first `count` entries. */
  truncate(count: number): void {
    this.#load()
    if (count >= this.#count) return
    this.#count = count
    if (this.#persistedCount > count) {
      this.#persistedCount = count
      this.#isUnlike = true
    }
  }

  /** Forgets all entries without reading them. */
  clear(): void {
    this.#entries = Buffer.alloc(0)
    this.#count = 0
    this.#persistedCount = 0
    this.#isUnlike = true
  }

  /** The file holds exactly the entries then; not yet synced. Throws DiskError. */
  persist(): void {
    const entries = this.#entries
    if (entries === null || (this.#persistedCount === this.#count && !this.#isUnlike)) return
    const from = this.#persistedCount * this.#entryBytes
    const to = this.#count * this.#entryBytes
    const file = this.#disk.openSync(this.path)
    try {
      if (to > from || file.size > to) this.#changes++
      if (to > from) file.writeSync([entries.subarray(from, to)], from)
      if (file.size > to) file.truncateSync(to)
    } finally {
      file.closeSync()
    }
    this.#persistedCount = this.#count
    this.#isUnlike = false
  }

  /** What was persisted is on the disk for good then. Rejects with DiskError. */
  async sync(): Promise<void> {
    const changes = this.#changes
    if (this.#syncedChanges === changes) return
    const file = this.#disk.openSync(this.path, { create: false })
    try {
      await file.sync()
      this.#syncedChanges = changes
    } finally {
      file.closeSync()
    }
  }

  /** Gives the memory back; the next use reads the file again. */
  release(): void {
    if (this.#persistedCount === this.#count && !this.#isUnlike) this.#entries = null
  }

  #load(): Buffer {
    if (this.#entries !== null) return this.#entries
    if (this.#disk.statSync(this.path) === null) {
      this.#entries = Buffer.alloc(0)
      this.#isUnlike = true
      return this.#entries
    }
    const file = this.#disk.openSync(this.path, { create: false })
    try {
      const entries = Buffer.alloc(file.size)
      file.readSync(entries, 0)
      this.#entries = entries
      this.#count = this.#countEntries(entries)
      this.#persistedCount = this.#count
      this.#isUnlike = file.size > this.#count * this.#entryBytes
      return entries
    } finally {
      file.closeSync()
    }
  }

  /** Padding stands only at the end, so a binary search finds where it begins. */
  #countEntries(entries: Buffer): number {
    let low = 0
    let high = Math.floor(entries.length / this.#entryBytes)
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#isPadding(entries, middle * this.#entryBytes)) high = middle
      else low = middle + 1
    }
    return low
  }
}
