import type { Disk } from '@odradek/platform'
import type { DirectoryNames } from './directory-names.ts'
import type { ProducerSnapshots } from './producer-snapshots.ts'
import type { Segment } from './segment.ts'
import type { Segments } from './segments.ts'

/**
 * Makes a partition's bytes durable, one sync after the other: what is asked for while one runs shares the next.
 *
 * Invariant: below `syncedOffset` the batches are on the disk for good; below `recoveryPoint` the batches are on the disk for good, and so are the indexes and the producer snapshot
 * of every closed segment that lies below it. Recovery therefore begins with the segment that holds the recovery point.
 */
export class Flusher {
  readonly #disk: Disk
  readonly #directory: string
  readonly #segments: Segments
  readonly #snapshots: ProducerSnapshots
  /** Writes what else must be durable with the bytes (leader epochs), before they count as such. */
  readonly #beforeSync: () => Promise<void>
  #syncedOffset: number
  #namesAreSynced: boolean
  readonly #parentNames: DirectoryNames
  #parentIsSynced: boolean
  #running: Promise<void> | null = null
  #next: Promise<void> | null = null

  constructor(options: {
    disk: Disk
    directory: string
    parentNames: DirectoryNames
    segments: Segments
    snapshots: ProducerSnapshots
    recoveryPoint: number
    /** A clean stop has synced all names. */
    namesAreSynced: boolean
    beforeSync: () => Promise<void>
  }) {
    this.#disk = options.disk
    this.#directory = options.directory
    this.#parentNames = options.parentNames
    this.#segments = options.segments
    this.#snapshots = options.snapshots
    this.#syncedOffset = options.recoveryPoint
    this.#namesAreSynced = options.namesAreSynced
    this.#parentIsSynced = options.namesAreSynced
    this.#beforeSync = options.beforeSync
  }

  /** All batches below it are on the disk for good. */
  get syncedOffset(): number {
    return this.#syncedOffset
  }

  /**
   * Where a recovery has to begin: at the base of the first segment that is not synced as a whole. Batches behind it may be
   * safe, too (flush.messages syncs batches alone), but the indexes of their segment are not.
   */
  get recoveryPoint(): number {
    const unsynced = this.#segments.all.find(segment => !segment.isSynced)
    return unsynced === undefined ? this.#syncedOffset : Math.min(this.#syncedOffset, unsynced.baseOffset)
  }

  /** A file came or went by another name since. */
  namesChanged(): void {
    this.#namesAreSynced = false
  }

  /** All that is written below the end that `writtenEnd` says when the sync begins. Rejects with DiskError. */
  flush(writtenEnd: () => number): Promise<void> {
    if (this.#running === null) {
      this.#running = this.#sync(writtenEnd).finally(() => {
        this.#running = null
      })
      return this.#running
    }
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = null
        return this.flush(writtenEnd)
      })
    return this.#next
  }

  /** No sync is under way or waits for its turn. */
  async idle(): Promise<void> {
    await Promise.allSettled([this.#running, this.#next])
  }

  async #sync(writtenEnd: () => number): Promise<void> {
    const end = writtenEnd()
    const synced = this.#syncedOffset
    const { all } = this.#segments
    await this.#beforeSync()
    for (const [index, segment] of all.entries()) {
      const segmentEnd = all[index + 1]?.baseOffset ?? Number.POSITIVE_INFINITY
      if (segmentEnd <= end) {
        if (!segment.isSynced) await this.#syncClosed(segment)
      } else if (segment.baseOffset < end && synced < end && this.#isThere(segment)) await this.#syncFile(segment)
    }
    await this.#snapshots.sync()
    await this.syncNames()
    this.#syncedOffset = Math.max(this.#syncedOffset, end)
  }

  /** Retention may take the segment away at any await: then there is nothing left to sync. */
  async #syncClosed(segment: Segment): Promise<void> {
    if (this.#isThere(segment)) await this.#syncFile(segment)
    if (this.#isThere(segment)) await segment.offsetIndex.file.sync()
    if (this.#isThere(segment)) await segment.timeIndex.file.sync()
    segment.isSynced = true
  }

  #isThere(segment: Segment): boolean {
    return this.#segments.all.includes(segment)
  }

  async #syncFile(segment: Segment): Promise<void> {
    segment.pin()
    try {
      await segment.file().sync()
    } finally {
      segment.unpin()
    }
  }

  /** Rejects with DiskError. */
  async syncNames(): Promise<void> {
    if (!this.#namesAreSynced) {
      this.#namesAreSynced = true
      await this.#disk.syncDirectory(this.#directory)
    }
    if (!this.#parentIsSynced) {
      this.#parentIsSynced = true
      await this.#parentNames.sync()
    }
  }
}
