import type { Segment } from './segment.ts'

/** Fewer than this are not worth closing: they are what is being worked with. */
const leastMax = 8

/**
 * The segments whose file is open, over all partitions: as many as are in use, but no more than there are descriptors to
 * spare. A segment that is closed here opens itself again when it is needed.
 */
export class OpenSegments {
  #max: number
  readonly #open = new Set<Segment>()
  /**
   * For Segment: whose file was asked for last. It is never closed here, because its caller may hold the file while it opens
   * another (an index). Who holds a file for longer than a turn has the segment pinned.
   */
  latest: Segment | null = null

  constructor(max: number) {
    this.#max = max
  }

  get count(): number {
    return this.#open.size
  }

  get max(): number {
    return this.#max
  }

  /** For Segment: its file has just been opened. */
  add(segment: Segment): void {
    if (this.#open.size >= this.#max) this.#closeDownTo(this.#open.size - Math.max(Math.floor(this.#max / 8), 1))
    this.#open.add(segment)
  }

  /** For Segment: its file has just been closed. */
  delete(segment: Segment): void {
    this.#open.delete(segment)
  }

  /** Closes those that were not used since the last call. */
  releaseIdle(): void {
    for (const segment of this.#open) {
      if (segment.wasUsed) segment.wasUsed = false
      else segment.release()
    }
  }

  /**
   * The process has as many files and connections open as it may: from now on a quarter less segments than there are, so
   * that connections, and files that are open for a moment only, find room. It stays at that: to try for more would cost
   * somebody a connection each time. False when none could be closed.
   */
  lowerMax(): boolean {
    const before = this.#open.size
    this.#max = Math.max(Math.min(this.#max, Math.floor(before * 0.75)), leastMax)
    this.#closeDownTo(this.#max)
    return this.#open.size < before
  }

  /** Rather those that are idle. */
  #closeDownTo(limit: number): void {
    for (const onlyIdle of [true, false]) {
      for (const segment of this.#open) {
        if (this.#open.size <= limit) return
        if (onlyIdle && segment.wasUsed) segment.wasUsed = false
        else if (segment !== this.latest) segment.release()
      }
    }
  }
}
