/**
 * Plays generated sequences against the real Kafka and Odradek and prints where they differ.
 *
 *   npm run differential -- [--seed N] [--sequences N] [--left kafka|HOST:PORT] [--right odradek|kafka|PORT]
 */
import { parseArgs } from 'node:util'
import type { BrokerProcess } from '../broker-process.ts'
import { type BrokerKind, startBroker } from './brokers.ts'
import { describeFailure, describeRun } from './report.ts'
import { runDifferential } from './run.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    sequences: { type: 'string', default: '2000' },
    concurrency: { type: 'string', default: '16' },
    failures: { type: 'string', default: '10' },
    left: { type: 'string', default: 'kafka' },
    right: { type: 'string', default: 'odradek' },
  },
})

const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000_000))
const sequences = Number(values.sequences)
console.log(`seed ${seed}, ${sequences} sequences, ${values.left} and ${values.right}`)

await using stack = new AsyncDisposableStack()
const brokers: BrokerProcess[] = []
const [left, right] = await Promise.all([portOf(values.left), portOf(values.right)])
const startedAt = performance.now()
const result = await runDifferential(
  { left, right },
  {
    seed,
    sequences,
    concurrency: Number(values.concurrency),
    failuresMax: Number(values.failures),
    onFailure: failure => console.log(describeFailure(failure)),
    onProgress(done, suspects) {
      if (done % 50 === 0) console.log(`${done} of ${sequences} played, ${suspects} to look at again, ${seconds()} s`)
    },
  },
)
console.log(describeRun(result))
for (const broker of brokers) if (broker.obituary !== null) console.log(broker.obituary)
console.log(`${result.failures.length} of ${result.played} sequences differ; ${seconds()} s`)
process.exitCode = result.failures.length === 0 ? 0 : 1

/** A broker of ours to start, or the port of one that runs. */
async function portOf(which: string): Promise<number> {
  if (/^\d+$/.test(which)) return Number(which)
  if (which !== 'kafka' && which !== 'odradek')
    throw new Error(`--left and --right take kafka, odradek or a port, not ${which}`)
  const broker = stack.use(await startBroker(which satisfies BrokerKind))
  brokers.push(broker)
  return broker.port
}

function seconds(): string {
  return ((performance.now() - startedAt) / 1000).toFixed(0)
}
