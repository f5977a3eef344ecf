/**
 * Bytes of records that have been read and not been sent yet, over all connections. Kafka sends records from its files; here they
 * lie in memory until the kernel has taken them: a hundred consumers that ask for fifty megabytes each and then read slowly
 * would take all there is. Beyond the bound an answer gets no more than the one batch that each may have.
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

/** What consumers leave lying must keep no follower from staying in sync, nor the other way round: each has a bound of its own. */
export interface FetchMemories {
  readonly consumers: FetchMemory
  /** They take little by themselves: one answer of at most `replica.fetch.response.max.bytes` for each of the other brokers. */
  readonly followers: FetchMemory
}

/** Of all answers that are on their way: some answers of the usual greatest size, or very many of the usual one. */
const unsentBytesMax = 256 * 1024 * 1024

export function newFetchMemories(bytesMax = unsentBytesMax): FetchMemories {
  return { consumers: new FetchMemory(bytesMax), followers: new FetchMemory(bytesMax) }
}
