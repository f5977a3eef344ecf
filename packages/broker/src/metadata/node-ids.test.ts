import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSimulation } from '@odradek/platform/simulated'
import { LocalStore } from './local-store.ts'
import { allocateNodeId, noteNodeId } from './node-ids.ts'

async function newStore() {
  const simulation = createSimulation({ seed: 'node ids' })
  const { disk, clock } = simulation.platform('store')
  const { store } = await simulation.settle(LocalStore.open({ disk, clock, path: '/metadata' }))
  return { store, settle: <T>(work: Promise<T>) => simulation.settle(work) }
}

test('however many ask at once, each gets an id of its own', async () => {
  const { store, settle } = await newStore()
  const ids = await settle(Promise.all(Array.from({ length: 8 }, () => allocateNodeId(store))))
  assert.deepEqual(
    ids.toSorted((a, b) => a - b),
    [1, 2, 3, 4, 5, 6, 7, 8],
  )
})

test('an id that somebody chose is not handed out', async () => {
  const { store, settle } = await newStore()
  await settle(noteNodeId(store, 5))
  await settle(noteNodeId(store, 2))
  assert.equal(await settle(allocateNodeId(store)), 6)
})
