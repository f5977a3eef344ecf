import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryDisk } from '@odradek/platform'
import { OpenSegments } from './open-segments.ts'
import { Segment } from './segment.ts'

const disk = createMemoryDisk()
disk.makeDirectorySync('/t')

function segments(open: OpenSegments, count: number): Segment[] {
  return Array.from({ length: count }, (_, baseOffset) =>
    Segment.create({ disk, open, directory: '/t', baseOffset, jitterMs: 0, nowMs: 0 }),
  )
}

test('no more files are open than there may be, and closed ones open themselves again', () => {
  const open = new OpenSegments(10)
  const all = segments(open, 50)
  assert.ok(open.count <= 10)
  for (const segment of all) segment.file().writeSync([Buffer.from('x')], 0)
  assert.ok(open.count <= 10)
})

test('files that nobody used between two looks are closed', () => {
  const open = new OpenSegments(100)
  const [first] = segments(open, 5)
  open.releaseIdle()
  open.releaseIdle()
  assert.equal(open.count, 0)
  first?.file()
  open.releaseIdle()
  assert.equal(open.count, 1)
})

test('where the process may open no more, fewer are open from then on, but never none that is being used', () => {
  const open = new OpenSegments(100)
  const all = segments(open, 40)
  const last = all.at(-1)
  const held = last?.file()
  assert.equal(open.lowerMax(), true)
  assert.deepEqual([open.count, open.max], [30, 30])
  for (let n = 0; n < 10; n++) open.lowerMax()
  assert.deepEqual([open.count, open.max], [8, 8])
  assert.equal(open.lowerMax(), false)
  held?.writeSync([Buffer.from('still open')], 0)
  for (const segment of all) segment.file()
  assert.ok(open.count <= 8)
})

test('a file with a call in flight stays open until the call is done', () => {
  const open = new OpenSegments(100)
  const [first] = segments(open, 1)
  assert.ok(first)
  const file = first.file()
  first.pin()
  first.release()
  file.writeSync([Buffer.from('still open')], 0)
  first.unpin()
  assert.equal(open.count, 0)
})
