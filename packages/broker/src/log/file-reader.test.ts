import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock, DiskFile } from '@odradek/platform'
import { FileReader, type WantedRead } from './file-reader.ts'

/** Time passes when a file is read on the loop. */
class FakeClock implements Clock {
  nowMs = 0
  readonly later: (() => void)[] = []
  now(): number {
    return this.nowMs
  }
  monotonic(): number {
    return this.nowMs
  }
  after(): { cancel(): void } {
    return { cancel() {} }
  }
  soon(callback: () => void): void {
    this.later.push(callback)
  }
}

class FakeFile {
  readonly how: string[] = []
  readonly #clock: FakeClock
  readonly #tookMs: number
  failure: Error | null = null
  constructor(clock: FakeClock, tookMs = 0) {
    this.#clock = clock
    this.#tookMs = tookMs
  }
  readSync(target: Buffer): number {
    this.how.push('loop')
    if (this.failure !== null) throw this.failure
    this.#clock.nowMs += this.#tookMs
    return target.length
  }
  async read(target: Buffer): Promise<number> {
    this.how.push('pool')
    if (this.failure !== null) throw this.failure
    return target.length
  }
}

function setUp(tookMs = 0) {
  const clock = new FakeClock()
  const file = new FakeFile(clock, tookMs)
  const reader = new FileReader(clock)
  function* procedure(byteLength: number, times = 1): Generator<WantedRead, string, number> {
    let sum = 0
    try {
      for (let i = 0; i < times; i++) {
        sum += yield { file: file as unknown as DiskFile, target: Buffer.alloc(byteLength), position: 0 }
      }
    } catch (error) {
      return `caught ${(error as Error).message}`
    }
    return `read ${sum}`
  }
  return { clock, file, reader, procedure }
}

test('reads happen on the loop, up to some megabytes a turn; the rest goes through the pool', async () => {
  const { clock, file, reader, procedure } = setUp()
  assert.equal(reader.run(procedure(1024 * 1024, 4)), 'read 4194304')
  assert.equal(await reader.run(procedure(1000, 2)), 'read 2000')
  assert.deepEqual(file.how, ['loop', 'loop', 'loop', 'loop', 'pool', 'pool'])
  for (const callback of clock.later.splice(0)) callback()
  assert.equal(reader.run(procedure(1000)), 'read 1000')
})

test('one very long read never keeps the loop', async () => {
  const { file, reader, procedure } = setUp()
  await reader.run(procedure(5 * 1024 * 1024))
  assert.deepEqual(file.how, ['pool'])
})

test('after a read that was slow the disk is left to the pool for a while', async () => {
  const { clock, file, reader, procedure } = setUp(10)
  reader.run(procedure(1000))
  await reader.run(procedure(1000))
  clock.nowMs += 1000
  reader.run(procedure(1000))
  assert.deepEqual(file.how, ['loop', 'pool', 'loop'])
})

test('a procedure is told of a failed read, on the loop and in the pool', async () => {
  const { file, reader, procedure } = setUp()
  file.failure = new Error('io')
  assert.equal(reader.run(procedure(1000)), 'caught io')
  assert.equal(await reader.run(procedure(5 * 1024 * 1024)), 'caught io')
})
