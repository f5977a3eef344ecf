import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

/** What would run nothing, or something else than was asked for, must not end as if all had held. */
const refused: readonly [args: string, reason: RegExp][] = [
  ['--seed 1 --intensity x', /--intensity: "x" is not a number of 0 or more/],
  ['--seed 1 --duration 5s', /--duration: "5s" is not a number/],
  ['--seed 1 --only 1,b', /--only: "b" is not a whole number/],
  ['--seeds 1..2 --workers 0', /--workers: "0" is not a whole number of 1 or more/],
  ['--seeds x', /--seeds: "x" is not a whole number/],
  ['--seeds 5..3', /--seeds: "3" is not a whole number of 5 or more/],
  ['--mutations no-such', /there is no mutation 'no-such'; there are .*duplicate-accepted/],
  ['--seeds 1..2 --mutation no-such', /there is no mutation 'no-such'/],
]

for (const [args, reason] of refused) {
  test(`simulate ${args} is refused`, () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(import.meta.dirname, 'main.ts'), ...args.split(' ')],
      { encoding: 'utf8', timeout: 60_000 },
    )
    assert.match(stderr, reason)
    assert.equal(stdout, '')
    assert.equal(status, 2)
  })
}
