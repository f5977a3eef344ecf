import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type MetadataStore,
  MetadataStoreError,
  type StoreChangeSet,
  type StoreSnapshot,
  StoreUnreachableError,
  TooManyChangesError,
} from './metadata-store.ts'
import { anything, contents, eventually, put, type StoreUnderTest } from './metadata-store-contract.ts'

/** Faults are between one client and the store, but for compaction. */
export interface SharedStoreUnderTest extends StoreUnderTest {
  /** Nothing gets from the one to the other, in either direction, until `heal`. */
  cutOff(client: string): void
  heal(client: string): void
  /** The next requests reach the store, and their answers do not come. Ends by itself soon after. */
  loseAnswers(client: string): void
  /** The store forgets all revisions but the present. */
  compact(): Promise<void>
  /** Somebody who has nothing to do with us moves the store's revision on. */
  strangerWrites(): Promise<void>
}

/** What every store does that several brokers share, besides what every store does. */
export function testSharedMetadataStore(create: () => SharedStoreUnderTest): void {
  const check = (behaviour: string, body: (under: SharedStoreUnderTest) => Promise<void>) => {
    test(behaviour, async () => {
      const under = create()
      try {
        await body(under)
      } finally {
        await under.dispose?.()
      }
    })
  }

  check('a client hears of what another commits, whole and in order', async under => {
    const { settle } = under
    const [one, other] = await openBoth(under)
    const follower = await Follower.of(other, under)
    for (let round = 1; round <= 50; round++) {
      await settle(one.commit(anything, [put('left', `${round}`), put('right', `${round}`)]))
    }
    await follower.catchesUp()
    assert.equal(follower.sets.length, 50)
    for (const [index, { changes }] of follower.sets.entries()) {
      const value = `${index + 1}`
      assert.deepEqual(changes, [
        { key: 'left', value },
        { key: 'right', value },
      ])
    }
  })

  check('of two clients that expect the same revision one succeeds, and the other finds out why', async under => {
    const { settle } = under
    const [one, other] = await openBoth(under)
    const expected = new Map([['a', 0]])
    const outcomes = await settle(
      Promise.all([one.commit(expected, [put('a', 'one')]), other.commit(expected, [put('a', 'other')])]),
    )
    assert.deepEqual(outcomes.map(({ kind }) => kind).sort(), ['committed', 'conflict'])
    const winner = outcomes[0].kind === 'committed' ? 'one' : 'other'
    assert.deepEqual(await contents(one, settle), { a: winner })
    assert.deepEqual(await contents(other, settle), { a: winner })
  })

  check('several clients count together without losing a step', async under => {
    const { settle } = under
    const stores = await settle(Promise.all(['one', 'two', 'three'].map(name => under.open(name))))
    const follower = await Follower.of(await settle(under.open('follower')), under)
    await settle(Promise.all(stores.map(store => countTo(store, 10))))
    await follower.catchesUp()
    assert.deepEqual(
      follower.sets.map(({ changes }) => changes[0]?.value),
      Array.from({ length: 30 }, (_, index) => `${index + 1}`),
    )
  })

  check('the keys of a client that dies go with its lease, and the others hear of it', async under => {
    const { settle, leaseTtlMs } = under
    const [one, other] = await openBoth(under)
    const lease = await settle(one.lease(leaseTtlMs))
    await settle(one.commit(anything, [{ ...put('broker/1', 'up'), lease }, put('kept', '1')]))
    const follower = await Follower.of(other, under)
    under.crash('one')
    await under.passTime(leaseTtlMs * 0.5)
    assert.deepEqual(await contents(other, settle), { 'broker/1': 'up', kept: '1' })
    await under.passTime(leaseTtlMs * 0.5 + under.leaseLatenessMs)
    assert.deepEqual(await contents(other, settle), { kept: '1' })
    await follower.catchesUp()
    assert.deepEqual(follower.sets[0]?.changes, [{ key: 'broker/1', value: null }])
  })

  check('a lease whose holder is cut off ends, and the holder finds out', async under => {
    const { settle, leaseTtlMs } = under
    const [one, other] = await openBoth(under)
    const lease = await settle(one.lease(leaseTtlMs))
    await settle(one.commit(anything, [{ ...put('broker/1', 'up'), lease }]))
    under.cutOff('one')
    await assert.rejects(settle(lease.keepAlive()), StoreUnreachableError)
    await under.passTime(leaseTtlMs + under.leaseLatenessMs)
    assert.deepEqual(await contents(other, settle), {})
    under.heal('one')
    await assert.rejects(settle(lease.keepAlive()), /the lease has ended/)
    assert.deepEqual(await settle(one.commit(anything, [{ ...put('x', '1'), lease }])), { kind: 'conflict' })
  })

  check('a watch can begin at an older revision, but not at one that is long past', async under => {
    const { settle } = under
    const [one, other] = await openBoth(under)
    const { revision } = await settle(other.read())
    for (let round = 1; round <= 20; round++) await settle(one.commit(anything, [put('a', `${round}`)]))
    await eventually(under, async () => (await heardNow(other, revision)).length === 20)
    for (let round = 1; round <= 300; round++) await settle(one.commit(anything, [put('a', `${round}`)]))
    const follower = await Follower.of(other, under)
    await follower.catchesUp()
    assert.throws(() => other.watch(revision, () => {}), /no change sets are kept.*read the store again/)
  })

  check('a client that is cut off is told so in bounded time, and goes on when it is back', async under => {
    const { settle } = under
    const [one, other] = await openBoth(under)
    await settle(one.commit(anything, [put('a', '1')]))
    const follower = await Follower.of(other, under)
    under.cutOff('other')
    const failures = await settle(Promise.allSettled([other.read(), other.lease(10_000), other.commit(anything, [])]))
    for (const failure of failures) {
      assert.ok(failure.status === 'rejected' && failure.reason instanceof StoreUnreachableError)
    }
    for (let round = 1; round <= 5; round++) await settle(one.commit(anything, [put('b', `${round}`)]))
    under.heal('other')
    await follower.catchesUp()
    assert.deepEqual(
      follower.sets.filter(({ changes }) => changes.length > 0).map(({ changes }) => changes[0]?.value),
      ['1', '2', '3', '4', '5'],
    )
    assert.deepEqual(await contents(other, settle), { a: '1', b: '5' })
    assert.equal((await settle(other.commit(anything, [put('c', '1')]))).kind, 'committed')
  })

  check('what was compacted while a client was cut off comes as one difference', async under => {
    const { settle } = under
    const [one, other] = await openBoth(under)
    await settle(one.commit(anything, [put('changed', '1'), put('removed', '1'), put('kept', '1')]))
    const follower = await Follower.of(other, under)
    under.cutOff('other')
    await settle(one.commit(anything, [put('changed', '2'), put('passing', '1')]))
    await settle(one.commit(anything, [put('removed', null), put('passing', null)]))
    await settle(one.commit(anything, [put('added', '1')]))
    await settle(one.commit(anything, [put('changed', '3')]))
    await settle(under.compact())
    under.heal('other')
    await follower.catchesUp()
    const difference = follower.sets.filter(({ changes }) => changes.length > 0)
    assert.equal(difference.length, 1)
    const values = difference[0]?.changes.map(({ key, value }) => [key, value]).sort()
    assert.deepEqual(values, [
      ['added', '1'],
      ['changed', '3'],
      ['removed', null],
    ])
    // What it names as the last writes is what a commit can stand on.
    const expected = new Map([...follower.entries].map(([key, { revision }]) => [key, revision]))
    assert.equal((await settle(other.commit(expected, [put('a', '1')]))).kind, 'committed')
  })

  check('a commit whose answer is lost is told for what it was', async under => {
    const { settle } = under
    const [one, other] = await openBoth(under)
    const follower = await Follower.of(other, under)
    const committed: string[] = []
    const unknown: string[] = []
    for (let round = 1; round <= 4; round++) {
      const value = `${round}`
      const { entries } = await settle(other.read())
      under.loseAnswers('one')
      // Nobody else writes: so a conflict would be with itself.
      const expected = new Map([['a', entries[0]?.revision ?? 0]])
      const [outcome] = await settle(Promise.allSettled([one.commit(expected, [put('a', value)])]))
      if (outcome.status === 'fulfilled') {
        assert.ok(outcome.value.kind === 'committed')
        const [entry] = (await settle(other.read())).entries
        assert.deepEqual(entry, { key: 'a', value, revision: outcome.value.revision })
        committed.push(value)
      } else {
        assert.ok(outcome.reason instanceof StoreUnreachableError)
        unknown.push(value)
        await eventually(under, () => isReachable(one, under))
      }
    }
    await follower.catchesUp()
    const heard = follower.sets.flatMap(({ changes }) => changes.map(({ value }) => value ?? ''))
    assert.deepEqual(
      heard.filter(value => !unknown.includes(value)),
      committed,
    )
    assert.equal(new Set(heard).size, heard.length, 'a commit happened twice')
  })

  check('a commit that is too large is refused as a whole, and one that is not is done as a whole', async under => {
    const { settle } = under
    const [one, other] = await openBoth(under)
    const follower = await Follower.of(other, under)
    const changes = Array.from({ length: one.changesMax }, (_, index) => put(`key-${index}`, 'x'))
    const none = new Map(changes.map(({ key }) => [key, 0]))
    assert.equal((await settle(one.commit(none, changes))).kind, 'committed')
    await assert.rejects(settle(one.commit(anything, [...changes, put('more', 'x')])), TooManyChangesError)
    await assert.rejects(settle(one.commit(new Map([...none, ['more', 0]]), [])), TooManyChangesError)
    await follower.catchesUp()
    assert.deepEqual(
      follower.sets.map(set => set.changes.length),
      [one.changesMax],
    )
    assert.equal(Object.keys(await contents(other, settle)).length, one.changesMax)
  })

  check('a watch gets to revisions at which only strangers wrote', async under => {
    const { settle } = under
    const [one, other] = await openBoth(under)
    const follower = await Follower.of(other, under)
    await settle(under.strangerWrites())
    await follower.catchesUp()
    assert.ok(follower.sets.every(({ changes }) => changes.length === 0))
    await settle(one.commit(anything, [put('a', '1')]))
    await follower.catchesUp()
    assert.deepEqual(follower.sets.at(-1)?.changes, [{ key: 'a', value: '1' }])
  })

  check('a closed store rejects, and its watches are silent', async under => {
    const { settle } = under
    const [one, other] = await openBoth(under)
    const follower = await Follower.of(other, under)
    await settle(other.close())
    await settle(one.commit(anything, [put('a', '1')]))
    await under.passTime(100)
    assert.deepEqual(follower.sets, [])
    await assert.rejects(settle(other.read()), MetadataStoreError)
    await assert.rejects(settle(other.commit(anything, [])), MetadataStoreError)
    await settle(other.close())
  })
}

