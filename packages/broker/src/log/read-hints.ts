/** Where a batch lies that a reader will probably want next. */
export interface ReadHint {
  /** The offset that will be asked for. */
  readonly offset: number
  readonly position: number
  /** Length of the batch there; 0 where it is not known. */
  readonly batchBytes: number
}

const hintsMax = 8

/**
 * Where the last reads of a segment ended. A consumer that goes through the log asks for just that next: its read needs neither
 * the index, whose entry is a batch too early as a rule, nor the slack for it, and where the next batch is too large for what
 * is asked it needs no read at all. With batches of a megabyte that is half of all reads.
 */
export class ReadHints {
  readonly #hints: ReadHint[] = []
  #oldest = 0

  add(hint: ReadHint): void {
    if (this.#hints.length < hintsMax) this.#hints.push(hint)
    else {
      this.#hints[this.#oldest] = hint
      this.#oldest = (this.#oldest + 1) % hintsMax
    }
  }

  find(offset: number): ReadHint | undefined {
    return this.#hints.find(hint => hint.offset === offset)
  }
}
