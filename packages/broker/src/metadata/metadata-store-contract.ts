import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LeaseEndedError, type MetadataStore, type StoreChange, type StoreChangeSet } from './metadata-store.ts'

export interface StoreUnderTest {
  /** The shortest lease that the store grants, and how much later than that it may end one. */
  readonly leaseTtlMs: number
  readonly leaseLatenessMs: number
  /** Opens the store for a client, which is one broker; after `crash`, opens it again. */
  open(client?: string): Promise<MetadataStore>
  /** The process that uses the store is gone from one moment to the next. */
  crash(client?: string): void
  /** Waits for a call; a simulated world needs its time to be driven meanwhile. */
  settle<T>(call: Promise<T>): Promise<T>
  passTime(ms: number): Promise<void>
  dispose?(): Promise<void>
}

type Settle = StoreUnderTest['settle']

export const anything: ReadonlyMap<string, number> = new Map()
const patienceMs = 15_000

/** What every MetadataStore does; each engine runs it in its own test file. */
export function testMetadataStore(create: () => StoreUnderTest): void {
  const check = (behaviour: string, body: (store: MetadataStore, under: StoreUnderTest) => Promise<void>) => {
    test(behaviour, async () => {
      const under = create()
      try {
        await body(await under.settle(under.open()), under)
      } finally {
        await under.dispose?.()
      }
    })
  }

  check('a new store is empty', async (store, { settle }) => {
    assert.deepEqual((await settle(store.read())).entries, [])
  })

  check('a commit writes all its changes at one revision', async (store, { settle }) => {
    const outcome = await settle(store.commit(anything, [put('b', '1'), put('a', '2')]))
    assert.equal(outcome.kind, 'committed')
    const { revision, entries } = await settle(store.read())
    assert.deepEqual(outcome, { kind: 'committed', revision })
    assert.deepEqual(entries, [
      { key: 'a', value: '2', revision },
      { key: 'b', value: '1', revision },
    ])
  })

  check('of two changes of a key in one commit the last counts', async (store, { settle }) => {
    await settle(store.commit(anything, [put('a', '1'), put('a', '2'), put('b', '1'), put('b', null)]))
    assert.deepEqual(await contents(store, settle), { a: '2' })
  })

  check('a commit whose expectation does not hold writes nothing', async (store, { settle }) => {
    await settle(store.commit(new Map([['a', 0]]), [put('a', '1')]))
    const before = await settle(store.read())
    assert.deepEqual(await settle(store.commit(new Map([['a', 0]]), [put('b', '1')])), { kind: 'conflict' })
    assert.deepEqual(await settle(store.commit(new Map([['c', 7]]), [put('b', '1')])), { kind: 'conflict' })
    assert.deepEqual(await settle(store.read()), before)
  })

  check('of two commits that expect the same revision one succeeds', async (store, { settle }) => {
    const expected = new Map([['a', 0]])
    const outcomes = await settle(
      Promise.all([store.commit(expected, [put('a', '1')]), store.commit(expected, [put('a', '2')])]),
    )
    assert.deepEqual(outcomes.map(({ kind }) => kind).sort(), ['committed', 'conflict'])
  })

  check('a removed key is as if it had never been', async (store, { settle }) => {
    await settle(store.commit(anything, [put('a', '1')]))
    await settle(store.commit(anything, [put('a', null)]))
    assert.deepEqual((await settle(store.read())).entries, [])
    assert.equal((await settle(store.commit(new Map([['a', 0]]), [put('a', '2')]))).kind, 'committed')
  })

  check('a watch hears every change set in order, from where it asked', async (store, under) => {
    const { settle } = under
    await settle(store.commit(anything, [put('a', '1')]))
    const { revision } = await settle(store.read())
    await settle(store.commit(anything, [put('b', '2')]))
    const heard: StoreChangeSet[] = []
    const stop = store.watch(revision, set => heard.push(set))
    await settle(store.commit(anything, [put('b', null), put('c', '3')]))
    await eventually(under, async () => heard.length === 2)
    stop()
    const { kind } = await settle(store.commit(anything, [put('d', '4')]))
    assert.equal(kind, 'committed')
    await under.passTime(50)
    assert.deepEqual(
      heard.map(({ changes }) => changes),
      [
        [{ key: 'b', value: '2' }],
        [
          { key: 'b', value: null },
          { key: 'c', value: '3' },
        ],
      ],
    )
    assert.ok(heard.every((set, index) => set.revision > (heard[index - 1]?.revision ?? revision)))
  })

  check('a watch gets to every revision that an answer names', async (store, under) => {
    const { settle } = under
    let heardOf = 0
    store.watch((await settle(store.read())).revision, ({ revision }) => {
      heardOf = revision
    })
    const outcome = await settle(store.commit(anything, [put('never-there', null)]))
    assert.ok(outcome.kind === 'committed')
    await eventually(under, async () => heardOf >= outcome.revision)
    const { revision } = await settle(store.read())
    await eventually(under, async () => heardOf >= revision)
  })

  check('the keys of a lease go when it is not kept alive', async (store, under) => {
    const { settle, leaseTtlMs } = under
    const lease = await settle(store.lease(leaseTtlMs))
    await settle(store.commit(anything, [{ ...put('mine', '1'), lease }, put('other', '2')]))
    for (let round = 0; round < 3; round++) {
      await under.passTime(leaseTtlMs * 0.7)
      await settle(lease.keepAlive())
    }
    assert.deepEqual(await contents(store, settle), { mine: '1', other: '2' })
    await under.passTime(leaseTtlMs + under.leaseLatenessMs)
    assert.deepEqual(await contents(store, settle), { other: '2' })
    await assert.rejects(settle(lease.keepAlive()), LeaseEndedError)
    assert.deepEqual(await settle(store.commit(anything, [{ ...put('x', '1'), lease }])), { kind: 'conflict' })
    assert.deepEqual(await contents(store, settle), { other: '2' })
  })

  check('a revoked lease takes its keys with it at once, and a watch hears of it', async (store, under) => {
    const { settle } = under
    const lease = await settle(store.lease(60_000))
    const mine = [
      { ...put('mine/1', '1'), lease },
      { ...put('mine/2', '1'), lease },
    ]
    await settle(store.commit(anything, mine))
    const heard: StoreChangeSet[] = []
    store.watch((await settle(store.read())).revision, set => heard.push(set))
    await settle(lease.revoke())
    assert.deepEqual(await contents(store, settle), {})
    await eventually(under, async () => heard.length > 0)
    const gone = [...(heard[0]?.changes ?? [])].sort((a, b) => (a.key < b.key ? -1 : 1))
    assert.deepEqual(gone, [
      { key: 'mine/1', value: null },
      { key: 'mine/2', value: null },
    ])
    await settle(lease.revoke())
    await assert.rejects(settle(lease.keepAlive()), LeaseEndedError)
  })

  check('what was committed is there after a crash, but for what was leased', async (store, under) => {
    const { settle, leaseTtlMs } = under
    const lease = await settle(store.lease(leaseTtlMs))
    await settle(store.commit(anything, [put('a', '1'), { ...put('mine', '1'), lease }]))
    await settle(store.commit(anything, [put('b', 'ü\u0000"')]))
    const { revision } = await settle(store.read())
    under.crash()
    const again = await settle(under.open())
    await under.passTime(leaseTtlMs + under.leaseLatenessMs)
    assert.deepEqual(await contents(again, settle), { a: '1', b: 'ü\u0000"' })
    const outcome = await settle(again.commit(anything, [put('c', '1')]))
    assert.ok(outcome.kind === 'committed' && outcome.revision > revision)
  })
}

export function put(key: string, value: string | null): StoreChange {
  return { key, value }
}

export async function contents(store: MetadataStore, settle: Settle): Promise<Record<string, string>> {
  return Object.fromEntries((await settle(store.read())).entries.map(({ key, value }) => [key, value]))
}

/** A store may be heard of a little later than it answers. */
export async function eventually(
  { passTime }: Pick<StoreUnderTest, 'passTime'>,
  condition: () => Promise<boolean>,
): Promise<void> {
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += 20) {
    if (await condition()) return
    await passTime(20)
  }
  assert.fail(`it did not come to pass within ${patienceMs} ms`)
}