/** A broker that reads once and then follows by its watch; what it holds must be what the store holds. */
export class Follower {
  readonly entries = new Map<string, { value: string; revision: number }>()
  readonly sets: StoreChangeSet[] = []
  readonly #store: MetadataStore
  readonly #under: StoreUnderTest
  readonly startRevision: number
  revision: number

  private constructor(store: MetadataStore, under: StoreUnderTest, { revision, entries }: StoreSnapshot) {
    this.#store = store
    this.#under = under
    this.startRevision = revision
    this.revision = revision
    for (const { key, ...entry } of entries) this.entries.set(key, entry)
  }

  static async of(store: MetadataStore, under: StoreUnderTest): Promise<Follower> {
    const snapshot = await under.settle(store.read())
    const follower = new Follower(store, under, snapshot)
    store.watch(snapshot.revision, set => follower.#hear(set))
    return follower
  }

  /** Waits until it has heard all up to now, and compares. */
  async catchesUp(): Promise<void> {
    let snapshot: StoreSnapshot | undefined
    await eventually(this.#under, async () => {
      const [read] = await this.#under.settle(Promise.allSettled([snapshot ?? this.#store.read()]))
      if (read.status === 'fulfilled') snapshot = read.value
      return snapshot !== undefined && this.revision >= snapshot.revision
    })
    const held = [...this.entries].map(([key, entry]) => ({ key, ...entry })).sort((a, b) => (a.key < b.key ? -1 : 1))
    if (this.revision === snapshot?.revision) assert.deepEqual(held, snapshot.entries)
  }

