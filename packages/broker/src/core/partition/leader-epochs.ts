/**
 * Which leader epoch began at which offset: what a follower or a consumer needs to find where two histories part
 * (KIP-101, KIP-320). Kept in a partition's leader-epoch-checkpoint.
 *
 * Invariant: epochs and start offsets both rise strictly from entry to entry.
 */
export interface EpochEntry {
  readonly epoch: number
  readonly startOffset: number
}

/** The answer where nothing is known. */
export const unknownEpochEnd = { leaderEpoch: -1, endOffset: -1 } as const

export class LeaderEpochs {
  #entries: EpochEntry[] = []

  constructor(entries: readonly EpochEntry[] = []) {
    for (const { epoch, startOffset } of entries) this.assign(epoch, startOffset)
  }

  get entries(): readonly EpochEntry[] {
    return this.#entries
  }

  /** -1 when empty. */
  get latestEpoch(): number {
    return this.#entries.at(-1)?.epoch ?? -1
  }

  /**
   * `epoch` begins at `startOffset`. Entries that contradict it (a later epoch, or the same offset) give way: of an epoch
   * without records only the last one matters. False when nothing changed.
   */
  assign(epoch: number, startOffset: number): boolean {
    const before = this.#entries.length
    while (this.#contradicts(epoch, startOffset)) this.#entries.pop()
    if (this.latestEpoch === epoch) return this.#entries.length < before
    this.#entries.push({ epoch, startOffset })
    return true
  }

  #contradicts(epoch: number, startOffset: number): boolean {
    const last = this.#entries.at(-1)
    if (last === undefined) return false
    return last.epoch === epoch ? last.startOffset > startOffset : last.epoch > epoch || last.startOffset >= startOffset
  }

  /** What came before the first entry, in the order of the log; what does not rise, or does not fit, is left out. */
  precede(earlier: Iterable<EpochEntry>): void {
    const known = this.#entries
    const first = known[0]
    this.#entries = []
    for (const { epoch, startOffset } of earlier) {
      const isBefore = first === undefined || (epoch <= first.epoch && startOffset < first.startOffset)
      if (isBefore && epoch > this.latestEpoch) this.assign(epoch, startOffset)
    }
    for (const { epoch, startOffset } of known) this.assign(epoch, startOffset)
  }

  /** OffsetForLeaderEpoch: the largest epoch up to the asked one, and where it ends. */
  endOffsetFor(epoch: number, logEndOffset: number): { readonly leaderEpoch: number; readonly endOffset: number } {
    if (epoch === -1) return unknownEpochEnd
    if (epoch === this.latestEpoch) return { leaderEpoch: epoch, endOffset: logEndOffset }
    const higher = this.#entries.findIndex(entry => entry.epoch > epoch)
    const next = this.#entries[higher]
    if (next === undefined) return unknownEpochEnd
    // Below the first known epoch: its records are gone, and what is there begins with the next one.
    const floor = this.#entries[higher - 1]
    return { leaderEpoch: floor?.epoch ?? epoch, endOffset: next.startOffset }
  }

  /** The epoch of the record at `offset`; -1 when unknown. */
  epochOf(offset: number): number {
    return this.#entries.findLast(entry => entry.startOffset <= offset)?.epoch ?? -1
  }

  /**
   * The log now begins at `startOffset`: what ended before is forgotten. The epoch in force there keeps its own beginning: it shows that a
   * replica which ends at `startOffset` with an earlier epoch has another history. True when something changed.
   */
  truncateFromStart(startOffset: number): boolean {
    const later = this.#entries.findIndex(entry => entry.startOffset > startOffset)
    const inForce = (later < 0 ? this.#entries.length : later) - 1
    if (inForce <= 0) return false
    this.#entries.splice(0, inForce)
    return true
  }

  /** The log now ends at `endOffset`. True when something changed. */
  truncateFromEnd(endOffset: number): boolean {
    const kept = this.#entries.filter(entry => entry.startOffset < endOffset)
    const changed = kept.length < this.#entries.length
    this.#entries = kept
    return changed
  }
}
