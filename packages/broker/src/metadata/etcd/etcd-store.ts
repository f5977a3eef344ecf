import type { Clock, Random } from '@odradek/platform'
import { ChangeFeed } from '../change-feed.ts'
import {
  type CommitOutcome,
  type ExpectedRevisions,
  LeaseEndedError,
  type MetadataStore,
  MetadataStoreError,
  type StoreChange,
  type StoreChangeSet,
  type StoreEntry,
  type StoreLease,
  type StoreSnapshot,
  TooManyChangesError,
} from '../metadata-store.ts'
import { CommitLanes, grantLease, isLeaseGone, wroteLast } from './commit-lanes.ts'
import type { EtcdInput, EtcdMessage } from './etcd-api.ts'
import { EtcdClient, EtcdRefusal, type EtcdSecurity, EtcdSilence, type EtcdTimeouts, grpcCodes } from './etcd-client.ts'
import { parseEtcdUrl } from './etcd-url.ts'

export interface EtcdStoreOptions {
  /** etcd://HOST:PORT[,HOST:PORT...]/PREFIX */
  readonly url: string
  readonly clock: Clock
  readonly random: Random
  readonly security?: EtcdSecurity
  readonly timeouts?: EtcdTimeouts
  /** What etcd's servers were given as --max-txn-ops. */
  readonly transactionOperationsMax?: number
}

const timeoutsByDefault: EtcdTimeouts = { attemptMs: 2000, callMs: 10_000 }
const transactionOperationsByDefault = 128

/** Keys read at once: a large cluster is read in several messages, all as of one revision. */
const pageLength = 5000
/** How long a revision that an answer has named may stay unheard of until the watch is nudged. */
const nudgeAfterMs = 50
const watchPauseMs = { first: 50, max: 1000 }
/** Keys of the engine itself, which nobody sees. */
const markerFolder = '.commits/'

/**
 * The store that all brokers of a cluster share: etcd, over its v3 API.
 *
 * - commit is a transaction with a comparison for each expectation, in a lane that knows its outcome (commit-lanes.ts).
 * - One watch of all keys feeds every user's watch (change-feed.ts). It is opened again, behind what was heard, whenever it
 *   breaks; and where etcd has compacted what was missed, a snapshot is read, and the difference told.
 * - The revision counts all of etcd: other prefixes move it on without a word to our watch. So when an answer has named a
 *   revision that does not come, a marker is written: the watch hears of it, and that nothing else was before it.
 */
export class EtcdStore implements MetadataStore {
  readonly changesMax: number
  readonly #client: EtcdClient
  readonly #random: Random
  readonly #lanes: CommitLanes
  readonly #prefix: string
  readonly #range: { readonly key: Buffer; readonly rangeEnd: Buffer }
  readonly #timeouts: EtcdTimeouts
  #feed: ChangeFeed
  #watching = new AbortController()
  #isNudging = false

