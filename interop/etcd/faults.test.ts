/** What becomes of clients while etcd's members are killed, stopped and compacted, and of a lease whose holder is stopped. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createNodePlatform } from '@odradek/platform/node'
import { EtcdStore } from '../../packages/broker/src/metadata/etcd/etcd-store.ts'
import { type MetadataStore, StoreUnreachableError } from '../../packages/broker/src/metadata/metadata-store.ts'
import { contents, eventually, put } from '../../packages/broker/src/metadata/metadata-store-contract.ts'
import { Follower } from '../../packages/broker/src/metadata/shared-metadata-store-contract.ts'
import { type Attempt, checkAnswers, write } from '../../packages/broker/src/metadata/testing/true-answers.ts'
import { EtcdCluster, type EtcdMember } from './etcd-cluster.ts'

const timeouts = { attemptMs: 600, callMs: 3000 }
const settle = <T>(call: Promise<T>) => call
const passTime = async (ms: number) => void (await sleep(ms))
const under = { leaseTtlMs: 2000, leaseLatenessMs: 1500, settle, passTime, crash: () => {}, open: () => open('one') }

let cluster: EtcdCluster
let prefixes = 0
let prefix = ''
const opened: MetadataStore[] = []

before(async () => {
  cluster = await EtcdCluster.start()
})

after(() => cluster?.stop())

/** `first`: a client that asks this member before all others. */
async function open(_name: string, first?: EtcdMember): Promise<MetadataStore> {
  const { clock, random } = createNodePlatform()
  const others = cluster.endpoints.filter(endpoint => endpoint !== first?.endpoint)
  const endpoints = first === undefined ? others : [first.endpoint, ...others]
  const chance = first === undefined ? random : { ...random, integer: () => 0 }
  const url = `etcd://${endpoints.join()}/${prefix}`
  const store = await EtcdStore.open({ url, clock, random: chance, timeouts })
  opened.push(store)
  return store
}

/** Each member has a client that asks it first, writes, and follows; in the midst of it something happens. */
function check(what: string, happens: () => Promise<void>): void {
  test(`${what}: every answer is true, and all watches hear the one history`, async () => {
    prefix = `faults/${++prefixes}`
    const attempts: Attempt[] = []
    const followers: Follower[] = []
    let isOver = false
    const work: Promise<void>[] = []
    try {
      for (const member of cluster.members) {
        const store = await open(member.name, member)
        followers.push(await Follower.of(store, under))
        work.push(write(store, { name: member.name, attempts, isOver: () => isOver }))
      }
      await sleep(300)
      const before = countOf(attempts)
      await happens()
      // The world is whole again: everybody gets on.
      const after = countOf(attempts)
      await eventually(under, async () => countOf(attempts) > after + 20)
      isOver = true
      await Promise.all(work)
      assert.ok(before > 0)
      for (const follower of followers) await follower.catchesUp()
      const [history = [], ...others] = followers.map(({ sets }) => sets.filter(({ changes }) => changes.length > 0))
      checkAnswers(history, attempts)
      // Each began to follow a little later than the one before.
      for (const other of others) assert.deepEqual(other, history.slice(history.length - other.length))
    } finally {
      isOver = true
      await Promise.allSettled(work)
      await Promise.all(opened.splice(0).map(store => store.close()))
    }
  })
}

function countOf(attempts: readonly Attempt[]): number {
  return attempts.filter(({ outcome }) => outcome === 'committed').length
}

check('nothing happens', async () => {})

check('the leader is killed', async () => {
  const leader = await cluster.leader()
  await leader.kill()
  await sleep(1500)
  leader.start()
  await cluster.isHealthy()
})

check('a follower is killed', async () => {
  const follower = await aFollower()
  await follower.kill()
  await sleep(1000)
  follower.start()
  await cluster.isHealthy()
})

check('the leader is stopped for a while, and goes on where it was', async () => {
  const leader = await cluster.leader()
  leader.pause()
  await sleep(2000)
  leader.resume()
  await cluster.isHealthy()
})

check('a follower is stopped for a while', async () => {
  const follower = await aFollower()
  follower.pause()
  await sleep(2000)
  follower.resume()
  await cluster.isHealthy()
})

check('all members are killed, and come back', async () => {
  await Promise.all(cluster.members.map(member => member.kill()))
  await sleep(1000)
  cluster.startAll()
  await cluster.isHealthy()
})

test('without a majority calls reject in time and say who was asked, and work again afterwards', async () => {
  prefix = `faults/${++prefixes}`
  const [one, two] = cluster.members
  assert.ok(one !== undefined && two !== undefined)
  const store = await open('one')
  try {
    await Promise.all([one.kill(), two.kill()])
    const startMs = performance.now()
    const calls = await Promise.allSettled([store.read(), store.commit(new Map(), [put('a', '1')]), store.lease(5000)])
    for (const call of calls) {
      assert.ok(call.status === 'rejected' && call.reason instanceof StoreUnreachableError)
      for (const { endpoint } of cluster.members) assert.ok(call.reason.message.includes(endpoint))
    }
    assert.ok(performance.now() - startMs < timeouts.callMs + 1000)
    for (const member of [one, two]) member.start()
    await cluster.isHealthy()
    assert.equal((await store.commit(new Map(), [put('b', '1')])).kind, 'committed')
  } finally {
    await Promise.all(opened.splice(0).map(each => each.close()))
  }
})

test('the keys of a holder that is stopped go with its lease, and it finds out when it goes on', async () => {
  prefix = `faults/${++prefixes}`
  const store = await open('observer')
  const url = `etcd://${cluster.endpoints.join()}/${prefix}`
  const script = path.join(import.meta.dirname, 'lease-holder.ts')
  const holder = spawn(process.execPath, [script, url, 'mine', '2000'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  holder.stdout.on('data', chunk => {
    said += chunk
  })
  try {
    await eventually(under, async () => said.includes('held'))
    await sleep(2500)
    assert.deepEqual(await contents(store, settle), { mine: String(holder.pid) })
    const follower = await Follower.of(store, under)
    holder.kill('SIGSTOP')
    await sleep(under.leaseTtlMs + under.leaseLatenessMs)
    assert.deepEqual(await contents(store, settle), {})
    await follower.catchesUp()
    assert.deepEqual(follower.sets[0]?.changes, [{ key: 'mine', value: null }])
    holder.kill('SIGCONT')
    await eventually(under, async () => said.includes('ended'))
  } finally {
    holder.kill('SIGKILL')
    await Promise.all(opened.splice(0).map(each => each.close()))
  }
})

async function aFollower(): Promise<EtcdMember> {
  const leader = await cluster.leader()
  const follower = cluster.members.find(member => member !== leader)
  assert.ok(follower !== undefined)
  return follower
}
