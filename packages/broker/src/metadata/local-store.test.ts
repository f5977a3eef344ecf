import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryDisk, type Disk, DiskError } from '@odradek/platform'
import { createSimulation } from '@odradek/platform/simulated'
import { LocalStore } from './local-store.ts'
import { MetadataStoreError } from './metadata-store.ts'
import { testMetadataStore } from './metadata-store-contract.ts'

const path = '/data/metadata'

testMetadataStore(() => {
  const simulation = createSimulation({ seed: 'contract' })
  const machine = simulation.machine('one')
  machine.platform.disk.makeDirectorySync('/data')
  return {
    leaseTtlMs: 1000,
    leaseLatenessMs: 500,
    open: async () => {
      const { disk, clock } = machine.isUp ? machine.platform : machine.restart()
      return (await LocalStore.open({ disk, clock, path })).store
    },
    crash: () => machine.crash(),
    settle: call => simulation.settle(call),
    passTime: ms => simulation.runFor(ms),
  }
})

const unusedClock = { now: () => 0, monotonic: () => 0, after: () => ({ cancel: () => {} }), soon: () => {} }

async function openOn(disk: Disk) {
  disk.makeDirectorySync('/data')
  return LocalStore.open({ disk, clock: unusedClock, path })
}

async function commitKeys(store: LocalStore, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await store.commit(new Map(), [{ key: `key-${index}`, value: `value-${index}` }])
  }
}

async function keyCount(store: LocalStore): Promise<number> {
  return (await store.read()).entries.length
}

test('a torn last entry is cut at every place that it can be torn', async () => {
  const whole = createMemoryDisk()
  const { store } = await openOn(whole)
  await commitKeys(store, 2)
  const sizeOfTwo = whole.statSync(path)?.size ?? 0
  await store.commit(new Map(), [{ key: 'key-2', value: 'value-2' }])
  await store.close()
  const size = whole.statSync(path)?.size ?? 0
  for (let end = sizeOfTwo; end <= size; end++) {
    const disk = createMemoryDisk()
    disk.makeDirectorySync('/data')
    copyFile(whole, disk, end)
    const reopened = await openOn(disk)
    assert.equal(await keyCount(reopened.store), end === size ? 3 : 2, `torn at ${end}`)
    assert.equal(reopened.cutBytes, end === size ? 0 : end - sizeOfTwo)
    await reopened.store.commit(new Map(), [{ key: 'after', value: 'x' }])
    await reopened.store.close()
    assert.equal(await keyCount((await openOn(disk)).store), end === size ? 4 : 3)
  }
})

test('a torn last entry whose blocks are zeros is cut', async () => {
  const disk = createMemoryDisk()
  const { store } = await openOn(disk)
  await commitKeys(store, 2)
  await store.close()
  const file = disk.openSync(path)
  file.writeSync([Buffer.alloc(8192)], file.size)
  file.closeSync()
  const reopened = await openOn(disk)
  assert.equal(await keyCount(reopened.store), 2)
  assert.equal(reopened.cutBytes, 8192)
})

test('damage with sound entries behind it is told, not cut', async () => {
  const disk = createMemoryDisk()
  const { store } = await openOn(disk)
  await commitKeys(store, 3)
  await store.close()
  const file = disk.openSync(path)
  file.writeSync([Buffer.from('!')], 40)
  file.closeSync()
  await assert.rejects(openOn(disk), (error: unknown) => {
    assert.ok(error instanceof MetadataStoreError)
    assert.match(error.message, /^\/data\/metadata is damaged at byte 19, with sound entries behind it/)
    return true
  })
})

test('a file that is no journal is left alone', async () => {
  const disk = createMemoryDisk()
  disk.makeDirectorySync('/data')
  disk.openSync(path).writeSync([Buffer.from('something else entirely')], 0)
  await assert.rejects(openOn(disk), /is not a metadata journal of Odradek/)
  assert.equal(disk.statSync(path)?.size, 23)
})

test('a long history is replaced by the present', async () => {
  const disk = createMemoryDisk()
  const { store } = await openOn(disk)
  const value = 'x'.repeat(10_000)
  for (let round = 0; round < 300; round++) await store.commit(new Map(), [{ key: `key-${round % 5}`, value }])
  const before = await store.read()
  assert.ok((disk.statSync(path)?.size ?? 0) < 1_500_000)
  await store.close()
  assert.deepEqual(disk.listSync('/data'), ['metadata'])
  assert.deepEqual(await (await openOn(disk)).store.read(), before)
})

