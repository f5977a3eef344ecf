import { type Clock, type Disk, DiskError, type Timer } from '@odradek/platform'
import { Journal } from './journal.ts'
import {
  type CommitOutcome,
  type ExpectedRevisions,
  LeaseEndedError,
  type MetadataStore,
  MetadataStoreError,
  type StoreChange,
  type StoreChangeSet,
  type StoreLease,
  type StoreSnapshot,
} from './metadata-store.ts'

interface Entry {
  readonly value: string
  readonly revision: number
  readonly leaseId: string | null
}

/** Watchers that fell further behind than this must read again. */
const recentChangeSetsMax = 64

/**
 * The store of a single node: all of it in memory, every commit synced to a journal before it is seen by anybody.
 *
 * Commits are taken one at a time, so at most one entry of the journal is ever unsynced; that is what makes a torn tail
 * tellable from damage (journal.ts). Leases live in memory: no lease outlives the process, so their keys are gone when
 * the store is opened again.
 */
export class LocalStore implements MetadataStore {
  readonly changesMax = Number.MAX_SAFE_INTEGER
  readonly #journal: Journal
  readonly #clock: Clock
  readonly #entries: Map<string, Entry>
  #revision: number
  readonly #leases = new Map<string, { timer: Timer }>()
  #leaseCount = 0
  readonly #watchers = new Set<(changes: StoreChangeSet) => void>()
  readonly #recent: StoreChangeSet[] = []
  /** The commit under way and those behind it. */
  #tail: Promise<unknown> = Promise.resolve()
  #broken: MetadataStoreError | null = null

  private constructor(options: { journal: Journal; clock: Clock; entries: Map<string, Entry>; revision: number }) {
    this.#journal = options.journal
    this.#clock = options.clock
    this.#entries = options.entries
    this.#revision = options.revision
  }

  /**
   * Opens the journal at `path`, or begins it. Throws MetadataStoreError when what was committed cannot be read.
   * `cutBytes` of the result: what a torn last write left behind, already cut off.
   */
  static async open(options: {
    readonly disk: Disk
    readonly clock: Clock
    readonly path: string
  }): Promise<{ store: LocalStore; cutBytes: number }> {
    const { journal, records, cutBytes } = await Journal.open(options.disk, options.path)
    const entries = new Map<string, Entry>()
    let revision = 0
    for (const record of records) {
      revision = record.revision
      for (const [key, value, leaseId, writtenAt] of record.entries) {
        if (value === null) entries.delete(key)
        else entries.set(key, { value, revision: writtenAt ?? revision, leaseId: leaseId ?? null })
      }
    }
    for (const [key, entry] of entries) if (entry.leaseId !== null) entries.delete(key)
    return { store: new LocalStore({ journal, clock: options.clock, entries, revision }), cutBytes }
  }

  async read(): Promise<StoreSnapshot> {
    const entries = [...this.#entries]
      .map(([key, { value, revision }]) => ({ key, value, revision }))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
    return { revision: this.#revision, entries }
  }

  commit(expected: ExpectedRevisions, changes: readonly StoreChange[]): Promise<CommitOutcome> {
    return this.#inTurn(() => this.#commitNow(expected, changes))
  }

  watch(fromRevision: number, onChange: (changes: StoreChangeSet) => void): () => void {
    const missed = this.#recent.filter(set => set.revision > fromRevision)
    if (fromRevision < this.#revision && missed.length !== this.#revision - fromRevision) {
      throw new MetadataStoreError(`no change sets are kept from revision ${fromRevision}: read the store again`)
    }
    for (const set of missed) onChange(set)
    this.#watchers.add(onChange)
    return () => this.#watchers.delete(onChange)
  }

  async lease(ttlMs: number): Promise<StoreLease> {
    const id = String(++this.#leaseCount)
    const end = () => void this.#endLease(id).catch(() => {})
    const hold = { timer: this.#clock.after(ttlMs, end) }
    this.#leases.set(id, hold)
    return {
      id,
      keepAlive: async () => {
        if (!this.#leases.has(id)) throw new LeaseEndedError('the lease has ended')
        hold.timer.cancel()
        hold.timer = this.#clock.after(ttlMs, end)
      },
      revoke: () => this.#endLease(id),
    }
  }

  async close(): Promise<void> {
    await this.#tail
    for (const { timer } of this.#leases.values()) timer.cancel()
    this.#leases.clear()
    this.#watchers.clear()
    this.#broken ??= new MetadataStoreError('the metadata store is closed')
    this.#journal.close()
  }

  async #commitNow(expected: ExpectedRevisions, changes: readonly StoreChange[]): Promise<CommitOutcome> {
    for (const [key, revision] of expected) {
      if ((this.#entries.get(key)?.revision ?? 0) !== revision) return { kind: 'conflict' }
    }
    if (changes.some(change => change.lease !== undefined && !this.#leases.has(change.lease.id))) {
      return { kind: 'conflict' }
    }
    const revision = this.#revision + 1
    await this.#journalled(() =>
      this.#journal.append({
        revision,
        entries: changes.map(({ key, value, lease }) => [key, value, lease?.id ?? null]),
      }),
    )
    for (const { key, value, lease } of changes) {
      if (value === null) this.#entries.delete(key)
      else this.#entries.set(key, { value, revision, leaseId: lease?.id ?? null })
    }
    this.#revision = revision
    this.#publish({ revision, changes: changes.map(({ key, value }) => ({ key, value })) })
    if (this.#journal.isLong) {
      await this.#journalled(() =>
        this.#journal.replace({
          revision,
          entries: [...this.#entries].map(([key, { value, revision, leaseId }]) => [key, value, leaseId, revision]),
        }),
      )
    }
    return { kind: 'committed', revision }
  }

  #publish(set: StoreChangeSet): void {
    this.#recent.push(set)
    if (this.#recent.length > recentChangeSetsMax) this.#recent.shift()
    for (const onChange of [...this.#watchers]) onChange(set)
  }

  #endLease(id: string): Promise<void> {
    this.#leases.get(id)?.timer.cancel()
    this.#leases.delete(id)
    return this.#inTurn(async () => {
      const keys = [...this.#entries].filter(([, entry]) => entry.leaseId === id).map(([key]) => key)
      if (keys.length > 0) {
        await this.#commitNow(
          new Map(),
          keys.map(key => ({ key, value: null })),
        )
      }
    })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(() => {
      if (this.#broken !== null) throw this.#broken
      return work()
    })
    this.#tail = turn.catch(() => {})
    return turn
  }

  /** Without space nothing has changed. A journal that failed otherwise may hold anything at its end: no more is written. */
  async #journalled(write: () => Promise<void>): Promise<void> {
    try {
      await write()
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      const problem = `the cluster's metadata cannot be written (${error.message})`
      if (this.#journal.isSound) throw new MetadataStoreError(problem, { cause: error })
      this.#broken = new MetadataStoreError(`${problem}; restart the broker once the disk is well`, { cause: error })
      throw this.#broken
    }
  }
}
