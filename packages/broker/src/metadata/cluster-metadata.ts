import type { ChangeSet, ClusterChange } from '../core/cluster/cluster-change.ts'
import { type ClusterImage, emptyImage } from '../core/cluster/cluster-image.ts'
import { foldChanges } from '../core/cluster/fold-changes.ts'
import { decodeChange, encodeChange, storeKey } from './change-encoding.ts'
import { inParts } from './in-parts.ts'
import {
  commitChangesMax,
  type ExpectedRevisions,
  type MetadataStore,
  type StoreChangeSet,
  type StoreLease,
} from './metadata-store.ts'

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
  readonly #revisions: Map<string, number>
  /** What was heard of and is not yet applied, the one under way included. */
  readonly #queue: StoreChangeSet[]
  #waiters: { readonly revision: number; resolve(): void }[] = []
  #applying = false
  #stopWatching: () => void = () => {}
  #image: ClusterImage

  private constructor(store: MetadataStore, from: Position) {
    this.#store = store
    this.#image = from.image
    this.#revisions = from.revisions
    this.#queue = from.queue
    this.#stopWatching = store.watch(from.queue.at(-1)?.revision ?? from.image.revision, changes => {
      this.#queue.push(changes)
      if (!this.#applying) void this.#applyQueue()
    })
  }

  /** Reads the store and follows it from there. */
  static async open(store: MetadataStore): Promise<ClusterMetadata> {
    const { revision, entries } = await store.read()
    const revisions = new Map(entries.map(entry => [entry.key, entry.revision]))
    // A shared store that holds nothing of ours may be at any revision.
    const image = revision > 0 ? foldChanges(emptyImage, ...stepsOf({ revision, changes: entries })) : emptyImage
    return new ClusterMetadata(store, { image, revisions, queue: [] })
  }

  /** Another view of the same store from the present image on, whose image does not wait for the subscribers of this one. */
  fork(): ClusterMetadata {
    const [revisions, queue] = [new Map(this.#revisions), [...this.#queue]]
    const fork = new ClusterMetadata(this.#store, { image: this.#image, revisions, queue })
    void fork.#applyQueue()
    return fork
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
  commit(
    changes: readonly ClusterChange[],
    options: { readonly alsoUnchanged?: readonly ClusterChange[]; readonly lease?: StoreLease } = {},
  ): Promise<'committed' | 'conflict'> {
    return this.#commit(this.#expectationsOf([...changes, ...(options.alsoUnchanged ?? [])]), changes, options)
  }

  /**
   * As `commit`, for changes that are right one by one and may be too many for one commit. Those that come last are sent when others
   * have been applied already, and stand on the image of now all the same. Resolves to how many of them were committed;
   * where `goesOn` says no, none are any more.
   */
  async commitInParts(
    changes: readonly ClusterChange[],
    { goesOn = () => true }: { readonly goesOn?: () => boolean } = {},
  ): Promise<number> {
    const expected = this.#expectationsOf(changes)
    const committed = await inParts(changes, commitChangesMax, async part => {
      const expectedHere = new Map(part.map(storeKey).map(key => [key, expected.get(key) ?? 0]))
      return goesOn() && (await this.#commit(expectedHere, part, {})) === 'committed' ? part.length : 0
    })
    return committed.reduce((sum, length) => sum + length, 0)
  }

  #expectationsOf(entities: readonly ClusterChange[]): Map<string, number> {
    return new Map(entities.map(storeKey).map(key => [key, this.#revisions.get(key) ?? 0]))
  }

  async #commit(
    expected: ExpectedRevisions,
    changes: readonly ClusterChange[],
    options: { readonly lease?: StoreLease },
  ): Promise<'committed' | 'conflict'> {
    const writes = changes.map(change => ({ ...encodeChange(change), ...(options.lease && { lease: options.lease }) }))
    const outcome = await this.#store.commit(expected, writes)
    if (outcome.kind === 'committed') {
      await this.appliedTo(outcome.revision)
      return 'committed'
    }
    await this.refresh()
    return 'conflict'
  }

  /** Asks the store: resolves once `image` has all that had happened there by now. Rejects with MetadataStoreError. */
  async refresh(): Promise<void> {
    const { revision } = await this.#store.read()
    await this.appliedTo(revision)
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
    for (let set = this.#queue[0]; set !== undefined; set = this.#queue[0]) {
      const previous = this.#image
      const next = foldChanges(previous, ...stepsOf(set))
      // An empty one only moves the revision on.
      if (set.changes.length > 0) for (const apply of [...this.#subscribers]) await apply(next, previous)
      for (const { key, value, revision = set.revision } of set.changes) {
        if (value === null) this.#revisions.delete(key)
        else this.#revisions.set(key, revision)
      }
      this.#image = next
      this.#queue.shift()
      const reached = this.#waiters.filter(waiter => waiter.revision <= next.revision)
      this.#waiters = this.#waiters.filter(waiter => waiter.revision > next.revision)
      for (const waiter of reached) waiter.resolve()
    }
    this.#applying = false
  }
}

interface Position {
  readonly image: ClusterImage
  readonly revisions: Map<string, number>
  readonly queue: StoreChangeSet[]
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