test('a full disk refuses the commit, and takes the next one that it has space for', async () => {
  const disk = createMemoryDisk({ limitBytes: 20_000 })
  const { store } = await openOn(disk)
  await store.commit(new Map(), [{ key: 'a', value: '1' }])
  const tooLarge = store.commit(new Map(), [{ key: 'b', value: 'x'.repeat(600_000) }])
  await assert.rejects(tooLarge, /cluster's metadata cannot be written/)
  assert.equal(await keyCount(store), 1)
  await store.commit(new Map(), [{ key: 'c', value: '1' }])
  await store.close()
  assert.equal(await keyCount((await openOn(disk)).store), 2)
})

test('a disk without space for a replacement keeps the long history', async () => {
  const disk = createMemoryDisk({ limitBytes: 1_400_000 })
  const { store } = await openOn(disk)
  const value = 'x'.repeat(100_000)
  for (let round = 0; round < 13; round++) await store.commit(new Map(), [{ key: `key-${round % 5}`, value }])
  assert.ok((disk.statSync(path)?.size ?? 0) > 1_300_000)
  assert.deepEqual(disk.listSync('/data'), ['metadata'])
  await store.close()
  assert.equal(await keyCount((await openOn(disk)).store), 5)
})

test('after a sync that failed every commit is refused until the store is opened again', async () => {
  const memory = createMemoryDisk()
  let fails = false
  const disk = new Proxy(memory, {
    get: (target, name) => {
      if (name !== 'openSync') return Reflect.get(target, name).bind(target)
      return (...call: Parameters<Disk['openSync']>) => {
        const file = target.openSync(...call)
        const sync = file.sync.bind(file)
        file.sync = () => (fails ? Promise.reject(new DiskError('io', path, 'input/output error')) : sync())
        return file
      }
    },
  })
  const { store } = await openOn(disk)
  await store.commit(new Map(), [{ key: 'a', value: '1' }])
  fails = true
  await assert.rejects(store.commit(new Map(), [{ key: 'b', value: '1' }]), /restart the broker once the disk is well/)
  fails = false
  await assert.rejects(store.commit(new Map(), [{ key: 'c', value: '1' }]), MetadataStoreError)
  assert.equal(await keyCount(store), 1)
})

test('whenever power is lost, what was committed is there and what was not is there whole or not at all', async () => {
  for (let seed = 0; seed < 150; seed++) await losePower(`power ${seed}`)
})

async function losePower(seed: string): Promise<void> {
  const simulation = createSimulation({ seed })
  const random = simulation.random('when')
  const machine = simulation.machine('one')
  machine.platform.disk.makeDirectorySync('/data')
  machine.platform.disk.syncDirectorySync('/')
  let committed = 0
  for (let life = 0; life < 4; life++) {
    const { disk, clock } = machine.isUp ? machine.platform : machine.restart()
    const work = async () => {
      const { store } = await LocalStore.open({ disk, clock, path })
      const values = (await store.read()).entries.map(({ value }) => value)
      const seen = Math.max(0, ...values.map(Number))
      // One more than was acknowledged may have come through, never less, and always both its keys.
      assert.ok(seen === committed || seen === committed + 1, `seed ${seed}: ${seen} of ${committed}`)
      assert.deepEqual(values, seen === 0 ? [] : [String(seen), String(seen)], `seed ${seed}`)
      committed = seen
      for (;;) {
        const value = String(committed + 1)
        await store.commit(new Map(), [
          { key: 'left', value },
          { key: 'right', value },
        ])
        committed++
      }
    }
    let failure: unknown = null
    const alive = work().catch(error => {
      if (machine.isUp) failure = error
    })
    machine.dieAtDiskCall(1 + random.integer(40), random.integer(2) === 0 ? 'crash' : 'power loss')
    await simulation.until(() => !machine.isUp || failure !== null)
    void alive
    if (failure !== null) throw failure
    if (machine.hasPower && random.integer(2) === 0) machine.powerLoss()
  }
}

function copyFile(from: Disk, to: Disk, bytes: number): void {
  const content = Buffer.alloc(bytes)
  from.openSync(path).readSync(content, 0)
  to.openSync(path).writeSync([content], 0)
}
