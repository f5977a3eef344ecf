/**
 * Generated sequences of raw requests get the same answers from Odradek as from Kafka. The same seed on every run, so that a
 * change is judged by itself; `ODRADEK_INTEROP_SEED` takes another, `ODRADEK_INTEROP_SEQUENCES` says how many are played, and
 * main.ts is the same as a command, for nights. A failure names its seed and the least steps that differ.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { targetName } from '../target.ts'
import { startBroker } from './brokers.ts'
import { describeFailure, describeRun } from './report.ts'
import { runDifferential } from './run.ts'

const seed = Number(process.env.ODRADEK_INTEROP_SEED ?? 4711)
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
