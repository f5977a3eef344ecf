/** The follower's side of a fetch session (KIP-227): what the leader knows already is not said again. */

/** What a Fetch request says of one partition. */
export interface FetchPosition {
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
  #told = new Map<string, FetchPosition>()

  /** The next request, for exactly these partitions. */
  next(wanted: readonly FetchPosition[]): SessionRequest {
    const before = this.#told
    this.#told = new Map(wanted.map(position => [keyOf(position), position]))
    const changed = wanted.filter(position => !isSame(before.get(keyOf(position)), position))
    const forgotten = [...before.values()].filter(position => !this.#told.has(keyOf(position)))
    return { sessionId: this.#sessionId, sessionEpoch: this.#epoch, changed, forgotten }
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
    this.#told = new Map()
  }
}

function keyOf({ topicId, partition }: FetchPosition): string {
  return `${topicId}/${partition}`
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
