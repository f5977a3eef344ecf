import type { Clock } from '@odradek/platform'
import { ChangeFeed } from './change-feed.ts'
import type { LocalStore } from './local-store.ts'
import {
  type CommitOutcome,
  type ExpectedRevisions,
  type MetadataStore,
  MetadataStoreError,
  type StoreChange,
  type StoreChangeSet,
  type StoreLease,
  type StoreSnapshot,
  StoreUnreachableError,
  TooManyChangesError,
} from './metadata-store.ts'

const changesMax = 127
/** How long a call waits for an answer that does not come. */
const callMs = 1000
/** A client that missed more than this reads the store again. */
const heldMax = 256

export interface SharedStoreUser {
  /** Of the client's process: its time, and its end, are the client's. */
  readonly clock: Clock
  /** Brings an event into the client's process, when that can take it. */
  readonly enter?: (event: () => void) => void
}

/** One store for several brokers of one process: each has a way of its own to it, which can be cut as a wire can. */
export class SharedLocalStore {
  readonly #store: LocalStore
  readonly #clients = new Set<SharedStoreClient>()

  constructor(store: LocalStore) {
    this.#store = store
  }

  async open({ clock, enter = event => event() }: SharedStoreUser): Promise<SharedStoreClient> {
    const snapshot = await this.#store.read()
    const client = new SharedStoreClient({
      store: this.#store,
      snapshot,
      clock,
      enter,
      onClose: () => this.#clients.delete(client),
    })
    this.#clients.add(client)
    return client
  }

  /** Whoever is cut off gets to see the difference, and not the steps. */
  compact(): void {
    for (const client of this.#clients) client.forget()
  }

  /** With all that was opened. */
  async close(): Promise<void> {
    for (const client of [...this.#clients]) await client.close()
    await this.#store.close()
  }
}

/**
 * A broker's way to a store that it shares with others.
 *
 * While it is cut, calls are not carried out, and fail when their time is up; so do those whose answers were on their way,
 * though they were carried out. Changes are heard of when it is whole again: step by step, or as one difference after many.
 */
export class SharedStoreClient implements MetadataStore {
  readonly changesMax = changesMax
  readonly #store: LocalStore
  readonly #clock: Clock
  readonly #enter: (event: () => void) => void
  readonly #onClose: () => void
  readonly #feed: ChangeFeed
  readonly #stopWatching: () => void
  readonly #waiting = new Set<() => void>()
  #isCut = false
  #losesAnswers = false
  #isCatchingUp = false
  /** What came while it was cut; null: too much. */
  #held: StoreChangeSet[] | null = []
  #isClosed = false

  constructor(options: {
    store: LocalStore
    snapshot: StoreSnapshot
    clock: Clock
    enter: (event: () => void) => void
    onClose: () => void
  }) {
    this.#store = options.store
    this.#clock = options.clock
    this.#enter = options.enter
    this.#onClose = options.onClose
    this.#feed = new ChangeFeed(options.snapshot)
    this.#stopWatching = this.#store.watch(options.snapshot.revision, set => this.#hear(set))
  }

  cut(): void {
    this.#isCut = true
  }

  /** What is carried out from now on is not told. */
  loseAnswers(): void {
    this.#losesAnswers = true
  }

  heal(): void {
    this.#isCut = false
    this.#losesAnswers = false
    if (this.#isCatchingUp) return
    if (this.#held === null) void this.#catchUp()
    else this.#release()
  }

  /** The steps that are held back are not kept any longer. */
  forget(): void {
    if (this.#isCut) this.#held = null
  }

  read(): Promise<StoreSnapshot> {
    return this.#call(() => this.#store.read())
  }

  async commit(expected: ExpectedRevisions, changes: readonly StoreChange[]): Promise<CommitOutcome> {
    if (new Set(changes.map(({ key }) => key)).size > changesMax || expected.size > changesMax) {
      throw new TooManyChangesError(`more than ${changesMax} changes or expectations at once`)
    }
    return this.#call(() => this.#store.commit(expected, changes))
  }

  watch(fromRevision: number, onChange: (changes: StoreChangeSet) => void): () => void {
    return this.#feed.watch(fromRevision, onChange)
  }

  async lease(ttlMs: number): Promise<StoreLease> {
    const lease = await this.#call(() => this.#store.lease(ttlMs))
    return {
      id: lease.id,
      keepAlive: () => this.#call(() => lease.keepAlive()),
      revoke: () => this.#call(() => lease.revoke()),
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#stopWatching()
    this.#feed.close()
    this.#onClose()
    for (const end of [...this.#waiting]) end()
  }

  #hear(set: StoreChangeSet): void {
    if (!this.#isCut && !this.#isCatchingUp) this.#enter(() => this.#feed.apply(set))
    else if (this.#held !== null && this.#held.push(set) > heldMax) this.#held = null
  }

  #release(): void {
    const held = this.#held ?? []
    this.#held = []
    for (const set of held) this.#enter(() => this.#feed.apply(set))
  }

  /** What comes meanwhile is held back: told before the snapshot, it would hide what the snapshot tells of. */
  async #catchUp(): Promise<void> {
    this.#isCatchingUp = true
    while (this.#held === null && !this.#isCut) {
      this.#held = []
      const snapshot = await this.#store.read()
      if (this.#isCut) this.#held = null
      else this.#enter(() => this.#feed.catchUp(snapshot))
    }
    this.#isCatchingUp = false
    if (!this.#isCut) this.#release()
  }

  #call<T>(carryOut: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(closedError())
    return new Promise((resolve, reject) => {
      if (this.#isCut) {
        this.#failLater(reject)
        return
      }
      const answer = (settle: () => void) => {
        if (this.#isCut || this.#losesAnswers) this.#failLater(reject)
        else this.#enter(settle)
      }
      carryOut().then(
        value => answer(() => resolve(value)),
        error => answer(() => reject(error)),
      )
    })
  }

  #failLater(reject: (error: Error) => void): void {
    const fail = (error: Error) => {
      timer.cancel()
      this.#waiting.delete(close)
      reject(error)
    }
    const close = () => fail(closedError())
    const timer = this.#clock.after(callMs, () => {
      fail(new StoreUnreachableError(`the metadata store has not answered within ${callMs} ms`))
    })
    if (this.#isClosed) close()
    else this.#waiting.add(close)
  }
}

function closedError(): MetadataStoreError {
  return new MetadataStoreError('the metadata store is closed')
}
