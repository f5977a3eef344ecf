/** A few histories of whole clusters; `npm run simulate` runs as many as one likes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runHistory } from './history.ts'
import { drawPlan } from './plan.ts'
import { replayCommand } from './replay.ts'
import { knownSeeds } from './seeds.ts'

/** Short ones, whose faults come thick: what is left out here the command makes up for. */
const short = { intensity: 2, durationMs: 10_000 }

test('clusters keep their promises under faults', async t => {
  let events = 0
  for (let seed = 1; seed <= 3; seed++) {
    const replay = { seed, ...short }
    const outcome = await runHistory({ plan: drawPlan(seed, replay) })
    assert.equal(outcome.failure?.text, undefined, `replay it with ${replayCommand(replay)}`)
    assert.ok(outcome.acknowledged > 0)
    events += outcome.events
  }
  t.diagnostic(`${events} events`)
})

test('one seed has one history', async () => {
  const replay = { seed: 'twice', ...short }
  const lines: string[] = []
  const one = await runHistory({ plan: drawPlan('twice', replay), onLine: line => lines.push(line) })
  const again: string[] = []
  const other = await runHistory({ plan: drawPlan('twice', replay), onLine: line => again.push(line) })
  assert.equal(one.failure?.text, undefined)
  assert.deepEqual(other, one)
  assert.deepEqual(again, lines)
})

for (const known of knownSeeds) {
  test(`seed ${known.seed}: ${known.proved}`, async () => {
    const { failure } = await runHistory({ plan: drawPlan(known.seed, known) })
    assert.equal(failure?.text, undefined, `replay it with ${replayCommand(known)}`)
  })
}
