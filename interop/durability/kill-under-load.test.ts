/**
 * Twenty rounds of `kill -9` under load. What counts is what clients were told: nothing acknowledged is lost, nothing stands
 * twice, the order is kept, and a committed offset never goes back.
 *
 * `ODRADEK_SEED=…` repeats the kill times.
 */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BrokerProcess } from '../broker-process.ts'
import { Random } from '../differential/random.ts'
import { startTarget } from '../target.ts'
import { Load, mixedLoad } from './load.ts'
import { countsOf, judge } from './verdict.ts'

const rounds = 20

const seed = Number(process.env.ODRADEK_SEED ?? randomInt(2 ** 31))
let broker: BrokerProcess
let load: Load | undefined

after(async () => {
  load?.kill()
  await broker?.stop()
})

test(`${rounds} rounds of kill -9 under load lose nothing, double nothing, and keep the order`, async t => {
  t.diagnostic(`ODRADEK_SEED=${seed}`)
  const random = new Random(seed)
  broker = await startTarget()
  load = await Load.start(broker, mixedLoad)
  const servedAfterMs: number[] = []
  let killedAtStart = 0
  await sleep(1_000)
  for (let round = 0; round < rounds; round++) {
    await sleep(random.int(100, 1_200))
    load.check()
    await broker.kill()
    // Every fourth time it is killed again before it serves: a recovery that does not come to its end.
    if (random.chance(0.25)) {
      const start = assert.rejects(broker.start(), /ended with SIGKILL/)
      await sleep(random.int(50, 200))
      await broker.kill()
      killedAtStart += await start.then(
        () => 1,
        () => 0,
      )
    }
    servedAfterMs.push(await broker.start())
    load.observe()
  }
  const verdict = await judge(load)
  const times = servedAfterMs.toSorted((a, b) => a - b)
  t.diagnostic(`${rounds} rounds, ${killedAtStart} of them with a second kill during recovery; ${countsOf(verdict)}`)
  t.diagnostic(
    `served again after ${times[times.length >> 1]?.toFixed()} ms (median), ${times.at(-1)?.toFixed()} ms (most)`,
  )
  assert.deepEqual(verdict.problems, [])
})
