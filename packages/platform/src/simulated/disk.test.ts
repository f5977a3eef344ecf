import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Disk } from '../disk.ts'
import { ofKind, testDisk } from '../disk-contract.ts'
import { createSimulation, type SimulatedMachine } from './simulation.ts'

testDisk(() => {
  const simulation = createSimulation({ seed: 1 })
  const { disk } = simulation.platform('a')
  disk.makeDirectorySync('/data')
  return { disk, directory: '/data', settle: call => simulation.settle(call), dispose: () => {} }
})

/** What is read back after the machine did `prepare` and lost power, over many seeds, as sorted distinct outcomes. */
function outcomes(prepare: (disk: Disk, machine: SimulatedMachine) => void, look: (disk: Disk) => string): string[] {
  const seen = new Set<string>()
  for (let seed = 0; seed < 200; seed++) {
    const machine = createSimulation({ seed }).machine('a')
    prepare(machine.platform.disk, machine)
    machine.powerLoss()
    seen.add(look(machine.restart().disk))
  }
  return [...seen].sort()
}

function text(disk: Disk, path: string): string {
  if (disk.statSync(path) === null) return 'missing'
  const file = disk.openSync(path)
  const target = Buffer.alloc(file.size)
  file.readSync(target, 0)
  return target.toString('latin1')
}

function createSynced(disk: Disk, path: string): ReturnType<Disk['openSync']> {
  const file = disk.openSync(path)
  disk.syncDirectorySync('/')
  return file
}

test('what was synced survives a power loss, and what was not may be there or not', () => {
  const after = outcomes(
    disk => {
      const file = createSynced(disk, '/a')
      file.writeSync([Buffer.from('safe')], 0)
      file.syncSync()
      file.writeSync([Buffer.from('+more')], 4)
    },
    disk => text(disk, '/a'),
  )
  assert.deepEqual(after, ['safe', 'safe\0\0\0\0\0', 'safe+more'])
})

test('an unsynced write is torn at sectors, in any order', () => {
  const sector = (letter: string) => letter.repeat(512)
  const after = outcomes(
    disk => {
      const file = createSynced(disk, '/a')
      file.writeSync([Buffer.from(sector('x') + sector('y'))], 0)
      file.syncSync()
      file.writeSync([Buffer.from(sector('1') + sector('2'))], 0)
    },
    disk => text(disk, '/a').replace(/(.)\1{511}/g, '$1'),
  )
  assert.deepEqual(after, ['12', '1y', 'x2', 'xy'])
})

test('a synced file without a synced name may be lost', () => {
  const after = outcomes(
    disk => {
      const file = disk.openSync('/a')
      file.writeSync([Buffer.from('data')], 0)
      file.syncSync()
    },
    disk => text(disk, '/a'),
  )
  assert.deepEqual(after, ['data', 'missing'])
})

test('a rename is there as a whole or not at all', () => {
  const after = outcomes(
    disk => {
      for (const name of ['old', 'new']) {
        const file = createSynced(disk, `/${name}`)
        file.writeSync([Buffer.from(name)], 0)
        file.syncSync()
      }
      disk.renameSync('/new', '/old')
    },
    disk => `${text(disk, '/old')} ${text(disk, '/new')}`,
  )
  assert.deepEqual(after, ['new missing', 'old new'])
})

test('a synced removal stays, an unsynced one may come back', () => {
  const synced = outcomes(
    disk => {
      createSynced(disk, '/a')
      disk.removeSync('/a')
      disk.syncDirectorySync('/')
    },
    disk => disk.listSync('/').join(),
  )
  assert.deepEqual(synced, [''])
  const unsynced = outcomes(
    disk => {
      createSynced(disk, '/a')
      disk.removeSync('/a')
    },
    disk => disk.listSync('/').join(),
  )
  assert.deepEqual(unsynced, ['', 'a'])
})

test('a crash keeps what was written, and frees the locks', () => {
  const simulation = createSimulation({ seed: 1 })
  const machine = simulation.machine('a')
  const { disk } = machine.platform
  disk.lock('/.lock')
  const file = disk.openSync('/a')
  file.writeSync([Buffer.from('written')], 0)
  machine.crash()
  assert.throws(() => file.readSync(Buffer.alloc(1), 0), /dead/)
  const next = machine.restart().disk
  assert.equal(text(next, '/a'), 'written')
  next.lock('/.lock')
})

test('a pooled write that a crash interrupts is there, is not, or is there in part', async () => {
  const seen = new Set<number>()
  for (let seed = 0; seed < 100; seed++) {
    const machine = createSimulation({ seed }).machine('a')
    void machine.platform.disk.openSync('/a').write([Buffer.from('abc'), Buffer.from('d')], 0)
    machine.crash()
    const found = text(machine.restart().disk, '/a')
    assert.ok('abcd'.startsWith(found))
    seen.add(found.length)
  }
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4])
})

test('a process dies at the very call that was chosen', () => {
  const machine = createSimulation({ seed: 1 }).machine('a')
  const { disk } = machine.platform
  const file = disk.openSync('/a')
  machine.dieAtDiskCall(3, 'crash')
  file.writeSync([Buffer.from('1')], 0)
  file.writeSync([Buffer.from('2')], 1)
  assert.throws(() => file.writeSync([Buffer.from('3')], 2), /dead/)
  assert.throws(() => file.writeSync([Buffer.from('4')], 3), /dead/)
  assert.equal(text(machine.restart().disk, '/a'), '12')
})

test('a full, failing or slow disk does as its dials say', async () => {
  const simulation = createSimulation({ seed: 1 })
  const machine = simulation.machine('a')
  const { disk, clock } = machine.platform
  const file = disk.openSync('/a')
  machine.disk.faults.limitBytes = 4096
  assert.throws(() => file.writeSync([Buffer.alloc(5000)], 0), ofKind('full'))
  machine.disk.faults.limitBytes = Number.POSITIVE_INFINITY
  machine.disk.faults.syncFailure = 1
  await assert.rejects(simulation.settle(file.sync()), ofKind('io'))
  assert.throws(() => file.syncSync(), ofKind('io'))
  machine.disk.faults.blockingMs = [20, 20]
  const startMs = clock.monotonic()
  file.writeSync([Buffer.from('a')], 0)
  assert.equal(clock.monotonic() - startMs, 20)
})

test('rot turns single bits over', () => {
  const machine = createSimulation({ seed: 1 }).machine('a')
  const file = machine.platform.disk.openSync('/a')
  file.writeSync([Buffer.alloc(100)], 0)
  file.syncSync()
  assert.equal(machine.disk.rot(1), 1)
  const target = Buffer.alloc(100)
  file.readSync(target, 0)
  assert.equal(target.filter(byte => byte !== 0).length, 1)
})
