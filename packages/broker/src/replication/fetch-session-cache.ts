import {
  type FetchedPartition,
  FetchSession,
  finalSessionEpoch,
  initialSessionEpoch,
  nextSessionEpoch,
  noSessionId,
} from './fetch-session.ts'

export type FetchSessionError = 'session-not-found' | 'wrong-epoch' | 'topic-ids-differ'

/** What a Fetch request turned out to be. */
export type FetchContext =
  | { readonly kind: 'error'; readonly error: FetchSessionError }
  /** Names all its partitions and wants no session. */
  | { readonly kind: 'sessionless' }
  /** Names all its partitions and wants a session, which `create` makes once the answer is known. */
  | { readonly kind: 'full' }
  /** `epoch` is the session's epoch after this request: another one means that a later request has overtaken it. */
  | { readonly kind: 'incremental'; readonly session: FetchSession; readonly epoch: number }

export interface FetchSessionRequest {
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly usesTopicIds: boolean
  readonly wanted: ReadonlyMap<string, FetchedPartition>
  readonly forgotten: readonly string[]
}

/**
 * The sessions that this broker remembers, at most `slots` of them. A new one pushes out another only where that one has
 * not been used for `evictionMs`, or has lived as long and is smaller than the newcomer; else the client gets none and
 * goes on naming all its partitions each time.
 */
export class FetchSessionCache {
  readonly #slots: number
  readonly #evictionMs: number
  /** In the order of last use. */
  readonly #sessions = new Map<number, FetchSession>()
  readonly #randomId: () => number

  /** `randomId` gives ids in [1, 2^31): ids are random so that one broker's are unlikely to be another's. */
  constructor(options: { slots: number; evictionMs: number; randomId: () => number }) {
    this.#slots = options.slots
    this.#evictionMs = options.evictionMs
    this.#randomId = options.randomId
  }

  get size(): number {
    return this.#sessions.size
  }

  /** The order of the checks is Kafka's. */
  open(request: FetchSessionRequest, nowMs: number): FetchContext {
    const { sessionId, sessionEpoch } = request
    if (sessionEpoch === initialSessionEpoch || sessionEpoch === finalSessionEpoch) {
      if (sessionId !== noSessionId) this.#sessions.delete(sessionId)
      return { kind: sessionEpoch === finalSessionEpoch ? 'sessionless' : 'full' }
    }
    const session = this.#sessions.get(sessionId)
    if (session === undefined) return { kind: 'error', error: 'session-not-found' }
    if (session.epoch !== sessionEpoch) return { kind: 'error', error: 'wrong-epoch' }
    if (session.usesTopicIds !== request.usesTopicIds) return { kind: 'error', error: 'topic-ids-differ' }
    session.update(request.wanted, request.forgotten)
    if (session.partitions.size === 0) {
      this.#sessions.delete(sessionId)
      return { kind: 'sessionless' }
    }
    session.lastUsedMs = nowMs
    this.#sessions.delete(sessionId)
    this.#sessions.set(sessionId, session)
    session.epoch = nextSessionEpoch(session.epoch)
    return { kind: 'incremental', session, epoch: session.epoch }
  }

  /** A session for a full request's partitions; null where there is no room. */
  create(
    options: { usesTopicIds: boolean; privileged: boolean; partitions: Map<string, FetchedPartition> },
    nowMs: number,
  ): FetchSession | null {
    if (this.#sessions.size >= this.#slots && !this.#evictFor(options.privileged, options.partitions.size, nowMs)) {
      return null
    }
    let id = this.#randomId()
    while (id === noSessionId || this.#sessions.has(id)) id = this.#randomId()
    const session = new FetchSession({ id, nowMs, ...options })
    this.#sessions.set(id, session)
    return session
  }

  /** Walks all sessions, which are few, and only when the cache is full. */
  #evictFor(privileged: boolean, size: number, nowMs: number): boolean {
    const [oldest] = this.#sessions.values()
    if (oldest === undefined) return false
    if (nowMs - oldest.lastUsedMs > this.#evictionMs) return this.#sessions.delete(oldest.id)
    let victim: FetchSession | undefined
    for (const session of this.#sessions.values()) {
      const evictable = nowMs - session.createdMs > this.#evictionMs || (privileged && !session.privileged)
      if (evictable && (victim === undefined || isEvictedBefore(session, victim))) victim = session
    }
    if (victim === undefined) return false
    const isWorthMore = victim.privileged === privileged ? size > victim.partitions.size : privileged
    return isWorthMore && this.#sessions.delete(victim.id)
  }
}

/** Consumers' before replicas', small before large. */
function isEvictedBefore(a: FetchSession, b: FetchSession): boolean {
  if (a.privileged !== b.privileged) return b.privileged
  if (a.partitions.size !== b.partitions.size) return a.partitions.size < b.partitions.size
  return a.id < b.id
}
