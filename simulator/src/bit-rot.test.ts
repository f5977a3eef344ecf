import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBatch } from '@odradek/protocol'
import { placesThatRot } from './bit-rot.ts'

const paths = [
  '/data/t-0/00000000000000000000.log',
  '/data/t-0/00000000000000000000.index',
  '/data/t-0/00000000000000000010.log',
  '/data/t-0/00000000000000000010.index',
  '/data/t-0/00000000000000000010.snapshot',
  '/data/t-0/leader-epoch-checkpoint',
  '/data/t-1/00000000000000000000.log',
  '/data/meta.properties',
]

test('bits rot in the newest segment of each log and in snapshots', () => {
  const { isIn } = placesThatRot(paths)
  assert.deepEqual(
    paths.filter(path => isIn(path)),
    [
      '/data/t-0/00000000000000000010.log',
      '/data/t-0/00000000000000000010.index',
      '/data/t-0/00000000000000000010.snapshot',
      '/data/t-1/00000000000000000000.log',
    ],
  )
})

test('the leader epoch of a whole batch is spared', () => {
  const { isSpared } = placesThatRot(paths)
  const batch = encodeBatch({ records: [{ timestamp: 0, value: Buffer.from('v') }] })
  const segment = Buffer.concat([batch, batch])
  const spared = Array.from(segment.keys()).filter(position => isSpared(paths[2] ?? '', position, segment))
  assert.deepEqual(
    spared,
    [12, 13, 14, 15].flatMap(at => [at, batch.length + at]).sort((a, b) => a - b),
  )
  assert.equal(isSpared('/data/t-0/00000000000000000010.index', 12, segment), false)
})
