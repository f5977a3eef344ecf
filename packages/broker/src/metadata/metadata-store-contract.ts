import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MetadataStore, StoreChange, StoreChangeSet } from './metadata-store.ts'

export interface StoreUnderTest {
  /** Opens the store; after `crash`, opens it again. */
  open(): Promise<MetadataStore>
  /** The process that uses the store is gone from one moment to the next. */
  crash(): void
  /** Waits for a call; a simulated world needs its time to be driven meanwhile. */
  settle<T>(call: Promise<T>): Promise<T>
  passTime(ms: number): Promise<void>
}

const anything = new Map<string, number>()

/** What every MetadataStore does; each engine runs it in its own test file. */
export function testMetadataStore(create: () => StoreUnderTest): void {
  const check = (behaviour: string, body: (store: MetadataStore, under: StoreUnderTest) => Promise<void>) => {
    test(behaviour, async () => {
      const under = create()
      const store = await under.settle(under.open())
      await body(store, under)
    })
  }

  check('a new store is empty', async (store, { settle }) => {
    assert.deepEqual(await settle(store.read()), { revision: 0, entries: [] })
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

  check('a watch hears every change set in order, from where it asked', async (store, { settle }) => {
    await settle(store.commit(anything, [put('a', '1')]))
    const { revision } = await settle(store.read())
    await settle(store.commit(anything, [put('b', '2')]))
    const heard: StoreChangeSet[] = []
    const stop = store.watch(revision, set => heard.push(set))
    await settle(store.commit(anything, [put('b', null), put('c', '3')]))
    stop()
    await settle(store.commit(anything, [put('d', '4')]))
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

  check('the keys of a lease go when it is not kept alive', async (store, { settle, passTime }) => {
    const lease = await settle(store.lease(1000))
    await settle(store.commit(anything, [{ ...put('mine', '1'), lease }, put('other', '2')]))
    for (let round = 0; round < 3; round++) {
      await passTime(700)
      await settle(lease.keepAlive())
    }
    assert.deepEqual(await keys(store, settle), ['mine', 'other'])
    await passTime(1500)
    assert.deepEqual(await keys(store, settle), ['other'])
    await assert.rejects(settle(lease.keepAlive()))
    assert.deepEqual(await settle(store.commit(anything, [{ ...put('x', '1'), lease }])), { kind: 'conflict' })
  })

  check('a revoked lease takes its keys with it at once, and a watch hears of it', async (store, { settle }) => {
    const lease = await settle(store.lease(60_000))
    await settle(store.commit(anything, [{ ...put('mine', '1'), lease }]))
    const heard: StoreChangeSet[] = []
    store.watch((await settle(store.read())).revision, set => heard.push(set))
    await settle(lease.revoke())
    assert.deepEqual(await keys(store, settle), [])
    assert.deepEqual(heard[0]?.changes, [{ key: 'mine', value: null }])
  })

  check('what was committed is there after a crash, but for what was leased', async (store, under) => {
    const { settle } = under
    const lease = await settle(store.lease(60_000))
    await settle(store.commit(anything, [put('a', '1'), { ...put('mine', '1'), lease }]))
    await settle(store.commit(anything, [put('b', 'ü\u0000"')]))
    const { revision } = await settle(store.read())
    under.crash()
    const again = await settle(under.open())
    assert.deepEqual(await keys(again, settle), ['a', 'b'])
    const entries = new Map((await settle(again.read())).entries.map(({ key, value }) => [key, value]))
    assert.equal(entries.get('b'), 'ü\u0000"')
    const outcome = await settle(again.commit(anything, [put('c', '1')]))
    assert.ok(outcome.kind === 'committed' && outcome.revision > revision)
  })
}

function put(key: string, value: string | null): StoreChange {
  return { key, value }
}

async function keys(store: MetadataStore, settle: StoreUnderTest['settle']): Promise<string[]> {
  return (await settle(store.read())).entries.map(({ key }) => key)
}
