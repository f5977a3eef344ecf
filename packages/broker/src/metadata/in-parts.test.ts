import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inParts } from './in-parts.ts'

test('parts have at most the length, several are under way, and answers keep their order', async () => {
  const items = Array.from({ length: 35 }, (_, at) => at)
  let underWay = 0
  let most = 0
  const sums = await inParts(items, 2, async part => {
    most = Math.max(most, ++underWay)
    // The first ones end last.
    for (let turn = part[0] ?? 0; turn < 40; turn++) await Promise.resolve()
    underWay--
    return part.join('+')
  })
  assert.equal(sums.length, 18)
  assert.equal(sums.join('+'), items.join('+'))
  assert.equal(most, 8)
})

test('nothing is nothing to do', async () => {
  assert.deepEqual(await inParts([], 10, () => Promise.reject(new Error('there is no part'))), [])
})

test('after a failure those under way end, and no other begins', async () => {
  let begun = 0
  let ended = 0
  const work = async ([at]: readonly number[]): Promise<void> => {
    begun++
    if (at === 0) throw new Error('the first')
    await Promise.resolve()
    ended++
    if (at === 1) throw new Error('the second')
  }
  await assert.rejects(
    inParts(
      Array.from({ length: 100 }, (_, at) => at),
      1,
      work,
    ),
    /the first/,
  )
  assert.equal(begun, 8)
  assert.equal(ended, 7)
})
