/** Throughput, processor time and latency under load: the brokers in turns, a fresh topic each time. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { BrokerProcess } from '../../interop/broker-process.ts'
import type { BenchmarkRun } from './benchmark-run.ts'
import { type ContestantName, createContestant } from './contestants.ts'
import type { Metric } from './measurements.ts'
import { cpuSeconds } from './process-usage.ts'

export interface LoadSizes {
  readonly rounds: number
  /** Messages that go through a broker before it is measured; Kafka's just-in-time compiler needs the most. */
  readonly warmUp: Readonly<Record<ContestantName, number>>
  readonly messages: number
  readonly roundTrips: number
  /** Share of the variants' full number of messages. */
  readonly variantShare: number
}

/** What goes through a topic, and what the topic is like. */
interface Load {
  readonly messages: number
  readonly size: number
  readonly partitions: number
  readonly clientSettings: readonly string[]
  readonly topicSettings: readonly string[]
}

interface Variant extends Load {
  readonly name: string
}

const plain = { size: 100, partitions: 4, clientSettings: [], topicSettings: [] }

const variants: readonly Variant[] = [
  { ...plain, name: '1 KB messages', messages: 300_000, size: 1_000 },
  { ...plain, name: '100 KB messages', messages: 5_000, size: 100_000 },
  { ...plain, name: 'lz4 batches', messages: 1_000_000, clientSettings: ['compression.codec=lz4'] },
  { ...plain, name: 'zstd batches', messages: 1_000_000, clientSettings: ['compression.codec=zstd'] },
  { ...plain, name: '1 partition', messages: 1_000_000, partitions: 1 },
  { ...plain, name: '100 partitions', messages: 1_000_000, partitions: 100 },
  { ...plain, name: 'flush.messages=1', messages: 300_000, topicSettings: ['flush.messages=1'] },
]

const messagesIn: Metric = {
  name: 'messages in, a second',
  unit: '/s',
  decimals: 0,
  bar: { ofKafka: 1.5, ofBareLoop: 0.7, direction: 'at least' },
}
const messagesOut: Metric = {
  name: 'messages out, a second',
  unit: '/s',
  decimals: 0,
  bar: { ofKafka: 1.1, ofBareLoop: 0.9, direction: 'at least' },
}
const cpuIn: Metric = {
  name: 'broker CPU, a million in',
  unit: 's',
  decimals: 3,
  bar: { ofKafka: 0.5, direction: 'at most' },
}
const cpuOut: Metric = {
  name: 'broker CPU, a million out',
  unit: 's',
  decimals: 3,
  bar: { ofKafka: 0.75, direction: 'at most' },
}
const roundTripMedian: Metric = {
  name: 'end to end, median',
  unit: 'us',
  decimals: 0,
  bar: { ofKafka: 0.5, direction: 'at most' },
}
const roundTripSlow: Metric = {
  name: 'end to end, p99',
  unit: 'us',
  decimals: 0,
  bar: { ofKafka: 0.5, direction: 'at most' },
}

interface LoadRun extends BenchmarkRun {
  readonly sizes: LoadSizes
}

const contestants: readonly ContestantName[] = ['kafka', 'bare loop', 'odradek']

export async function measureLoad(run: LoadRun): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const brokers = new Map<ContestantName, BrokerProcess>()
  for (const name of contestants) {
    const broker = stack.use(await createContestant(name))
    await broker.start()
    brokers.set(name, broker)
  }
  for (const [name, broker] of brokers) await warmUp(run, name, broker)
  for (let round = 1; round <= run.sizes.rounds; round++) {
    for (const [name, broker] of brokers) await measureRound(run, name, broker, round)
  }
  for (const variant of variants) await measureVariant(run, variant, brokers)
}

