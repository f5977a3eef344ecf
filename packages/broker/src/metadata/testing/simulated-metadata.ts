import type { Clock } from '@odradek/platform'
import { ProcessDied, type Range, type SeededRandom, type Simulation } from '@odradek/platform/simulated'
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
  StoreUnreachableError,
  TooManyChangesError,
} from '../metadata-store.ts'

/** What may happen to a message between a client and the store. All are off by default but latency. */
export interface MetadataFaults {
  latencyMs: Range
  /** Of a message to be lost. */
  loss: number
  /** Of a message to come late, and how late. */
  stall: number
  stallMs: Range
  /** How much later than the answers the watches hear. */
  watchDelayMs: Range
  /** How late the store ends a lease. */
  leaseLatenessMs: Range
}

function quietMetadata(): MetadataFaults {
  return {
    latencyMs: [0.2, 3],
    loss: 0,
    stall: 0,
    stallMs: [10, 20_000],
    watchDelayMs: [0, 2],
    leaseLatenessMs: [0, 500],
  }
}

const changesMax = 127
const callMs = 10_000
const retryMs = 1000

interface Entry {
  readonly value: string
  readonly revision: number
  readonly leaseId: string | null
}

/** What a commit has made of a key. */
export interface CommittedWrite {
  readonly key: string
  readonly value: string | null
  readonly before: string | null
}

interface Lease {
  readonly owner: string
  readonly ttlMs: number
  end: { cancel(): void }
}

/**
 * The store that the brokers of a simulated world share. It is a place of its own: no machine's crash touches it, and it does one
 * thing at a time. `open` gives a broker's client, which is as patient, and as unsure, as the one for etcd.
 *
 * Faults: messages come late, or never (the dials); a client, or everybody, is cut off for a while; so a commit may have
 * happened without its answer, or happen after it was given up. A lease ends late, or early (`endLeases`: a store that
 * was restored, or an operator). Watches lag behind the answers. History is forgotten (`compact`), and strangers move
 * the revision on. What was committed is never lost, a revision never goes back, and no commit happens twice or in part.
 */
export class SimulatedMetadata {
  readonly faults = quietMetadata()
  readonly #simulation: Simulation
  readonly #random: SeededRandom
  readonly #entries = new Map<string, Entry>()
  readonly #leases = new Map<string, Lease>()
  readonly #clients = new Set<SimulatedClient>()
  readonly #cutOff = new Set<string>()
  readonly #answerlessUntilMs = new Map<string, number>()
  readonly #listeners = new Map<string, (write: CommittedWrite) => boolean>()
  /** All that ever happened, for checkers; clients get to see only what is not yet compacted. */
  readonly history: StoreChangeSet[] = []
  #hearRunOut: (entries: readonly StoreEntry[]) => void = () => {}
  #compactedTo = 1
  #revision = 1
  #leaseCount = 0

  constructor(simulation: Simulation) {
    this.#simulation = simulation
    this.#random = simulation.random('metadata store')
  }

  get revision(): number {
    return this.#revision
  }

  /** The store as a client of that name sees it; `clock` is that of its process, and dies with it. */
  async open(name: string, clock: Clock): Promise<MetadataStore> {
    const client = new SimulatedClient({ name, clock, world: this })
    await client.begin()
    this.#clients.add(client)
    return client
  }

  /** Nothing gets through any more, to or from that client, or anybody. */
  cutOff(client = '*'): void {
    this.#cutOff.add(client)
  }

  heal(client = '*'): void {
    this.#cutOff.delete(client)
  }

  /** For that long its requests get through, and the answers do not. */
  loseAnswers(client: string, forMs: number): void {
    this.#answerlessUntilMs.set(client, this.#simulation.nowMs + forMs)
  }

  /** Tells of all that commits of that client write, before their answers are on their way, until it has heard enough (true). */
  afterWrites(client: string, hear: (write: CommittedWrite) => boolean): void {
    this.#listeners.set(client, hear)
  }

  /** Tells of each lease that runs out, and is not ended early, what has stood under it until now. */
  whenLeaseRunsOut(hear: (entries: readonly StoreEntry[]) => void): void {
    this.#hearRunOut = hear
  }

