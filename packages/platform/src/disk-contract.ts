import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Disk, DiskError, type DiskErrorKind } from './disk.ts'

export interface DiskUnderTest {
  readonly disk: Disk
  /** An existing, empty directory. */
  readonly directory: string
  /** Waits for a pooled call; the simulated disk needs its time to be driven meanwhile. */
  settle<T>(call: Promise<T>): Promise<T>
  dispose(): void
}

/** What every Disk does; each implementation runs it in its own test file. */
export function testDisk(create: () => DiskUnderTest): void {
  const check = (behaviour: string, body: (under: DiskUnderTest) => void | Promise<void>) => {
    test(behaviour, async () => {
      const under = create()
      try {
        await body(under)
      } finally {
        under.dispose()
      }
    })
  }

  check('a new file is empty and has a name', ({ disk, directory }) => {
    const file = disk.openSync(`${directory}/a`)
    assert.equal(file.size, 0)
    assert.equal(file.path, `${directory}/a`)
    assert.equal(disk.statSync(`${directory}/a`)?.kind, 'file')
    assert.deepEqual(disk.listSync(directory), ['a'])
    file.closeSync()
  })

  check('a missing file is not created when that is not wanted', ({ disk, directory }) => {
    assert.throws(() => disk.openSync(`${directory}/a`, { create: false }), ofKind('missing'))
    assert.deepEqual(disk.listSync(directory), [])
  })

  check('a file in a missing directory cannot be opened', ({ disk, directory }) => {
    assert.throws(() => disk.openSync(`${directory}/no/a`), ofKind('missing'))
  })

  check('chunks are written one behind the other and read back', ({ disk, directory }) => {
    const file = disk.openSync(`${directory}/a`)
    file.writeSync([bytes(1, 2), bytes(), bytes(3), bytes(4, 5, 6)], 0)
    file.writeSync([bytes(9)], 6)
    assert.equal(file.size, 7)
    assert.deepEqual(readAll(file, 100, 0), bytes(1, 2, 3, 4, 5, 6, 9))
    assert.deepEqual(readAll(file, 2, 3), bytes(4, 5))
    assert.equal(file.readSync(bytes(0), 7), 0)
    assert.equal(file.readSync(bytes(0), 1000), 0)
    file.closeSync()
  })

  check('pooled calls do what the others do', async ({ disk, directory, settle }) => {
    const file = disk.openSync(`${directory}/a`)
    await settle(file.write([bytes(1, 2), bytes(3)], 0))
    await settle(file.write([bytes(7)], 1))
    assert.equal(file.size, 3)
    const target = Buffer.alloc(10)
    assert.equal(await settle(file.read(target, 1)), 2)
    assert.deepEqual(target.subarray(0, 2), bytes(7, 3))
    await settle(file.sync())
    await settle(disk.syncDirectory(directory))
    await settle(file.write([], 0))
    file.syncSync()
    disk.syncDirectorySync(directory)
    file.closeSync()
  })

  check('many and large chunks arrive whole', async ({ disk, directory, settle }) => {
    const file = disk.openSync(`${directory}/a`)
    const many = Array.from({ length: 3000 }, (_, index) => Buffer.alloc((index * 7) % 1500, index))
    const expected = Buffer.concat(many)
    file.writeSync(many, 0)
    await settle(file.write(many, expected.length))
    assert.equal(file.size, expected.length * 2)
    const target = Buffer.alloc(expected.length)
    assert.equal(await settle(file.read(target, expected.length)), expected.length)
    assert.ok(target.equals(expected))
    assert.ok(readAll(file, expected.length, 0).equals(expected))
    file.closeSync()
  })

  check('a write behind the end leaves zeros between', ({ disk, directory }) => {
    const file = disk.openSync(`${directory}/a`)
    file.writeSync([bytes(1)], 0)
    file.writeSync([bytes(2)], 600_000)
    assert.equal(file.size, 600_001)
    assert.ok(readAll(file, 599_999, 1).equals(Buffer.alloc(599_999)))
    assert.deepEqual(readAll(file, 10, 600_000), bytes(2))
    file.closeSync()
  })

  check('truncating cuts, or grows with zeros where bytes had been', ({ disk, directory }) => {
    const file = disk.openSync(`${directory}/a`)
    file.writeSync([bytes(1, 2, 3, 4)], 0)
    file.truncateSync(2)
    assert.equal(file.size, 2)
    file.truncateSync(5)
    assert.equal(file.size, 5)
    assert.deepEqual(readAll(file, 10, 0), bytes(1, 2, 0, 0, 0))
    assert.equal(disk.statSync(`${directory}/a`)?.size, 5)
    file.closeSync()
  })

  check('two handles of a file see the same bytes', ({ disk, directory }) => {
    const one = disk.openSync(`${directory}/a`)
    one.writeSync([bytes(1, 2, 3)], 0)
    const other = disk.openSync(`${directory}/a`)
    assert.equal(other.size, 3)
    other.writeSync([bytes(8)], 1)
    assert.deepEqual(readAll(one, 3, 0), bytes(1, 8, 3))
    one.closeSync()
    other.closeSync()
  })

  check('a closed file refuses, and closing it again is fine', async ({ disk, directory, settle }) => {
    const file = disk.openSync(`${directory}/a`)
    file.closeSync()
    file.closeSync()
    assert.throws(() => file.readSync(bytes(0), 0), ofKind('io'))
    assert.throws(() => file.writeSync([bytes(0)], 0), ofKind('io'))
    await assert.rejects(settle(file.write([bytes(0)], 0)), ofKind('io'))
    await assert.rejects(settle(file.sync()), ofKind('io'))
  })

  check('directories are made with their parents and listed in order', ({ disk, directory }) => {
    disk.makeDirectorySync(`${directory}/d/e`)
    disk.makeDirectorySync(`${directory}/d/e`)
    for (const name of ['b', 'a', 'c']) disk.openSync(`${directory}/d/${name}`).closeSync()
    assert.deepEqual(disk.listSync(`${directory}/d`), ['a', 'b', 'c', 'e'])
    assert.equal(disk.statSync(`${directory}/d/e`)?.kind, 'directory')
    assert.equal(disk.statSync(`${directory}/x`), null)
    assert.equal(disk.statSync(`${directory}/d/a/x`), null)
    assert.throws(() => disk.listSync(`${directory}/x`), ofKind('missing'))
    assert.throws(() => disk.syncDirectorySync(`${directory}/x`), ofKind('missing'))
  })

  check('renaming replaces the target, and open handles follow the file', ({ disk, directory }) => {
    const a = disk.openSync(`${directory}/a`)
    a.writeSync([bytes(1)], 0)
    const b = disk.openSync(`${directory}/b`)
    b.writeSync([bytes(2)], 0)
    disk.renameSync(`${directory}/a`, `${directory}/b`)
    assert.deepEqual(disk.listSync(directory), ['b'])
    a.writeSync([bytes(3)], 1)
    assert.deepEqual(readAll(b, 10, 0), bytes(2))
    const now = disk.openSync(`${directory}/b`, { create: false })
    assert.deepEqual(readAll(now, 10, 0), bytes(1, 3))
    for (const file of [a, b, now]) file.closeSync()
    assert.throws(() => disk.renameSync(`${directory}/x`, `${directory}/y`), ofKind('missing'))
  })

  check('a renamed directory takes its files along', ({ disk, directory }) => {
    disk.makeDirectorySync(`${directory}/d`)
    const file = disk.openSync(`${directory}/d/a`)
    disk.renameSync(`${directory}/d`, `${directory}/e`)
    file.writeSync([bytes(5)], 0)
    assert.deepEqual(disk.listSync(directory), ['e'])
    assert.equal(disk.statSync(`${directory}/e/a`)?.size, 1)
    file.closeSync()
  })

  check('removing takes all below, open handles live on', async ({ disk, directory, settle }) => {
    disk.makeDirectorySync(`${directory}/d/e`)
    const file = disk.openSync(`${directory}/d/e/a`)
    file.writeSync([bytes(1)], 0)
    await settle(disk.remove(`${directory}/d`))
    assert.equal(disk.statSync(`${directory}/d`), null)
    file.writeSync([bytes(2)], 1)
    assert.deepEqual(readAll(file, 10, 0), bytes(1, 2))
    file.closeSync()
    await settle(disk.remove(`${directory}/d`))
    disk.openSync(`${directory}/f`).closeSync()
    disk.removeSync(`${directory}/f`)
    disk.removeSync(`${directory}/f`)
    assert.deepEqual(disk.listSync(directory), [])
  })

  check('space is told of a path that exists', ({ disk, directory }) => {
    const { totalBytes, usableBytes } = disk.spaceSync(directory)
    assert.ok(totalBytes > 0 && usableBytes >= 0 && usableBytes <= totalBytes)
    assert.throws(() => disk.spaceSync(`${directory}/x`), ofKind('missing'))
  })

  check('a lock excludes others until it is released', ({ disk, directory }) => {
    const lock = disk.lock(`${directory}/.lock`)
    assert.throws(() => disk.lock(`${directory}/.lock`), ofKind('locked'))
    disk.lock(`${directory}/.other`).release()
    lock.release()
    lock.release()
    disk.lock(`${directory}/.lock`).release()
    assert.equal(disk.statSync(`${directory}/.lock`)?.size, 0)
  })
}

export function ofKind(kind: DiskErrorKind): (error: unknown) => boolean {
  return error => error instanceof DiskError && error.kind === kind
}

function bytes(...values: number[]): Buffer {
  return Buffer.from(values)
}

function readAll(file: { readSync(target: Uint8Array, position: number): number }, length: number, at: number): Buffer {
  const target = Buffer.alloc(length, 0xee)
  return target.subarray(0, file.readSync(target, at))
}