async function warmUp(
  { generator, sizes, progress }: LoadRun,
  name: ContestantName,
  broker: BrokerProcess,
): Promise<void> {
  const messages = sizes.warmUp[name]
  progress.say(`warming ${name} with ${messages} messages`)
  await generator.run('create', broker.bootstrap, 'warm', 4, 1)
  await generator.run('produce', broker.bootstrap, 'warm', messages, 100)
  await generator.run('consume', broker.bootstrap, 'warm', messages)
}

async function measureRound(run: LoadRun, name: ContestantName, broker: BrokerProcess, round: number): Promise<void> {
  const { generator, measurements, progress, sizes } = run
  const topic = `round-${round}`
  const { input, output } = await throughTopic(run, broker, topic, { ...plain, messages: sizes.messages })
  measurements.add(messagesIn, name, input.perSecond)
  measurements.add(cpuIn, name, input.cpuPerMillion)
  measurements.add(messagesOut, name, output.perSecond)
  measurements.add(cpuOut, name, output.cpuPerMillion)
  // Without librdkafka's usual wait for more messages, which would be all that is measured.
  const trips = await generator.run('latency', broker.bootstrap, topic, sizes.roundTrips, 100, 'linger.ms=0')
  measurements.add(roundTripMedian, name, trips.p50_us ?? Number.NaN)
  measurements.add(roundTripSlow, name, trips.p99_us ?? Number.NaN)
  const rates = `in ${millions(input.perSecond)} out ${millions(output.perSecond)} million/s`
  progress.say(
    `round ${round} of ${sizes.rounds}: ${name}: ${rates}, end to end ${trips.p50_us} us, p99 ${trips.p99_us} us`,
  )
}

async function measureVariant(
  run: LoadRun,
  variant: Variant,
  brokers: ReadonlyMap<ContestantName, BrokerProcess>,
): Promise<void> {
  const { measurements, progress, sizes } = run
  const variantIn: Metric = { name: `${variant.name}, in`, unit: '/s', decimals: 0 }
  const variantOut: Metric = { name: `${variant.name}, out`, unit: '/s', decimals: 0 }
  const messages = Math.ceil(variant.messages * sizes.variantShare)
  for (let round = 1; round <= sizes.rounds; round++) {
    for (const [name, broker] of brokers) {
      // The bare loop has four partitions and no settings.
      if (name === 'bare loop') continue
      const topic = `${variant.name.replaceAll(/[^a-z0-9]+/gi, '-')}-${round}`
      const { input, output } = await throughTopic(run, broker, topic, { ...variant, messages })
      measurements.add(variantIn, name, input.perSecond)
      measurements.add(variantOut, name, output.perSecond)
    }
    progress.say(`${variant.name}: round ${round} of ${sizes.rounds}`)
  }
}

/** Into a new topic, and out of it again. */
async function throughTopic(
  { generator }: LoadRun,
  broker: BrokerProcess,
  topic: string,
  { messages, size, partitions, clientSettings, topicSettings }: Load,
): Promise<{ input: Throughput; output: Throughput }> {
  const at = broker.bootstrap
  await generator.run('create', at, topic, partitions, 1, ...topicSettings)
  const input = await through([broker], () => generator.run('produce', at, topic, messages, size, ...clientSettings))
  const output = await through([broker], () => generator.run('consume', at, topic, messages))
  return { input, output }
}

export interface Throughput {
  readonly perSecond: number
  readonly cpuPerMillion: number
}

export async function through(
  brokers: readonly BrokerProcess[],
  work: () => Promise<Readonly<Record<string, number>>>,
): Promise<Throughput> {
  // What the last command left to do (a flush, a collection) is not counted to this one.
  await sleep(200)
  const used = () => brokers.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0)
  const before = used()
  const { count = 0, seconds = 0 } = await work()
  return { perSecond: count / seconds, cpuPerMillion: ((used() - before) / count) * 1e6 }
}

export function millions(perSecond: number): string {
  return (perSecond / 1e6).toFixed(2)
}
