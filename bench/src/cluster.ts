/** Three brokers that keep everything three times: throughput, latency, memory, and how soon another broker leads. */
import { setTimeout as sleep } from 'node:timers/promises'
import { measureCatchUp } from './catch-up.ts'
import type { ClusterName, ClusterRun } from './cluster-run.ts'
import { type ClusterContestant, startCluster } from './contestants.ts'
import { millions, through } from './load.ts'
import { measureManyPartitions } from './many-partitions.ts'
import type { Metric } from './measurements.ts'
import { median } from './median.ts'
import { residentMb } from './process-usage.ts'

const names: readonly ClusterName[] = ['kafka', 'odradek']

const messagesIn: Metric = {
  name: 'three brokers: messages in, a second',
  unit: '/s',
  decimals: 0,
  bar: { ofKafka: 2, direction: 'at least' },
}
const messagesOut: Metric = {
  name: 'three brokers: messages out, a second',
  unit: '/s',
  decimals: 0,
  bar: { ofKafka: 1, direction: 'at least' },
}
const cpuIn: Metric = { name: 'three brokers: CPU of all, a million in', unit: 's', decimals: 3 }
const roundTripMedian: Metric = {
  name: 'three brokers: end to end, median',
  unit: 'us',
  decimals: 0,
  bar: { ofKafka: 0.5, direction: 'at most' },
}
const roundTripSlow: Metric = {
  name: 'three brokers: end to end, p99',
  unit: 'us',
  decimals: 0,
  bar: { ofKafka: 0.5, direction: 'at most' },
}
const memory: Metric = {
  name: 'three brokers: resident memory of each',
  unit: 'MB',
  decimals: 0,
  bar: { ofKafka: 0.3, direction: 'at most' },
}
const failover: Metric = {
  name: 'kill -9 of a leader: without an acknowledgement',
  unit: 'ms',
  decimals: 0,
  bar: { ofKafka: 0.2, direction: 'at most' },
}

/** Each message is on three brokers, and on two at least when it is acknowledged. */
const replicas = 3
const topicSettings = ['min.insync.replicas=2']

export async function measureCluster(run: ClusterRun): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const clusters = new Map<ClusterName, ClusterContestant>()
  for (const name of names) {
    run.progress.say(`starting three brokers: ${name}`)
    clusters.set(name, stack.use(await startCluster(name)))
  }
  for (const [name, cluster] of clusters) await warmUp(run, name, cluster)
  for (let round = 1; round <= run.sizes.rounds; round++) {
    for (const [name, cluster] of clusters) await measureRound(run, name, cluster, round)
  }
  for (let round = 1; round <= run.sizes.rounds; round++) {
    for (const [name, cluster] of clusters) await measureFailover(run, name, cluster, round)
  }
  for (let round = 1; round <= run.sizes.rounds; round++) {
    for (const [name, cluster] of clusters) await measureCatchUp(run, name, cluster, round)
  }
  for (const [name, cluster] of clusters) await measureManyPartitions(run, name, cluster)
}

async function warmUp(run: ClusterRun, name: ClusterName, { bootstrap }: ClusterContestant): Promise<void> {
  const { generator, progress, sizes } = run
  const messages = sizes.warmUp[name]
  progress.say(`warming ${name} with ${messages} messages`)
  await generator.run('create', bootstrap, 'warm', 4, replicas, ...topicSettings)
  await generator.run('produce', bootstrap, 'warm', messages, 100)
  await generator.run('consume', bootstrap, 'warm', messages)
}

async function measureRound(
  run: ClusterRun,
  name: ClusterName,
  cluster: ClusterContestant,
  round: number,
): Promise<void> {
  const { generator, measurements, progress, sizes } = run
  const { bootstrap, brokers } = cluster
  const topic = `round-${round}`
  await generator.run('create', bootstrap, topic, 4, replicas, ...topicSettings)
  const input = await through(brokers, () => generator.run('produce', bootstrap, topic, sizes.messages, 100))
  measurements.add(messagesIn, name, input.perSecond)
  measurements.add(cpuIn, name, input.cpuPerMillion)
  const output = await through(brokers, () => generator.run('consume', bootstrap, topic, sizes.messages))
  measurements.add(messagesOut, name, output.perSecond)
  const trips = await generator.run('latency', bootstrap, topic, sizes.roundTrips, 100, 'linger.ms=0')
  measurements.add(roundTripMedian, name, trips.p50_us ?? Number.NaN)
  measurements.add(roundTripSlow, name, trips.p99_us ?? Number.NaN)
  measurements.add(memory, name, median(brokers.map(({ pid }) => residentMb(pid))))
  const rates = `in ${millions(input.perSecond)} out ${millions(output.perSecond)} million/s`
  progress.say(
    `round ${round} of ${sizes.rounds}: ${name}: ${rates}, end to end ${trips.p50_us} us, p99 ${trips.p99_us} us`,
  )
}

/** Kafka takes nine seconds to notice that a broker is gone. */
const streamMs = 20_000

/** The leader dies two seconds into a steady stream of messages, which goes on for long enough to see it end. */
async function measureFailover(
  run: ClusterRun,
  name: ClusterName,
  cluster: ClusterContestant,
  round: number,
): Promise<void> {
  const { generator, measurements, progress, sizes } = run
  const { bootstrap, brokers } = cluster
  const topic = `failover-${round}`
  await generator.run('create', bootstrap, topic, 1, replicas, ...topicSettings)
  await sleep(1000)
  const { leader = 0 } = await generator.run('leader', bootstrap, topic)
  const dying = brokers[leader - 1]
  if (dying === undefined) throw new Error(`${name}: broker ${leader} leads ${topic}`)
  const survivors = brokers.filter(broker => broker !== dying).map(broker => broker.bootstrap)
  const pulse = generator.run('gap', survivors.join(','), topic, streamMs, 100)
  await sleep(2000)
  await dying.kill()
  const { gap_ms: gapMs = Number.NaN } = await pulse
  measurements.add(failover, name, gapMs)
  progress.say(`failover ${round} of ${sizes.rounds}: ${name}: ${Math.round(gapMs)} ms without an acknowledgement`)
  await dying.start()
  // Back in sync before the next round.
  await sleep(3000)
}
