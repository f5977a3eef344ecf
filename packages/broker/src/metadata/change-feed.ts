import { MetadataStoreError, type StoreChangeSet, type StoreKeyChange, type StoreSnapshot } from './metadata-store.ts'

/** Watches that want to begin further back than this must read again. */
const recentChangeSetsMax = 256

type OnChange = (changes: StoreChangeSet) => void

/**
 * What a client of a shared store has heard of its history, and whom it tells. However the change sets come (a stream that
 * breaks off and begins again a little earlier, or a snapshot after the store has forgotten what was between), the
 * watches hear every revision once, in order, and nothing is left out.
 *
 *     stream ─ apply ──┐
 *     snapshot ─ catchUp ─┼─→ revision, known keys ─→ recent change sets ─→ watches
 *     silence ─ advance ──┘
 *
 * Values are not kept: which keys there are, and what wrote them last, is enough to find a difference.
 */
export class ChangeFeed {
  readonly #known = new Map<string, number>()
  readonly #watches = new Set<{ fromRevision: number; onChange: OnChange }>()
  readonly #recent: StoreChangeSet[] = []
  /** Every change set after this one is in `#recent`. */
  #recentFrom: number
  #revision: number
  #awaited = 0

  constructor({ revision, entries }: StoreSnapshot) {
    this.#revision = revision
    this.#recentFrom = revision
    for (const entry of entries) this.#known.set(entry.key, entry.revision)
  }

  /** All up to here has been told. */
  get revision(): number {
    return this.#revision
  }

  /** An answer has named this revision: whoever watches is going to wait for it. */
  expect(revision: number): void {
    if (this.#watches.size > 0) this.#awaited = Math.max(this.#awaited, revision)
  }

  /** Somebody waits for a revision that has not come. */
  get isBehind(): boolean {
    return this.#awaited > this.#revision
  }

  /** The next change set; one that was heard of before is left out. */
  apply(set: StoreChangeSet): void {
    if (set.revision <= this.#revision) return
    for (const { key, value, revision = set.revision } of set.changes) {
      if (value === null) this.#known.delete(key)
      else this.#known.set(key, revision)
    }
    this.#revision = set.revision
    this.#recent.push(set)
    if (this.#recent.length > recentChangeSetsMax) this.#recentFrom = this.#recent.shift()?.revision ?? set.revision
    for (const { fromRevision, onChange } of [...this.#watches]) if (set.revision > fromRevision) onChange(set)
  }

  /** All change sets up to the snapshot at once, as the difference that they make. */
  catchUp({ revision, entries }: StoreSnapshot): void {
    if (revision <= this.#revision) return
    const gone = new Set(this.#known.keys())
    const written: StoreKeyChange[] = []
    for (const entry of entries) {
      gone.delete(entry.key)
      if (this.#known.get(entry.key) !== entry.revision) written.push(entry)
    }
    const removed = [...gone].map(key => ({ key, value: null }))
    this.apply({ revision, changes: [...removed, ...written] })
  }

  /** Nothing has changed up to this revision. */
  advance(revision: number): void {
    this.apply({ revision, changes: [] })
  }

  watch(fromRevision: number, onChange: OnChange): () => void {
    if (fromRevision < this.#recentFrom) {
      throw new MetadataStoreError(`no change sets are kept from revision ${fromRevision}: read the store again`)
    }
    const watch = { fromRevision, onChange }
    for (const set of this.#recent) if (set.revision > fromRevision) onChange(set)
    this.#watches.add(watch)
    return () => this.#watches.delete(watch)
  }

  close(): void {
    this.#watches.clear()
  }
}
