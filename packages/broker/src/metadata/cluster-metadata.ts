import type { ChangeSet, ClusterChange } from '../core/cluster/cluster-change.ts'
import { type ClusterImage, emptyImage } from '../core/cluster/cluster-image.ts'
import { foldChanges } from '../core/cluster/fold-changes.ts'
import { decodeChange, encodeChange, storeKey } from './change-encoding.ts'
import type { MetadataStore, StoreChangeSet, StoreLease } from './metadata-store.ts'

/**
 * Called once for every new image, in order, each call after the previous one has settled. Must not reject: an image
 * that cannot be applied in part (a log that cannot be created) is the subscriber's to report.
 */
export type ImageSubscriber = (next: ClusterImage, previous: ClusterImage) => void | Promise<void>

/**
 * The cluster image that this broker holds: folded from the store's change sets, shown to subscribers, then published.
 *
 * Invariant: `image` moves on only after every subscriber has applied the step. So a topic is in the image only when its
 * partitions are served here, and a controller's call that waits for its own change answers after that.
 */
export class ClusterMetadata {
  readonly #store: MetadataStore
  readonly #subscribers: ImageSubscriber[] = []
  /** The revision that last wrote each key, so that a commit can name what it was decided on. */
  readonly #revisions = new Map<string, number>()
  readonly #queue: StoreChangeSet[] = []
  #waiters: { readonly revision: number; resolve(): void }[] = []
  #applying = false
  #stopWatching: () => void = () => {}
  #image = emptyImage

  private constructor(store: MetadataStore) {
    this.#store = store
  }

  /** Reads the store and follows it from there. */
  static async open(store: MetadataStore): Promise<ClusterMetadata> {
    const metadata = new ClusterMetadata(store)
    const { revision, entries } = await store.read()
    for (const entry of entries) metadata.#revisions.set(entry.key, entry.revision)
    // A shared store that holds nothing of ours may be at any revision.
    if (revision > 0) metadata.#image = foldChanges(emptyImage, ...stepsOf({ revision, changes: entries }))
    metadata.#stopWatching = store.watch(revision, changes => {
      metadata.#queue.push(changes)
      if (!metadata.#applying) void metadata.#applyQueue()
    })
    return metadata
  }

  /** What the subscribers have all applied. */
  get image(): ClusterImage {
    return this.#image
  }

  /**
   * Brings a subscriber up to the present image (`previous` is then the empty one), and in on every later one.
   * Resolves when it has applied the present. Returns how to leave.
   */
  async subscribe(apply: ImageSubscriber): Promise<() => void> {
    let applied = emptyImage
    while (applied !== this.#image) {
      const next = this.#image
      await apply(next, applied)
      applied = next
    }
    this.#subscribers.push(apply)
    return () => {
      const at = this.#subscribers.indexOf(apply)
      if (at >= 0) this.#subscribers.splice(at, 1)
    }
  }

  /**
   * Commits changes that were decided on the present image: if any entity among them, or named in `alsoUnchanged`, was
   * written since, nothing is written and the answer is 'conflict', given once that newer image is published.
   * Otherwise resolves when every subscriber has applied them.
   */
  async commit(
    changes: readonly ClusterChange[],
    options: { readonly alsoUnchanged?: readonly ClusterChange[]; readonly lease?: StoreLease } = {},
  ): Promise<'committed' | 'conflict'> {
    const expected = new Map<string, number>()
    for (const change of [...changes, ...(options.alsoUnchanged ?? [])]) {
      const key = storeKey(change)
      expected.set(key, this.#revisions.get(key) ?? 0)
    }
    const writes = changes.map(change => ({ ...encodeChange(change), ...(options.lease && { lease: options.lease }) }))
    const outcome = await this.#store.commit(expected, writes)
    if (outcome.kind === 'committed') {
      await this.appliedTo(outcome.revision)
      return 'committed'
    }
    await this.appliedTo((await this.#store.read()).revision)
    return 'conflict'
  }

  /** Resolves once `image` is of that revision or a later one. */
  appliedTo(revision: number): Promise<void> {
    if (this.#image.revision >= revision) return Promise.resolve()
    return new Promise(resolve => this.#waiters.push({ revision, resolve }))
  }

  close(): void {
    this.#stopWatching()
  }

  async #applyQueue(): Promise<void> {
    this.#applying = true
    for (let set = this.#queue.shift(); set !== undefined; set = this.#queue.shift()) {
      const previous = this.#image
      const next = foldChanges(previous, ...stepsOf(set))
      // An empty one only moves the revision on.
      if (set.changes.length > 0) for (const apply of [...this.#subscribers]) await apply(next, previous)
      for (const { key, value, revision = set.revision } of set.changes) {
        if (value === null) this.#revisions.delete(key)
        else this.#revisions.set(key, revision)
      }
      this.#image = next
      const reached = this.#waiters.filter(waiter => waiter.revision <= next.revision)
      this.#waiters = this.#waiters.filter(waiter => waiter.revision > next.revision)
      for (const waiter of reached) waiter.resolve()
    }
    this.#applying = false
  }
}

/**
 * What to fold for a change set. One that stands for several (a snapshot, a difference) says of each entity which revision
 * wrote it, and it keeps that: a broker's is its epoch. In those a topic may have been written again after its partitions'
 * states, which therefore come last.
 */
function stepsOf({ revision, changes }: StoreChangeSet): ChangeSet[] {
  const own: ClusterChange[] = []
  const earlier: ChangeSet[] = []
  for (const entry of changes) {
    const change = decodeChange(entry)
    if (change === null) continue
    if (entry.revision === undefined) own.push(change)
    else earlier.push({ revision: entry.revision, changes: [change] })
  }
  if (earlier.length === 0) return [{ revision, changes: own }]
  const isState = ({ changes: [change] }: ChangeSet) => change?.kind === 'partition'
  // What has its own revision here is removed: first, for what was removed may have been made anew.
  return [
    { revision, changes: own },
    ...earlier.filter(set => !isState(set)),
    ...earlier.filter(isState),
    { revision, changes: [] },
  ]
}