  private constructor(options: {
    client: EtcdClient
    lanes: CommitLanes
    random: Random
    prefix: string
    timeouts: EtcdTimeouts
    transactionOperationsMax: number
  }) {
    this.#client = options.client
    this.#random = options.random
    this.#lanes = options.lanes
    this.#prefix = options.prefix
    this.#timeouts = options.timeouts
    // One is the lane's marker.
    this.changesMax = options.transactionOperationsMax - 1
    const key = Buffer.from(this.#prefix)
    this.#range = { key, rangeEnd: endOfPrefix(key) }
    this.#feed = new ChangeFeed({ revision: 0, entries: [] })
  }

  /** Resolves when etcd has been read once; rejects as a read does. */
  static async open(options: EtcdStoreOptions): Promise<EtcdStore> {
    const { clock, random, security = {}, timeouts = timeoutsByDefault } = options
    const { endpoints, prefix: folder } = parseEtcdUrl(options.url)
    const prefix = `${folder}/`
    const client = await EtcdClient.load({ clock, random, endpoints, security, timeouts })
    const store = new EtcdStore({
      client,
      lanes: new CommitLanes({ client, clock, random, prefix: `${prefix}${markerFolder}` }),
      random,
      prefix,
      timeouts,
      transactionOperationsMax: options.transactionOperationsMax ?? transactionOperationsByDefault,
    })
    try {
      store.#feed = new ChangeFeed(await store.#readAll())
    } catch (error) {
      client.close()
      throw error
    }
    void store.#follow()
    return store
  }

  async read(): Promise<StoreSnapshot> {
    const snapshot = await this.#readAll()
    this.#expect(snapshot.revision)
    return snapshot
  }

  async commit(expected: ExpectedRevisions, changes: readonly StoreChange[]): Promise<CommitOutcome> {
    // etcd takes a key only once; the last word counts.
    const byKey = new Map(changes.map(change => [change.key, change]))
    if (byKey.size > this.changesMax || expected.size > this.changesMax) {
      const asked = `${byKey.size} changes with ${expected.size} expectations`
      throw new TooManyChangesError(`${asked} are more than the ${this.changesMax} that etcd takes in one transaction`)
    }
    const compare = [...expected].map(([key, revision]) => wroteLast(this.#keyOf(key), BigInt(revision)))
    const success = [...byKey.values()].map(change => this.#operation(change))
    const usesLease = changes.some(change => change.lease !== undefined)
    try {
      const outcome = await this.#lanes.commit({ compare, success, usesLease })
      if (outcome.kind === 'committed') this.#expect(outcome.revision)
      return outcome
    } catch (error) {
      throw asTooMany(error) ?? error
    }
  }

  watch(fromRevision: number, onChange: (changes: StoreChangeSet) => void): () => void {
    return this.#feed.watch(fromRevision, onChange)
  }

  async lease(ttlMs: number): Promise<StoreLease> {
    const retries = this.#client.retries()
    const leaseId = await grantLease(this.#client, {
      random: this.#random,
      ttlSeconds: Math.ceil(ttlMs / 1000),
      retries,
    })
    return {
      id: String(leaseId),
      keepAlive: () => this.#keepAlive(leaseId),
      revoke: async () => {
        try {
          await this.#client.call('leaseRevoke', { id: leaseId })
        } catch (error) {
          if (!isLeaseGone(error)) throw error
        }
      },
    }
  }

  async close(): Promise<void> {
    if (this.#client.isClosed) return
    this.#feed.close()
    await this.#lanes.close()
    this.#client.close()
    this.#watching.abort()
  }

  async #keepAlive(leaseId: bigint): Promise<void> {
    const retries = this.#client.retries()
    for (;;) {
      try {
        for await (const { ttl } of this.#client.stream('leaseKeepAlive', { id: leaseId })) {
          if (ttl > 0n) return
          throw new LeaseEndedError('the lease has ended')
        }
      } catch (error) {
        await retries.again(error)
      }
    }
  }

  /** All keys, as of the revision at which the first page was read. */
  async #readAll(): Promise<StoreSnapshot> {
    const retries = this.#client.retries()
    for (;;) {
      try {
        return await this.#readPages(retries)
      } catch (error) {
        const isCompacted = error instanceof EtcdRefusal && error.code === grpcCodes.outOfRange
        if (!isCompacted) throw error
        await retries.again(new EtcdSilence('the revision was compacted while it was read'))
      }
    }
  }

  async #readPages(retries: ReturnType<EtcdClient['retries']>): Promise<StoreSnapshot> {
    const entries: StoreEntry[] = []
    let { key } = this.#range
    let revision = 0n
    for (;;) {
      const page = { key, rangeEnd: this.#range.rangeEnd, limit: BigInt(pageLength), revision }
      const { header, kvs, more } = await this.#client.call('range', page, retries)
      if (revision === 0n) revision = header?.revision ?? 0n
      for (const kv of kvs) {
        const name = this.#nameOf(kv.key)
        if (name !== null) entries.push({ key: name, value: textOf(kv.value), revision: Number(kv.modRevision) })
      }
      const last = kvs.at(-1)
      if (!more || last === undefined) return { revision: Number(revision), entries }
      key = Buffer.concat([last.key, Buffer.alloc(1)])
    }
  }

  /** Watches until the store is closed, whatever happens to etcd. */
  async #follow(): Promise<void> {
    let failures = 0
    while (!this.#client.isClosed) {
      this.#watching = new AbortController()
      const { signal } = this.#watching
      try {
        const request = { create: { ...this.#range, startRevision: BigInt(this.#feed.revision + 1) } }
        for await (const response of this.#client.stream('watch', request, { signal })) {
          if (response.compactRevision > 0n) {
            this.#feed.catchUp(await this.#readAll())
            break
          }
          if (response.canceled) throw new EtcdSilence(`the watch was cancelled: ${response.cancelReason}`)
          failures = 0
          this.#hear(response.events)
        }
      } catch (error) {
        const isTrouble = error instanceof EtcdSilence || error instanceof MetadataStoreError
        if (!isTrouble) throw error
        const atMostMs = Math.min(watchPauseMs.max, watchPauseMs.first * 2 ** failures++)
        await this.#pause(atMostMs / 2 + this.#random.integer(atMostMs / 2 + 1))
      }
    }
  }

  /** A response holds whole revisions, one after the other: it was not asked for in fragments. */
  #hear(events: readonly EtcdMessage<'Event'>[]): void {
    let set: { revision: number; changes: { key: string; value: string | null }[] } | null = null
    for (const { type, kv } of events) {
      if (kv === undefined) continue
      const revision = Number(kv.modRevision)
      if (set !== null && set.revision !== revision) this.#feed.apply(set)
      if (set === null || set.revision !== revision) set = { revision, changes: [] }
      const key = this.#nameOf(kv.key)
      if (key !== null) set.changes.push({ key, value: type === 1 ? null : textOf(kv.value) })
    }
    if (set !== null) this.#feed.apply(set)
  }

  #expect(revision: number): void {
    this.#feed.expect(revision)
    if (this.#feed.isBehind && !this.#isNudging) void this.#nudge()
  }

  async #nudge(): Promise<void> {
    this.#isNudging = true
    await this.#pause(nudgeAfterMs)
    while (this.#feed.isBehind && !this.#client.isClosed) {
      const isSent = await this.#lanes.commit({ compare: [], success: [], usesLease: false }).catch(unlessBug)
      await this.#pause(nudgeAfterMs)
      if (!this.#feed.isBehind) break
      await this.#pause(this.#timeouts.attemptMs)
      // Even a marker was not heard of: this watch is deaf.
      if (isSent !== null && this.#feed.isBehind) this.#watching.abort()
    }
    this.#isNudging = false
  }

  /** Ends early when the store is closed. */
  async #pause(ms: number): Promise<void> {
    await this.#client.sleep(ms).catch(unlessBug)
  }

  #operation({ key, value, lease }: StoreChange): EtcdInput<'RequestOp'> {
    const at = this.#keyOf(key)
    if (value === null) return { deleteRange: { key: at } }
    return { put: { key: at, value: Buffer.from(value), lease: lease === undefined ? 0n : BigInt(lease.id) } }
  }

  #keyOf(name: string): Buffer {
    if (name === '' || name.startsWith(markerFolder)) throw new Error(`"${name}" cannot be a key`)
    return Buffer.from(this.#prefix + name)
  }

  /** Null for a marker. */
  #nameOf(key: Uint8Array): string | null {
    const name = textOf(key).slice(this.#prefix.length)
    return name.startsWith(markerFolder) ? null : name
  }
}

/** Trouble of the store is somebody else's to report: of a call that waits for an answer. */
function unlessBug(error: unknown): null {
  if (error instanceof MetadataStoreError) return null
  throw error
}

/** etcd's own limits, where they are lower than we were told. */
function asTooMany(error: unknown): TooManyChangesError | null {
  if (!(error instanceof EtcdRefusal)) return null
  const isLimit = error.code === grpcCodes.invalidArgument || error.code === grpcCodes.resourceExhausted
  if (!isLimit || !/too many operations|request is too large|message larger than max/.test(error.message)) return null
  return new TooManyChangesError(`${error.message} (its limits are --max-txn-ops and --max-request-bytes)`, {
    cause: error,
  })
}

/** The first key behind all keys with that prefix, which ends in a slash. */
function endOfPrefix(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix)
  const last = end.length - 1
  end[last] = (end[last] ?? 0) + 1
  return end
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
}
