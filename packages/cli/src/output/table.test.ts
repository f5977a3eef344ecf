import assert from 'node:assert/strict'
import { test } from 'node:test'
import { table } from './table.ts'

test('a table aligns text to the left and numbers to the right', () => {
  assert.equal(
    table(
      ['TOPIC', 'PARTITIONS'],
      [
        ['orders', 12],
        ['x', 3],
      ],
    ),
    'TOPIC   PARTITIONS\norders          12\nx                3\n',
  )
})

test('a table without rows is no text at all', () => {
  assert.equal(table(['TOPIC'], []), '')
})
