import type { Segment } from './segment.ts'

/**
 * The segments whose file is open, over all partitions: as many as are in use, but no more than there are descriptors to
 * spare. A segment that is closed here opens itself again when it is needed.
 */
export class OpenSegments {
  readonly #max: number
  readonly #open = new Set<Segment>()

  constructor(max: number) {
    this.#max = max
  }

  get count(): number {
    return this.#open.size
  }

  /** For Segment: its file has just been opened. */
  add(segment: Segment): void {
    if (this.#open.size >= this.#max) this.#makeRoom()
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

  /** An eighth at once, so that it is rare; rather those that are idle. */
  #makeRoom(): void {
    const wanted = Math.max(Math.floor(this.#max / 8), 1)
    const limit = this.#open.size - wanted
    for (const onlyIdle of [true, false]) {
      for (const segment of this.#open) {
        if (this.#open.size <= limit) return
        if (onlyIdle && segment.wasUsed) segment.wasUsed = false
        else segment.release()
      }
    }
  }
}
