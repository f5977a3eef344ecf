import type { Disk } from '@odradek/platform'
import type { ProducerEntry } from '../core/partition/producer-state.ts'
import { segmentFileName } from './file-names.ts'
import { decodeProducerSnapshot, encodeProducerSnapshot } from './producer-snapshot.ts'

/**
 * The producer snapshots of a partition: one at the base offset of each segment, and one at the log end after a stop.
 * They spare a scan: a missing one costs time. It costs more only where the batches are gone that it tells of, which is why
 * retention calls `syncNow` before it deletes any.
 */
export class ProducerSnapshots {
  readonly #disk: Disk
  #directory: string
  /** Rising. */
  #offsets: number[]
  readonly #unsynced = new Set<number>()

  constructor(disk: Disk, directory: string, offsets: readonly number[]) {
    this.#disk = disk
    this.#directory = directory
    this.#offsets = [...offsets].sort((a, b) => a - b)
  }

  get offsets(): readonly number[] {
    return this.#offsets
  }

  path(offset: number): string {
    return `${this.#directory}/${segmentFileName(offset, 'snapshot')}`
  }

  /** Its directory has been renamed. */
  moveTo(directory: string): void {
    this.#directory = directory
  }

  /** Not synced yet: see `sync`. Throws DiskError. */
  write(offset: number, producers: Iterable<ProducerEntry>): void {
    const file = this.#disk.openSync(this.path(offset))
    try {
      const bytes = encodeProducerSnapshot(producers)
      file.writeSync([bytes], 0)
      if (file.size > bytes.length) file.truncateSync(bytes.length)
    } finally {
      file.closeSync()
    }
    this.#unsynced.add(offset)
    if (!this.#offsets.includes(offset)) this.#offsets = [...this.#offsets, offset].sort((a, b) => a - b)
  }

  /** The newest readable one at or below `offset`; those that cannot be read are removed. */
  load(offset: number): { offset: number; producers: ProducerEntry[] } | null {
    for (const candidate of this.#offsets.toReversed()) {
      if (candidate > offset) continue
      const producers = this.#read(candidate)
      if (producers !== null) return { offset: candidate, producers }
      this.remove(candidate)
    }
    return null
  }

  #read(offset: number): ProducerEntry[] | null {
    const file = this.#disk.openSync(this.path(offset), { create: false })
    try {
      const bytes = Buffer.alloc(file.size)
      return decodeProducerSnapshot(bytes.subarray(0, file.readSync(bytes, 0)))
    } finally {
      file.closeSync()
    }
  }

  async sync(): Promise<void> {
    for (const offset of [...this.#unsynced]) {
      if (this.#offsets.includes(offset)) {
        const file = this.#disk.openSync(this.path(offset))
        try {
          await file.sync()
        } finally {
          file.closeSync()
        }
      }
      this.#unsynced.delete(offset)
    }
  }

  /** As `sync`, with the names, and before it returns. Nothing where all is synced. Throws DiskError. */
  syncNow(): void {
    if (this.#unsynced.size === 0) return
    for (const offset of this.#unsynced) {
      if (!this.#offsets.includes(offset)) continue
      const file = this.#disk.openSync(this.path(offset))
      try {
        file.syncSync()
      } finally {
        file.closeSync()
      }
    }
    this.#disk.syncDirectorySync(this.#directory)
    this.#unsynced.clear()
  }

  /** No longer counted; the file is the caller's. True if there was one. */
  forget(offset: number): boolean {
    const before = this.#offsets.length
    this.#offsets = this.#offsets.filter(other => other !== offset)
    return this.#offsets.length < before
  }

  remove(offset: number): void {
    if (this.forget(offset)) this.#disk.removeSync(this.path(offset))
  }

  /**
   * Kafka's rule at load: of those that stand at no segment's base offset only the newest stays, and that only if it lies
   * behind the last segment's base (it is the one of the last stop).
   */
  removeStrays(segmentBaseOffsets: readonly number[]): void {
    const bases = new Set(segmentBaseOffsets)
    const last = segmentBaseOffsets.at(-1) ?? -1
    const strays = this.#offsets.filter(offset => !bases.has(offset))
    const newest = strays.at(-1)
    for (const stray of strays) if (stray !== newest || stray < last) this.remove(stray)
  }

  /** Those above the log end describe what is no longer there. */
  removeAbove(offset: number): void {
    for (const other of this.#offsets) if (other > offset) this.remove(other)
  }
}
