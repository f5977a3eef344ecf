import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { DiskError } from '../disk.ts'
import { ofKind, testDisk } from '../disk-contract.ts'
import { nodeDisk } from './disk.ts'

testDisk(() => {
  const directory = temporaryDirectory()
  return { disk: nodeDisk, directory, settle: call => call, dispose: () => remove(directory) }
})

test('a lock names the process that holds it, and dies with it', async () => {
  const directory = temporaryDirectory()
  const path = join(directory, '.lock')
  const script = `
    const { nodeDisk } = await import(${JSON.stringify(new URL('./disk.ts', import.meta.url).href)})
    nodeDisk.lock(${JSON.stringify(path)})
    console.log('locked')
    setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await once(holder.stdout, 'data')
    assert.throws(
      () => nodeDisk.lock(path),
      (error: unknown) =>
        error instanceof DiskError &&
        error.kind === 'locked' &&
        (process.platform !== 'linux' || error.message.includes(`locked by process ${holder.pid}:`)),
    )
    const exited = once(holder, 'exit')
    holder.kill('SIGKILL')
    await exited
    nodeDisk.lock(path).release()
    assert.deepEqual(nodeDisk.listSync(directory), ['.lock'])
  } finally {
    holder.kill('SIGKILL')
    remove(directory)
  }
})

test('a directory that its parent does not take is an error, not an endless try', () => {
  // Only Linux has a file system that refuses in this way; elsewhere the parent is missing and cannot be made either.
  assert.throws(() => nodeDisk.makeDirectorySync('/proc/odradek/data'), DiskError)
})

test('a lock in a directory that is missing or forbidden says so', () => {
  const directory = temporaryDirectory()
  try {
    assert.throws(() => nodeDisk.lock(join(directory, 'no', '.lock')), ofKind('missing'))
    if (process.getuid?.() !== 0) {
      chmodSync(directory, 0o500)
      assert.throws(() => nodeDisk.lock(join(directory, '.lock')), ofKind('denied'))
      chmodSync(directory, 0o700)
    }
  } finally {
    remove(directory)
  }
})

// Linux has devices that fail on purpose.
if (process.platform === 'linux') {
  test('a full device and a read-only tree are told apart', async () => {
    const full = nodeDisk.openSync('/dev/full', { create: false })
    assert.throws(() => full.writeSync([Buffer.of(1)], 0), ofKind('full'))
    await assert.rejects(full.write([Buffer.of(1), Buffer.of(2)], 0), ofKind('full'))
    full.closeSync()
    assert.throws(() => nodeDisk.openSync('/proc/odradek'), ofKind('missing'))
    assert.throws(() => nodeDisk.openSync('/sys/kernel/odradek'), ofKind('denied'))
  })
}

function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'odradek-disk-'))
}

function remove(directory: string): void {
  rmSync(directory, { recursive: true, force: true })
}
