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
