/** Orderly restarts under load, as when a broker gets a new version: slow for clients, and no error to any of them. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BrokerProcess } from '../broker-process.ts'
import { startTarget } from '../target.ts'
import { Load, mixedLoad } from './load.ts'
import { countsOf, judge } from './verdict.ts'

const restarts = 6
const servesMs = 600

let broker: BrokerProcess
let load: Load | undefined

after(async () => {
  load?.kill()
  await broker?.stop()
})

test(`${restarts} orderly restarts under load lose nothing, recover nothing, and are no error to any client`, async t => {
  broker = await startTarget()
  load = await Load.start(broker, mixedLoad)
  await sleep(1_000)
  const tookMs: number[] = []
  for (let restart = 0; restart < restarts; restart++) {
    await sleep(servesMs)
    load.check()
    const begun = performance.now()
    await broker.restart()
    tookMs.push(performance.now() - begun)
    load.observe()
  }
  const verdict = await judge(load)
  const times = tookMs.toSorted((a, b) => a - b)
  t.diagnostic(`${restarts} restarts; ${countsOf(verdict)}`)
  t.diagnostic(
    `stopped and served again in ${times[times.length >> 1]?.toFixed()} ms (median), ${times.at(-1)?.toFixed()} ms (most)`,
  )
  assert.deepEqual(verdict.problems, [])
  assert.doesNotMatch(broker.output, /unclean stop/)
})
