/**
 * Compares Odradek with the real Kafka and with the bare loop, on this machine, in one run.
 *
 *   npm run bench -- [--quick] [--cluster] [--json FILE] [--only load|footprint] [--rounds N]
 *
 * Only ratios of one run mean anything: the client shares the machine with the brokers. `--quick` shows within two
 * minutes that everything still runs; its figures are rough. `--cluster` compares three brokers with three brokers instead.
 */
import { writeFile } from 'node:fs/promises'
import os from 'node:os'
import { parseArgs } from 'node:util'
import { measureCluster } from './cluster.ts'
import type { ClusterSizes } from './cluster-run.ts'
import type { ContestantName } from './contestants.ts'
import { measureFootprint } from './footprint.ts'
import { type LoadSizes, measureLoad } from './load.ts'
import { buildLoadGenerator } from './load-generator.ts'
import { Measurements } from './measurements.ts'
import { Progress } from './progress.ts'
import { formatTable } from './table.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    cluster: { type: 'boolean', default: false },
    json: { type: 'string' },
    only: { type: 'string' },
    rounds: { type: 'string' },
  },
})

const sizes: LoadSizes = values.quick
  ? {
      rounds: Number(values.rounds ?? 1),
      warmUp: { kafka: 500_000, 'bare loop': 100_000, odradek: 100_000 },
      messages: 300_000,
      roundTrips: 500,
      variantShare: 0.1,
    }
  : {
      rounds: Number(values.rounds ?? 5),
      warmUp: { kafka: 5_000_000, 'bare loop': 1_000_000, odradek: 1_000_000 },
      messages: 2_000_000,
      roundTrips: 3_000,
      variantShare: 1,
    }

const clusterSizes: ClusterSizes = values.quick
  ? {
      rounds: Number(values.rounds ?? 1),
      warmUp: { kafka: 300_000, odradek: 100_000 },
      messages: 200_000,
      roundTrips: 500,
      missedMessages: 100_000,
      roundTripsMeanwhile: 100,
      partitions: 1_000,
    }
  : {
      rounds: Number(values.rounds ?? 5),
      warmUp: { kafka: 6_000_000, odradek: 1_000_000 },
      messages: 1_000_000,
      roundTrips: 3_000,
      missedMessages: 1_000_000,
      roundTripsMeanwhile: 1_000,
      partitions: 10_000,
    }

const progress = new Progress()
const measurements = new Measurements()
progress.say('building the load generator')
const generator = await buildLoadGenerator()
if (values.cluster) await measureCluster({ generator, measurements, progress, sizes: clusterSizes })
else {
  if (values.only !== 'footprint') await measureLoad({ generator, measurements, progress, sizes })
  if (values.only !== 'load') await measureFootprint({ generator, measurements, progress, rounds: sizes.rounds })
}

const machine = `${os.cpus().length} x ${os.cpus()[0]?.model ?? 'processor'}, ${(os.totalmem() / 1e9).toFixed(0)} GB`
console.log(
  `\n${machine}; Node ${process.versions.node}; 100-byte messages unless said otherwise; medians of ${sizes.rounds}\n`,
)
console.log(formatTable(measurements))
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report(), null, 2)}\n`)

function report() {
  const names: readonly ContestantName[] = ['kafka', 'bare loop', 'odradek']
  return {
    machine,
    node: process.versions.node,
    metrics: measurements.metrics.map(metric => ({
      ...metric,
      ...Object.fromEntries(
        names.map(name => [name, { median: measurements.median(metric, name), all: measurements.all(metric, name) }]),
      ),
    })),
  }
}
