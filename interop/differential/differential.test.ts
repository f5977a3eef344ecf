/**
 * Generated sequences of raw requests get the same answers from Odradek as from Kafka. A new seed on every run; the
 * failure message has it, with the least steps that differ. `ODRADEK_INTEROP_SEED` plays one again,
 * `ODRADEK_INTEROP_SEQUENCES` changes how many are played; main.ts is the same as a command.
 */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { targetName } from '../target.ts'
import { startBroker } from './brokers.ts'
import { describeFailure, describeRun } from './report.ts'
import { runDifferential } from './run.ts'

const seed = Number(process.env.ODRADEK_INTEROP_SEED ?? randomInt(1_000_000_000))
const sequences = Number(process.env.ODRADEK_INTEROP_SEQUENCES ?? 300)

test(`${sequences} sequences from seed ${seed} get the same answers on both`, async context => {
  await using kafka = await startBroker('kafka')
  await using target = await startBroker(targetName())
  const result = await runDifferential(
    { left: kafka.port, right: target.port },
    { seed, sequences, concurrency: 16, failuresMax: 5, onProgress() {}, onFailure() {} },
  )
  context.diagnostic(describeRun(result))
  for (const broker of [kafka, target]) assert.equal(broker.obituary, null)
  assert.equal(result.failures.map(describeFailure).join('\n\n'), '')
  assert.equal(result.played, sequences)
})
