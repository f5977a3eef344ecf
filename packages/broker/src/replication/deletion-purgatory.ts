import type { Partition } from './partition.ts'
import type { RecordDeletion } from './record-deletion.ts'

/** Where DeleteRecords requests wait until the followers have moved their log starts, too. */
export class DeletionPurgatory {
  /** No empty sets: nearly always there is nothing in it, and then a follower's fetch costs no look-up. */
  readonly #waiting = new Map<Partition, Set<RecordDeletion>>()
  #isClosed = false

  /** How many partitions are waited for. */
  get size(): number {
    return this.#waiting.size
  }

  park(deletion: RecordDeletion): void {
    if (this.#isClosed) {
      deletion.end()
      return
    }
    for (const partition of deletion.partitions) {
      const waiting = this.#waiting.get(partition)
      if (waiting === undefined) this.#waiting.set(partition, new Set([deletion]))
      else waiting.add(deletion)
    }
  }

  /** It waits for the partition no more. */
  remove(deletion: RecordDeletion, partition: Partition): void {
    const waiting = this.#waiting.get(partition)
    if (waiting?.delete(deletion) && waiting.size === 0) this.#waiting.delete(partition)
  }

  /** A follower has fetched, or the partition is not what it was. */
  check(partition: Partition): void {
    if (this.#waiting.size === 0) return
    const waiting = this.#waiting.get(partition)
    if (waiting !== undefined) for (const deletion of waiting) deletion.check(partition)
  }

  /** Other brokers live than before. */
  checkAll(): void {
    for (const partition of this.#waiting.keys()) this.check(partition)
  }

  /** The broker stops. Ends all that wait, and from now on everybody at once. */
  close(): void {
    this.#isClosed = true
    for (const waiting of this.#waiting.values()) {
      for (const deletion of waiting) deletion.end()
    }
  }
}
