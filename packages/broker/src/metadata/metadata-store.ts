// The contract between the broker and whatever holds the cluster's metadata: one node's own file (local-store.ts), or a
// consensus engine that all brokers share (etcd/). An ordered key-value space with compare-and-swap, leases and a watch; keys
// and values are text.

/** Changes that every engine takes in one commit. */
export const commitChangesMax = 100

/** A write of one key; null removes it. */
export interface StoreChange {
  readonly key: string
  readonly value: string | null
  /** Ties the key's life to a lease. */
  readonly lease?: StoreLease
}

/**
 * What one commit (or one lease's end) did. Revisions grow by at least one from change set to change set.
 *
 * A shared store has two more kinds. An empty one says that nothing changed up to its revision. And one stands for all
 * that happened while a client was cut off for so long that the store has forgotten the single steps: the difference.
 */
export interface StoreChangeSet {
  readonly revision: number
  readonly changes: readonly StoreKeyChange[]
}

export interface StoreKeyChange {
  readonly key: string
  readonly value: string | null
  /** What wrote the key last, where that was before the set's own revision: in a difference. */
  readonly revision?: number
}

export interface StoreEntry {
  readonly key: string
  readonly value: string
  /** The revision that last wrote it. */
  readonly revision: number
}

export interface StoreSnapshot {
  readonly revision: number
  /** Ordered by key. */
  readonly entries: readonly StoreEntry[]
}

/** Key to the revision that must have written it last; 0: the key must not exist. */
export type ExpectedRevisions = ReadonlyMap<string, number>

export type CommitOutcome =
  | { readonly kind: 'committed'; readonly revision: number }
  /** Some expected revision did not hold; nothing was written. */
  | { readonly kind: 'conflict' }

/**
 * The lease surely lives until `ttlMs` after the moment before the call that was answered last, `lease` or `keepAlive`, by
 * the caller's own monotonic clock. It may live a little longer: a store may round its length up, and ends it late.
 */
export interface StoreLease {
  readonly id: string
  /** Resolves when the store has put the end off. Rejects with LeaseEndedError when it has ended. */
  keepAlive(): Promise<void>
  /** Removes its keys now. */
  revoke(): Promise<void>
}

/**
 * Operating errors reject as MetadataStoreError. A store of one's own (disk) is then unusable, if the message says so, and
 * must be opened again. A shared store that cannot be reached rejects as StoreUnreachableError, in bounded time, and a later
 * call simply works again; its watches go on by themselves.
 */
export interface MetadataStore {
  /** How many changes one commit may have, and how many expectations. */
  readonly changesMax: number
  /** Everything, as of one revision. */
  read(): Promise<StoreSnapshot>
  /**
   * Writes all the changes or none; resolves once they are durable. A lease that is gone counts as a conflict. Never answers
   * 'conflict' to a commit that happened. One that rejects as StoreUnreachableError may have happened, or may still
   * happen; any other rejection wrote nothing.
   */
  commit(expected: ExpectedRevisions, changes: readonly StoreChange[]): Promise<CommitOutcome>
  /**
   * Calls back in order, without gaps, for every change set after `fromRevision`, which a read has just given. Returns how to
   * stop. Throws MetadataStoreError when the change sets from there are no longer kept: read again. In a shared store a
   * change may be heard of before or after the commit is answered; whatever revision a read or a commit of this
   * store object answers, its watches get there, if need be by an empty change set.
   */
  watch(fromRevision: number, onChange: (changes: StoreChangeSet) => void): () => void
  /** Keys written under the lease go when it has not been kept alive for `ttlMs`. One's own store ends all when it is opened. */
  lease(ttlMs: number): Promise<StoreLease>
  /** Its leases are left to end by themselves. */
  close(): Promise<void>
}

export class MetadataStoreError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}

/** No answer within the time that a call may take; the next call may find the store again. */
export class StoreUnreachableError extends MetadataStoreError {}

/** More than `changesMax` at once: nothing was written, and whoever decided has to do it in parts. */
export class TooManyChangesError extends MetadataStoreError {}

export class LeaseEndedError extends MetadataStoreError {}
