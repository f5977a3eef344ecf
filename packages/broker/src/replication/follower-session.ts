/** The follower's side of a fetch session (KIP-227): what the leader knows already is not said again. */

/** What a Fetch request says of one partition. */
export interface FetchPosition {
  /** Identifies the partition in the session. */
  readonly key: string
  readonly topicId: string
  readonly partition: number
  readonly currentLeaderEpoch: number
  readonly fetchOffset: number
  readonly lastFetchedEpoch: number
  readonly logStartOffset: number
  readonly partitionMaxBytes: number
}

export interface SessionRequest {
  readonly sessionId: number
  readonly sessionEpoch: number
  /** New, or not as they were said last. */
  readonly changed: readonly FetchPosition[]
  readonly forgotten: readonly Pick<FetchPosition, 'topicId' | 'partition'>[]
}

export class FollowerSession {
  #sessionId = 0
  #epoch = 0
  readonly #told = new Map<string, FetchPosition>()

  /** The next request, for exactly these partitions, none twice. */
  next(wanted: readonly FetchPosition[]): SessionRequest {
    const changed = wanted.filter(position => !isSame(this.#told.get(position.key), position))
    for (const position of changed) this.#told.set(position.key, position)
    const forgotten = this.#told.size > wanted.length ? this.#forgetAllBut(wanted) : []
    return { sessionId: this.#sessionId, sessionEpoch: this.#epoch, changed, forgotten }
  }

  #forgetAllBut(wanted: readonly FetchPosition[]): FetchPosition[] {
    const kept = new Set(wanted.map(({ key }) => key))
    const forgotten = [...this.#told.values()].filter(({ key }) => !kept.has(key))
    for (const { key } of forgotten) this.#told.delete(key)
    return forgotten
  }

  /** The leader has answered, with the session that it keeps (0: none). */
  answered(sessionId: number): void {
    if (sessionId === 0) this.reset()
    else {
      this.#sessionId = sessionId
      this.#epoch = this.#epoch === 0x7fffffff ? 1 : this.#epoch + 1
    }
  }

  /** The leader has forgotten the session, or may have: the next request says everything. */
  reset(): void {
    this.#sessionId = 0
    this.#epoch = 0
    this.#told.clear()
  }
}

function isSame(one: FetchPosition | undefined, other: FetchPosition): boolean {
  return (
    one !== undefined &&
    one.fetchOffset === other.fetchOffset &&
    one.currentLeaderEpoch === other.currentLeaderEpoch &&
    one.lastFetchedEpoch === other.lastFetchedEpoch &&
    one.logStartOffset === other.logStartOffset &&
    one.partitionMaxBytes === other.partitionMaxBytes
  )
}
