import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryDisk, type Disk, DiskError } from '@odradek/platform'
import { DirectoryNames } from './directory-names.ts'

/** A disk whose directory syncs end when the test says so. */
function heldDisk() {
  const held: PromiseWithResolvers<void>[] = []
  const disk: Disk = {
    ...createMemoryDisk(),
    syncDirectory: () => {
      const sync = Promise.withResolvers<void>()
      held.push(sync)
      return sync.promise
    },
  }
  return { names: new DirectoryNames(disk, '/data'), held }
}

test('who asks together shares one sync, and nobody syncs again while nothing came', async () => {
  const { names, held } = heldDisk()
  const asked = [names.sync(), names.sync()]
  assert.equal(held.length, 1)
  held[0]?.resolve()
  await Promise.all(asked)
  await names.sync()
  assert.equal(held.length, 1)
})

test('a name that comes while a sync runs is not on the disk before the next one', async () => {
  const { names, held } = heldDisk()
  const first = names.sync()
  names.changed()
  let isDurable = false
  const second = names.sync().then(() => {
    isDurable = true
  })
  held[0]?.resolve()
  await first
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(isDurable, false)
  assert.equal(held.length, 2)
  held[1]?.resolve()
  await second
})

test('a sync that fails fails for all who wait, and the next one tries again', async () => {
  const { names, held } = heldDisk()
  const asked = [names.sync(), names.sync()]
  held[0]?.reject(new DiskError('io', '/data', 'broken'))
  for (const result of await Promise.allSettled(asked)) assert.equal(result.status, 'rejected')
  const again = names.sync()
  held[1]?.resolve()
  await again
})
