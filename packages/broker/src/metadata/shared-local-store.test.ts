import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSimulation } from '@odradek/platform/simulated'
import { LocalStore } from './local-store.ts'
import { testMetadataStore } from './metadata-store-contract.ts'
import { SharedLocalStore, type SharedStoreClient } from './shared-local-store.ts'
import { type SharedStoreUnderTest, testSharedMetadataStore } from './shared-metadata-store-contract.ts'

testMetadataStore(create)
testSharedMetadataStore(create)

function create(): SharedStoreUnderTest {
  const simulation = createSimulation({ seed: 'shared' })
  const { disk, clock } = simulation.platform('store')
  const opening = LocalStore.open({ disk, clock, path: '/metadata' }).then(({ store }) => ({
    store,
    shared: new SharedLocalStore(store),
  }))
  const clients = new Map<string, SharedStoreClient>()
  return {
    leaseTtlMs: 1000,
    leaseLatenessMs: 10,
    open: async (name = 'one') => {
      const client = await (await opening).shared.open({ clock })
      clients.set(name, client)
      return client
    },
    crash: (name = 'one') => void clients.get(name)?.close(),
    settle: call => simulation.settle(call),
    passTime: ms => simulation.runFor(ms),
    cutOff: name => clients.get(name)?.cut(),
    heal: name => clients.get(name)?.heal(),
    loseAnswers: name => {
      const client = clients.get(name)
      client?.loseAnswers()
      clock.after(700, () => client?.heal())
    },
    compact: async () => (await opening).shared.compact(),
    strangerWrites: async () => void (await (await opening).store.commit(new Map(), [])),
  }
}

test('what happens while a client catches up does not hide from it what it has missed', async () => {
  const { open, settle, cutOff, heal } = create()
  const [writer, reader] = [await settle(open('writer')), await settle(open('reader'))]
  const known = new Set<string>()
  reader.watch(0, ({ changes }) => {
    for (const { key } of changes) known.add(key)
  })
  const write = (key: string) => settle(writer.commit(new Map(), [{ key, value: 'x' }]))
  cutOff('reader')
  for (let count = 0; count < 300; count++) await write(`missed ${count}`)
  // Healed by whoever hears of a change, before that is told to all.
  const stop = writer.watch((await settle(writer.read())).revision, () => heal('reader'))
  await write('last')
  stop()
  await write('later')
  await settle(reader.read())
  assert.equal(known.size, 302)
})
