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