  /** Early, and at once. */
  endLeases(client: string): void {
    for (const [id, { owner }] of this.#leases) if (owner === client) this.endLease(id)
  }

  compact(): void {
    this.#compactedTo = this.#revision
  }

  strangerWrites(): void {
    this.#revision++
  }

  // What follows is for the clients: what happens at the store when their requests arrive, and how those travel.

  request(client: SimulatedClient, arrive: () => void): void {
    this.#travel(client, 0, arrive)
  }

  answer(client: SimulatedClient, arrive: () => void): void {
    if (this.#simulation.nowMs < (this.#answerlessUntilMs.get(client.name) ?? 0)) return
    this.#travel(client, 0, arrive)
  }

  snapshot(): StoreSnapshot {
    const entries = [...this.#entries]
      .map(([key, { value, revision }]) => ({ key, value, revision }))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
    return { revision: this.#revision, entries }
  }

  commit(client: string, expected: ExpectedRevisions, changes: readonly StoreChange[]): CommitOutcome {
    for (const [key, revision] of expected) {
      if ((this.#entries.get(key)?.revision ?? 0) !== revision) return { kind: 'conflict' }
    }
    if (changes.some(({ lease }) => lease !== undefined && !this.#leases.has(lease.id))) return { kind: 'conflict' }
    const writes = changes.map(({ key, value }) => ({ key, value, before: this.#entries.get(key)?.value ?? null }))
    this.#write(changes)
    const hear = this.#listeners.get(client)
    if (hear !== undefined && writes.some(hear)) this.#listeners.delete(client)
    return { kind: 'committed', revision: this.#revision }
  }

  grantLease(owner: string, ttlMs: number): string {
    const id = `lease-${++this.#leaseCount}`
    this.#leases.set(id, { owner, ttlMs, end: this.#leaseEnd(id, ttlMs) })
    return id
  }

  keepLease(id: string): void {
    const lease = this.#leases.get(id)
    if (lease === undefined) throw new LeaseEndedError('the lease has ended')
    lease.end.cancel()
    lease.end = this.#leaseEnd(id, lease.ttlMs)
  }

  endLease(id: string): void {
    this.#leases.get(id)?.end.cancel()
    this.#leases.delete(id)
    const entries = this.#entriesUnder(id)
    if (entries.length > 0) this.#write(entries.map(({ key }) => ({ key, value: null })))
  }

  #entriesUnder(lease: string): StoreEntry[] {
    return [...this.#entries]
      .filter(([, { leaseId }]) => leaseId === lease)
      .map(([key, { value, revision }]) => ({ key, value, revision }))
  }

  /** Sends a client what it has not heard, one message at a time, again and again until it has arrived. */
  tell(client: SimulatedClient): void {
    const { feed } = client
    if (client.isGone || client.isBeingTold || (feed.revision >= this.#revision && !feed.isBehind)) return
    client.isBeingTold = true
    const upTo = this.#revision
    const snapshot = feed.revision < this.#compactedTo ? this.snapshot() : null
    const heard = this.history.findLastIndex(({ revision }) => revision <= feed.revision)
    const sets = snapshot === null ? this.history.slice(heard + 1) : []
    const again = this.#simulation.at(this.#simulation.nowMs + retryMs, () => {
      client.isBeingTold = false
      this.tell(client)
    })
    this.#travel(client, this.#random.between(this.faults.watchDelayMs), () => {
      client.inItsProcess(() => {
        if (snapshot !== null) feed.catchUp(snapshot)
        for (const set of sets) feed.apply(set)
        if (feed.isBehind) feed.advance(upTo)
        again.cancel()
        client.isBeingTold = false
        this.tell(client)
      })
    })
  }

  forget(client: SimulatedClient): void {
    this.#clients.delete(client)
  }

  #write(changes: readonly StoreChange[]): void {
    const revision = ++this.#revision
    const done: { key: string; value: string | null }[] = []
    for (const { key, value, lease } of new Map(changes.map(change => [change.key, change])).values()) {
      if (value !== null) this.#entries.set(key, { value, revision, leaseId: lease?.id ?? null })
      else if (!this.#entries.delete(key)) continue
      done.push({ key, value })
    }
    this.history.push({ revision, changes: done })
    for (const client of this.#clients) this.tell(client)
  }

  #leaseEnd(id: string, ttlMs: number): { cancel(): void } {
    const lateMs = this.#random.between(this.faults.leaseLatenessMs)
    return this.#simulation.at(this.#simulation.nowMs + ttlMs + lateMs, () => {
      this.#hearRunOut(this.#entriesUnder(id))
      this.endLease(id)
    })
  }

  #travel({ name }: SimulatedClient, delayMs: number, arrive: () => void): void {
    if (!this.#isReachedBy(name) || this.#random.chance(this.faults.loss)) return
    const stallMs = this.#random.chance(this.faults.stall) ? this.#random.between(this.faults.stallMs) : 0
    const latencyMs = this.#random.between(this.faults.latencyMs)
    this.#simulation.at(this.#simulation.nowMs + latencyMs + stallMs + delayMs, () => {
      if (this.#isReachedBy(name)) arrive()
    })
  }

  #isReachedBy(client: string): boolean {
    return !this.#cutOff.has(client) && !this.#cutOff.has('*')
  }
}

class SimulatedClient implements MetadataStore {
  readonly changesMax = changesMax
  readonly name: string
  readonly #clock: Clock
  readonly #world: SimulatedMetadata
  readonly #callsUnderWay = new Set<() => void>()
  #feed = new ChangeFeed({ revision: 0, entries: [] })
  isBeingTold = false
  /** Closed, or its process is dead. */
  isGone = false

  constructor(options: { name: string; clock: Clock; world: SimulatedMetadata }) {
    this.name = options.name
    this.#clock = options.clock
    this.#world = options.world
  }

  get feed(): ChangeFeed {
    return this.#feed
  }

  async begin(): Promise<void> {
    this.#feed = new ChangeFeed(await this.#call(() => this.#world.snapshot()))
  }

  async read(): Promise<StoreSnapshot> {
    const snapshot = await this.#call(() => this.#world.snapshot())
    this.#expect(snapshot.revision)
    return snapshot
  }

  async commit(expected: ExpectedRevisions, changes: readonly StoreChange[]): Promise<CommitOutcome> {
    if (new Set(changes.map(({ key }) => key)).size > changesMax || expected.size > changesMax) {
      throw new TooManyChangesError(`more than ${changesMax} changes or expectations at once`)
    }
    const outcome = await this.#call(() => this.#world.commit(this.name, expected, changes))
    if (outcome.kind === 'committed') this.#expect(outcome.revision)
    return outcome
  }

  watch(fromRevision: number, onChange: (changes: StoreChangeSet) => void): () => void {
    return this.#feed.watch(fromRevision, onChange)
  }

  async lease(ttlMs: number): Promise<StoreLease> {
    const id = await this.#call(() => this.#world.grantLease(this.name, ttlMs))
    return {
      id,
      keepAlive: () => this.#call(() => this.#world.keepLease(id)),
      revoke: () => this.#call(() => this.#world.endLease(id)),
    }
  }

  async close(): Promise<void> {
    this.#leave()
    for (const end of [...this.#callsUnderWay]) end()
  }

  /** An event of the client's own process, if that still lives. */
  inItsProcess(callback: () => void): void {
    try {
      this.#clock.soon(() => {
        if (!this.isGone) callback()
      })
    } catch (error) {
      if (!(error instanceof ProcessDied)) throw error
      this.#leave()
    }
  }

  /** The same request is sent until there is an answer; however often it arrives, the store does it once. */
  #call<T>(perform: () => T): Promise<T> {
    if (this.isGone) return Promise.reject(closedError())
    return new Promise((resolve, reject) => {
      let answer: (() => void) | null = null
      const end = (settle: () => void) => {
        retry.cancel()
        deadline.cancel()
        this.#callsUnderWay.delete(close)
        settle()
      }
      const close = () => end(() => reject(closedError()))
      const send = () => {
        this.#world.request(this, () => {
          answer ??= outcomeOf(perform, resolve, reject)
          const settle = answer
          this.#world.answer(this, () => this.inItsProcess(() => end(settle)))
        })
        return this.#clock.after(retryMs, () => {
          retry = send()
        })
      }
      const deadline = this.#clock.after(callMs, () => {
        end(() => reject(new StoreUnreachableError(`the metadata store has not answered within ${callMs} ms`)))
      })
      let retry = send()
      this.#callsUnderWay.add(close)
    })
  }

  #expect(revision: number): void {
    this.#feed.expect(revision)
    this.#world.tell(this)
  }

  #leave(): void {
    this.isGone = true
    this.#feed.close()
    this.#world.forget(this)
  }
}

function outcomeOf<T>(perform: () => T, resolve: (value: T) => void, reject: (error: unknown) => void): () => void {
  try {
    const value = perform()
    return () => resolve(value)
  } catch (error) {
    return () => reject(error)
  }
}

function closedError(): MetadataStoreError {
  return new MetadataStoreError('the metadata store is closed')
}
