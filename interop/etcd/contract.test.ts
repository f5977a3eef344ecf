/** The engine for etcd keeps the contract of metadata stores on a real cluster of three members. */
import { after, before } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createNodePlatform } from '@odradek/platform/node'
import { EtcdStore } from '../../packages/broker/src/metadata/etcd/etcd-store.ts'
import type { MetadataStore } from '../../packages/broker/src/metadata/metadata-store.ts'
import { testMetadataStore } from '../../packages/broker/src/metadata/metadata-store-contract.ts'
import {
  type SharedStoreUnderTest,
  testSharedMetadataStore,
} from '../../packages/broker/src/metadata/shared-metadata-store-contract.ts'
import { EtcdCluster } from './etcd-cluster.ts'
import { SeverableLink } from './severable-link.ts'

const { clock, random } = createNodePlatform()
const timeouts = { attemptMs: 500, callMs: 2000 }
const answersLostForMs = 700

let cluster: EtcdCluster
let prefixes = 0

before(async () => {
  cluster = await EtcdCluster.start()
})

after(() => cluster?.stop())

testMetadataStore(create)
testSharedMetadataStore(create)

interface Client {
  readonly store: MetadataStore
  readonly links: readonly SeverableLink[]
}

function create(): SharedStoreUnderTest {
  const prefix = `contract/${++prefixes}`
  const clients = new Map<string, Client>()
  const linksOf = (name: string) => clients.get(name)?.links ?? []
  const leave = async ({ store, links }: Client) => {
    await store.close()
    for (const link of links) link.close()
  }
  return {
    // etcd counts in seconds: it grants two.
    leaseTtlMs: 1500,
    leaseLatenessMs: 1500,
    open: async (name = 'one') => {
      const links = await Promise.all(cluster.endpoints.map(endpoint => SeverableLink.to(endpoint)))
      const url = `etcd://${links.map(({ endpoint }) => endpoint).join()}/${prefix}`
      const store = await EtcdStore.open({ url, clock, random, timeouts })
      clients.set(name, { store, links })
      return store
    },
    crash: (name = 'one') => {
      const client = clients.get(name)
      if (client === undefined) return
      for (const link of client.links) link.cut()
      clients.delete(name)
      void leave(client)
    },
    settle: call => call,
    passTime: async ms => void (await sleep(ms)),
    cutOff: name => {
      for (const link of linksOf(name)) link.cut()
    },
    heal: name => {
      for (const link of linksOf(name)) link.heal()
    },
    loseAnswers: name => {
      for (const link of linksOf(name)) link.loseAnswers()
      setTimeout(() => {
        for (const link of linksOf(name)) link.heal()
      }, answersLostForMs)
    },
    compact: () => cluster.compact(),
    strangerWrites: async () => void (await cluster.control(['put', 'stranger', 'x'])),
    dispose: async () => void (await Promise.all([...clients.values()].map(leave))),
  }
}
