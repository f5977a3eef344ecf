import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '@odradek/platform'
import { FetchPurgatory, type WaitingFetch } from './fetch-purgatory.ts'
import type { Partition } from './partition.ts'

/** Time that stands still until it is moved. */
class ManualClock implements Clock {
  #nowMs = 0
  readonly #timers = new Set<{ atMs: number; callback: () => void }>()
  now(): number {
    return this.#nowMs
  }
  monotonic(): number {
    return this.#nowMs
  }
  after(delayMs: number, callback: () => void) {
    const timer = { atMs: this.#nowMs + delayMs, callback }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }
  soon(callback: () => void): void {
    this.after(0, callback)
  }
  advance(ms: number): void {
    this.#nowMs += ms
    for (const timer of [...this.#timers]) {
      if (timer.atMs > this.#nowMs) continue
      this.#timers.delete(timer)
      timer.callback()
    }
  }
  get timers(): number {
    return this.#timers.size
  }
}

function partition(): Partition {
  return { waiting: new Set(), waitingFollowers: new Set() } as unknown as Partition
}

class Fetch implements WaitingFetch {
  readonly partitions: readonly Partition[]
  readonly isFollower = false
  missingBytes: number
  readonly deadlineMs: number
  readonly wakes: string[] = []
  heldBack: Partition | null = null
  onWake: () => void = () => {}
  constructor(partitions: readonly Partition[], missingBytes = 1, deadlineMs = 500) {
    this.partitions = partitions
    this.missingBytes = missingBytes
    this.deadlineMs = deadlineMs
  }
  isHeldBack(partition: Partition): boolean {
    return partition === this.heldBack
  }
  wake(isLast: boolean): void {
    this.wakes.push(isLast ? 'last' : 'look')
    this.onWake()
  }
  end(): void {
    this.wakes.push('end')
  }
}

test('records wake those who wait for them when the batch that brought them ends, and only once', () => {
  const clock = new ManualClock()
  const purgatory = new FetchPurgatory(clock)
  const [one, two] = [partition(), partition()]
  const [fetch, other] = [new Fetch([one, two]), new Fetch([two])]
  purgatory.park(fetch)
  purgatory.park(other)
  purgatory.batchBegins()
  purgatory.advanced(one, one.waiting, 10)
  purgatory.advanced(one, one.waiting, 10)
  assert.deepEqual(fetch.wakes, [])
  purgatory.batchEnds()
  assert.deepEqual([fetch.wakes, other.wakes], [['look'], []])
  assert.deepEqual([one.waiting.size, two.waiting.size, purgatory.size, clock.timers], [0, 1, 1, 1])
})

test('records that come outside of a batch wake in a microtask', async () => {
  const purgatory = new FetchPurgatory(new ManualClock())
  const one = partition()
  const fetch = new Fetch([one])
  purgatory.park(fetch)
  purgatory.advanced(one, one.waiting, 1)
  assert.deepEqual(fetch.wakes, [])
  await Promise.resolve()
  assert.deepEqual(fetch.wakes, ['look'])
})

test('a fetch that wants many bytes is left alone until they are there', () => {
  const purgatory = new FetchPurgatory(new ManualClock())
  const [one, two] = [partition(), partition()]
  const fetch = new Fetch([one, two], 100)
  purgatory.park(fetch)
  for (const [from, bytes] of [
    [one, 60],
    [two, 39],
  ] as const) {
    purgatory.batchBegins()
    purgatory.advanced(from, from.waiting, bytes)
    purgatory.batchEnds()
  }
  assert.deepEqual(fetch.wakes, [])
  purgatory.batchBegins()
  purgatory.advanced(one, one.waiting, 1)
  purgatory.batchEnds()
  assert.deepEqual(fetch.wakes, ['look'])
})

test('records of a partition that a throttle holds back wake nobody, those of others do', () => {
  const purgatory = new FetchPurgatory(new ManualClock())
  const [slow, free] = [partition(), partition()]
  const fetch = new Fetch([slow, free])
  fetch.heldBack = slow
  purgatory.park(fetch)
  for (const [from, wakes] of [
    [slow, []],
    [free, ['look']],
  ] as const) {
    purgatory.batchBegins()
    purgatory.advanced(from, from.waiting, 1)
    purgatory.batchEnds()
    assert.deepEqual(fetch.wakes, wakes)
  }
})

test('time wakes for the last time, and a fetch that was parked anew keeps its first deadline', () => {
  const clock = new ManualClock()
  const purgatory = new FetchPurgatory(clock)
  const one = partition()
  const fetch = new Fetch([one])
  purgatory.park(fetch)
  clock.advance(400)
  fetch.onWake = () => {
    fetch.onWake = () => {}
    purgatory.park(fetch)
  }
  purgatory.batchBegins()
  purgatory.advanced(one, one.waiting, 1)
  purgatory.batchEnds()
  clock.advance(99)
  assert.deepEqual(fetch.wakes, ['look'])
  clock.advance(1)
  assert.deepEqual(fetch.wakes, ['look', 'last'])
  assert.deepEqual([one.waiting.size, purgatory.size, clock.timers], [0, 0, 0])
})

test('closing answers all, and whoever comes later at once', () => {
  const clock = new ManualClock()
  const purgatory = new FetchPurgatory(clock)
  const [fetch, late] = [new Fetch([partition()]), new Fetch([partition()])]
  purgatory.park(fetch)
  purgatory.close()
  purgatory.park(late)
  assert.deepEqual([fetch.wakes, late.wakes, clock.timers], [['end'], ['end'], 0])
})

test('a fetch that nobody waits for any more is forgotten', () => {
  const clock = new ManualClock()
  const purgatory = new FetchPurgatory(clock)
  const here = partition()
  const fetch = new Fetch([here])
  purgatory.park(fetch)
  assert.equal(purgatory.remove(fetch), true)
  assert.equal(purgatory.remove(fetch), false)
  purgatory.advanced(here, here.waiting, 10)
  clock.advance(1000)
  assert.deepEqual([fetch.wakes, purgatory.size, clock.timers, here.waiting.size], [[], 0, 0, 0])
})
