/**
 * Bytes of records that have been read for consumers and not been sent yet, over all connections. Kafka sends records from
 * its files; here they lie in memory until the kernel has taken them: a hundred consumers that ask for fifty megabytes each
 * and then read slowly would take all there is. Beyond the bound an answer gets no more than the one batch that each may have.
 */
export class FetchMemory {
  readonly #bytesMax: number
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Counts as much of what is wanted as there is room for, and says how much that is. */
  reserve(wantedBytes: number): number {
    const granted = Math.max(0, Math.min(wantedBytes, this.#bytesMax - this.#bytes))
    this.#bytes += granted
    return granted
  }

  /** What is there in any case. */
  take(bytes: number): void {
    this.#bytes += bytes
  }

  release(bytes: number): void {
    this.#bytes -= bytes
  }
}
