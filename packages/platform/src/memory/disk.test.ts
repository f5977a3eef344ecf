import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ofKind, testDisk } from '../disk-contract.ts'
import { createMemoryDisk } from './disk.ts'

testDisk(() => {
  const disk = createMemoryDisk()
  disk.makeDirectorySync('/data')
  return { disk, directory: '/data', settle: call => call, dispose: () => {} }
})

test('a limited disk is full before it takes more, and has room again when files are gone', () => {
  const disk = createMemoryDisk({ limitBytes: 600_000 })
  const file = disk.openSync('/a')
  file.writeSync([Buffer.alloc(500_000, 1)], 0)
  assert.throws(() => file.writeSync([Buffer.alloc(200_000)], 500_000), ofKind('full'))
  assert.equal(file.size, 500_000)
  disk.removeSync('/a')
  assert.throws(() => disk.openSync('/b').writeSync([Buffer.alloc(500_000)], 0), ofKind('full'))
  file.closeSync()
  disk.openSync('/b').writeSync([Buffer.alloc(500_000)], 0)
})

test('files change at the time of the clock', () => {
  let nowMs = 5
  const disk = createMemoryDisk({ clock: { now: () => nowMs } })
  const file = disk.openSync('/a')
  assert.equal(disk.statSync('/a')?.modifiedMs, 5)
  nowMs = 7
  file.writeSync([Buffer.of(1)], 0)
  assert.equal(disk.statSync('/a')?.modifiedMs, 7)
})
