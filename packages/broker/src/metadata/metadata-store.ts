// The contract between the broker and whatever holds the cluster's metadata: one node's own file (local-store.ts), or a
// consensus engine. An ordered key-value space with compare-and-swap, leases and a watch; keys and values are text.

/** Changes that every engine takes in one commit. */
export const commitChangesMax = 100

/** A write of one key; null removes it. */
export interface StoreChange {
  readonly key: string
  readonly value: string | null
  /** Ties the key's life to a lease. */
  readonly lease?: StoreLease
}

/** What one commit (or one lease's end) did. Revisions grow by at least one from change set to change set. */
export interface StoreChangeSet {
  readonly revision: number
  readonly changes: readonly { readonly key: string; readonly value: string | null }[]
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

export interface StoreLease {
  readonly id: string
  /** Puts the end off to `ttlMs` from now. Rejects when the lease is already gone. */
  keepAlive(): Promise<void>
  /** Removes its keys now. */
  revoke(): Promise<void>
}

/** Operating errors (disk, network) reject as MetadataStoreError; the store is then unusable and must be opened again. */
export interface MetadataStore {
  /** Everything, as of one revision. */
  read(): Promise<StoreSnapshot>
  /** Writes all the changes or none; resolves once they are durable. A lease that is gone counts as a conflict. */
  commit(expected: ExpectedRevisions, changes: readonly StoreChange[]): Promise<CommitOutcome>
  /** Calls back in order, without gaps, for every change set after `fromRevision`. Returns how to stop. */
  watch(fromRevision: number, onChange: (changes: StoreChangeSet) => void): () => void
  /** Keys written under the lease go when it has not been kept alive for `ttlMs`, or at the latest when the store restarts. */
  lease(ttlMs: number): Promise<StoreLease>
  close(): Promise<void>
}

export class MetadataStoreError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'MetadataStoreError'
  }
}