  #hear(set: StoreChangeSet): void {
    assert.ok(set.revision > this.revision, `heard ${set.revision} after ${this.revision}`)
    this.revision = set.revision
    this.sets.push(set)
    for (const { key, value, revision = set.revision } of set.changes) {
      if (value === null) this.entries.delete(key)
      else this.entries.set(key, { value, revision })
    }
  }
}

function openBoth(under: SharedStoreUnderTest): Promise<[MetadataStore, MetadataStore]> {
  return under.settle(Promise.all([under.open('one'), under.open('other')]))
}

/** Adds one to the counter, that many times, each time on what it has just read. */
export async function countTo(store: MetadataStore, steps: number): Promise<void> {
  for (let done = 0; done < steps; ) {
    const counter = (await store.read()).entries.find(({ key }) => key === 'counter')
    const next = put('counter', `${Number(counter?.value ?? 0) + 1}`)
    const outcome = await store.commit(new Map([['counter', counter?.revision ?? 0]]), [next])
    if (outcome.kind === 'committed') done++
  }
}

async function heardNow(store: MetadataStore, revision: number): Promise<StoreChangeSet[]> {
  const heard: StoreChangeSet[] = []
  store.watch(revision, set => heard.push(set))()
  return heard
}

async function isReachable(store: MetadataStore, { settle }: StoreUnderTest): Promise<boolean> {
  const [read] = await settle(Promise.allSettled([store.read()]))
  return read.status === 'fulfilled'
}
