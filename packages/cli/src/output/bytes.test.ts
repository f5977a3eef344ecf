import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inBytes } from './bytes.ts'

test('sizes are told in the unit that keeps them short', () => {
  const sizes = [0, 999, 1000, 1536, 150_000, 5 * 2 ** 30, 2 ** 60]
  assert.deepEqual(sizes.map(inBytes), ['0 B', '999 B', '1.0 KiB', '1.5 KiB', '146 KiB', '5.0 GiB', '1024 PiB'])
})
