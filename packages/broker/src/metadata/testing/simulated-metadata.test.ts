import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSimulation } from '@odradek/platform/simulated'
import { LeaseEndedError, StoreUnreachableError } from '../metadata-store.ts'
import { put, testMetadataStore } from '../metadata-store-contract.ts'
import { Follower, type SharedStoreUnderTest, testSharedMetadataStore } from '../shared-metadata-store-contract.ts'
import { SimulatedMetadata } from './simulated-metadata.ts'
import { type Attempt, checkAnswers, write } from './true-answers.ts'

testMetadataStore(create)
testSharedMetadataStore(create)

function create(): SharedStoreUnderTest {
  return createWorld('contract').under
}

function createWorld(seed: string) {
  const simulation = createSimulation({ seed })
  const metadata = new SimulatedMetadata(simulation)
  const under: SharedStoreUnderTest = {
    leaseTtlMs: 1000,
    leaseLatenessMs: 500,
    open: async (client = 'one') => {
      const machine = simulation.machine(client)
      return metadata.open(client, machine.isUp ? machine.platform.clock : machine.restart().clock)
    },
    crash: (client = 'one') => simulation.machine(client).crash(),
    settle: call => simulation.settle(call),
    passTime: ms => simulation.runFor(ms),
    cutOff: client => metadata.cutOff(client),
    heal: client => metadata.heal(client),
    loseAnswers: client => metadata.loseAnswers(client, 3000),
    compact: async () => metadata.compact(),
    strangerWrites: async () => metadata.strangerWrites(),
  }
  return { simulation, metadata, under }
}

test('whatever happens to the messages, every answer is true, and all watches hear the one history', async () => {
  for (let number = 0; number < 60; number++) {
    const seed = `messages ${number}`
    try {
      await liveThrough(seed)
    } catch (error) {
      throw new Error(`seed "${seed}"`, { cause: error })
    }
  }
})

test('one seed gives one history', async () => {
  assert.equal(await liveThrough('the same'), await liveThrough('the same'))
  assert.notEqual(await liveThrough('the same'), await liveThrough('another'))
})

const names = ['one', 'two', 'three']

async function liveThrough(seed: string): Promise<string> {
  const { simulation, metadata, under } = createWorld(seed)
  const random = simulation.random('what happens')
  const attempts: Attempt[] = []
  const followers: Follower[] = []
  const work: Promise<void>[] = []
  for (const name of names) {
    const store = await under.settle(under.open(name))
    followers.push(await Follower.of(store, under))
    work.push(write(store, { name, attempts, isOver: step => step === 40 }))
  }
  Object.assign(metadata.faults, { loss: 0.1, stall: 0.1, watchDelayMs: [0, 200] })
  for (let event = 0; event < 20; event++) {
    await simulation.runFor(random.integer(3000))
    disturb(metadata, random.pick([...names, '*']), random.integer(5))
  }
  for (const name of [...names, '*']) metadata.heal(name)
  Object.assign(metadata.faults, { loss: 0, stall: 0 })
  await simulation.settle(Promise.all(work))
  // What was given up may still be on its way.
  await simulation.runFor(60_000)
  for (const follower of followers) await follower.catchesUp()
  checkAnswers(metadata.history, attempts)
  for (const follower of followers) checkWatch(seed, metadata, follower)
  return simulation.traceHash
}

function disturb(metadata: SimulatedMetadata, name: string, choice: number): void {
  if (choice === 0) metadata.cutOff(name)
  else if (choice === 1) metadata.heal(name)
  else if (choice === 2) metadata.loseAnswers(name, 5000)
  else if (choice === 3) metadata.compact()
  else metadata.strangerWrites()
}

/** What was heard at each revision is what has happened since the one before; a step of its own, unless it was compacted. */
function checkWatch(seed: string, { history }: SimulatedMetadata, { startRevision, sets }: Follower): void {
  let lastRevision = startRevision
  for (const { revision, changes } of sets) {
    const missed = history.filter(set => set.revision > lastRevision && set.revision <= revision)
    const happened = new Map(missed.flatMap(set => set.changes).map(({ key, value }) => [key, value]))
    const heard = new Map(changes.map(({ key, value }) => [key, value]))
    assert.deepEqual(heard, happened, `seed ${seed}: up to ${revision}`)
    const isDifference = changes.some(change => change.revision !== undefined)
    assert.ok(missed.length <= 1 || isDifference, `seed ${seed}: steps up to ${revision} were heard as one`)
    lastRevision = revision
  }
}

test('a commit that was given up may still happen', async () => {
  const { simulation, metadata, under } = createWorld('late')
  const store = await under.settle(under.open())
  Object.assign(metadata.faults, { stall: 1, stallMs: [15_000, 15_000] })
  await assert.rejects(under.settle(store.commit(new Map(), [put('a', '1')])), StoreUnreachableError)
  assert.deepEqual(metadata.snapshot().entries, [])
  await simulation.runFor(10_000)
  assert.equal(metadata.snapshot().entries[0]?.value, '1')
})

test('a lease that is ended early takes its keys, and its holder finds out', async () => {
  const { metadata, under } = createWorld('early')
  const store = await under.settle(under.open())
  const lease = await under.settle(store.lease(60_000))
  await under.settle(store.commit(new Map(), [{ ...put('a', '1'), lease }]))
  metadata.endLeases('one')
  assert.deepEqual(metadata.snapshot().entries, [])
  await assert.rejects(under.settle(lease.keepAlive()), LeaseEndedError)
})
