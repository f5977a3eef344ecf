/** A replica that was away: how fast it gets what it lacks, and what that costs those who talk to its leaders meanwhile. */
import { readdirSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BrokerProcess } from '../../interop/broker-process.ts'
import { mustRun } from '../../interop/command.ts'
import type { ClusterName, ClusterRun } from './cluster-run.ts'
import type { ClusterContestant } from './contestants.ts'
import type { Metric } from './measurements.ts'

const messageBytes = 1_000
const partitions = 4
const replicas = 3
/** Not so often that looking is what is measured. */
const lookMs = 50
const patienceMs = 180_000

const rate: Metric = {
  name: 'a replica that was away: catches up, a second',
  unit: 'MB',
  decimals: 0,
  bar: { absolute: 200, direction: 'at least' },
}
const slowdown: Metric = {
  name: 'end to end p99 meanwhile, to that before',
  unit: 'x',
  decimals: 2,
  bar: { absolute: 2, direction: 'at most' },
}

export async function measureCatchUp(
  { generator, measurements, progress, sizes }: ClusterRun,
  name: ClusterName,
  { brokers }: ClusterContestant,
  round: number,
): Promise<void> {
  const [, , away] = brokers
  if (away === undefined) throw new Error('three brokers are needed')
  const bootstrap = brokers
    .filter(broker => broker !== away)
    .map(broker => broker.bootstrap)
    .join(',')
  const [missed, calm] = [`missed-${round}`, `calm-${round}`]
  await generator.run('create', bootstrap, missed, partitions, replicas, 'min.insync.replicas=2')
  await generator.run('create', bootstrap, calm, 1, replicas, 'min.insync.replicas=2')
  await away.shutdown()
  const bytes = sizes.missedMessages * messageBytes
  await generator.run('produce', bootstrap, missed, sizes.missedMessages, messageBytes)
  // What was written so far is not to be written to the disk while it is measured, which holds back whoever writes more.
  await mustRun('sync', [])
  // The one that is away has left the in-sync set by then, as it did when it stopped.
  const before = await generator.run('latency', bootstrap, calm, sizes.roundTrips, 100, 'linger.ms=0')
  const stored = storedBytes(away, missed)
  const caughtUp = watchGrowth(away, missed, stored + bytes)
  await away.start()
  await untilGrown(away, missed, stored)
  const during = await generator.run('latency', bootstrap, calm, sizes.roundTripsMeanwhile, 100, 'linger.ms=0')
  const megabytesPerSecond = await caughtUp
  measurements.add(rate, name, megabytesPerSecond)
  const times = (during.p99_us ?? Number.NaN) / (before.p99_us ?? Number.NaN)
  measurements.add(slowdown, name, times)
  progress.say(
    `catching up: ${name}: ${Math.round(megabytesPerSecond)} MB/s, p99 ${before.p99_us} us before, ${during.p99_us} us meanwhile`,
  )
  await sleep(2000)
}

/** MB a second, between the first and the last tenth. */
async function watchGrowth(broker: BrokerProcess, topic: string, endBytes: number): Promise<number> {
  const begun = storedBytes(broker, topic)
  const [low, high] = [begun + (endBytes - begun) * 0.1, begun + (endBytes - begun) * 0.9]
  const untilMs = performance.now() + patienceMs
  let first: { readonly ms: number; readonly bytes: number } | null = null
  for (;;) {
    const [ms, bytes] = [performance.now(), storedBytes(broker, topic)]
    if (bytes >= low) first ??= { ms, bytes }
    if (first !== null && bytes >= high) return (bytes - first.bytes) / 1e6 / ((ms - first.ms) / 1e3)
    if (ms > untilMs) throw new Error(`${topic} has ${bytes} of ${endBytes} bytes after ${patienceMs} ms`)
    await sleep(lookMs)
  }
}

async function untilGrown(broker: BrokerProcess, topic: string, fromBytes: number): Promise<void> {
  const untilMs = performance.now() + patienceMs
  while (storedBytes(broker, topic) <= fromBytes) {
    if (performance.now() > untilMs) throw new Error(`nothing of ${topic} came within ${patienceMs} ms`)
    await sleep(lookMs)
  }
}

/** On the broker's disk, in the topic's segments. */
function storedBytes({ directory }: BrokerProcess, topic: string): number {
  let bytes = 0
  for (let partition = 0; partition < partitions; partition++) {
    const place = `${directory}/data/${topic}-${partition}`
    for (const name of readdirSync(place)) if (name.endsWith('.log')) bytes += statSync(`${place}/${name}`).size
  }
  return bytes
}
