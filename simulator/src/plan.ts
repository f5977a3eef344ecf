/** What a seed makes of the dial: the cluster, the topics, and the faults with their times. Plain data, so that it can be shrunk. */
import { SeededRandom } from '@odradek/platform/simulated'

export interface Dial {
  /** Faults a minute of virtual time; 1 is usual. */
  readonly intensity: number
  /** How long the faults go on; drawn where it is left out. */
  readonly durationMs?: number
  /** Indices of the faults that happen; all where it is left out. */
  readonly only?: readonly number[]
}

export interface TopicPlan {
  readonly name: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string>>
}

/** Kinds of a machine that goes away and comes back. */
export type Outage =
  | 'crash'
  | 'power loss'
  | 'crash in a disk call'
  | 'power loss in a disk call'
  | 'stop'
  | 'new disk'
  | 'bit rot'

export type FaultKind =
  | Outage
  | 'pause'
  | 'clock jump'
  | 'partition'
  | 'one-way partition'
  | 'isolation'
  | 'cut off from clients'
  | 'refusals'
  | 'resets'
  | 'stalls'
  | 'full disk'
  | 'slow disk'
  | 'failing disk'
  | 'store unreachable'
  | 'store answers lost'
  | 'store cut off in a commit'
  | 'store messages lost'
  | 'store watches late'
  | 'leases ended'
  | 'store compacted'

export interface Fault {
  readonly index: number
  readonly atMs: number
  readonly forMs: number
  readonly kind: FaultKind
  /** Whom it strikes, where it strikes one; and another one, where it takes two. */
  readonly broker: number
  readonly other: number
  /** Of whatever the kind can have more or less, in [0, 1). */
  readonly amount: number
}

export interface Plan {
  readonly seed: number | string
  readonly brokerIds: readonly number[]
  readonly durationMs: number
  /** flush.messages=1 everywhere: then no power loss may lose anything, however many brokers it takes at once. */
  readonly isFlushed: boolean
  /** Of all topics. With one alone, what is acknowledged need not have a second copy. */
  readonly minInSyncReplicas: number
  readonly sessionTimeoutMs: number
  readonly brokerConfig: Readonly<Record<string, string>>
  readonly topics: readonly TopicPlan[]
  /** Pause between two batches of a producer. */
  readonly producerPauseMs: number
  readonly changesTopics: boolean
  readonly deletesRecords: boolean
  readonly reassigns: boolean
  readonly faults: readonly Fault[]
}

/** Drawn for themselves: see `drawFaultsOf`. */
type FaultApart = 'failing disk' | 'bit rot' | 'refusals' | 'store cut off in a commit'

const weights: Readonly<Record<Exclude<FaultKind, FaultApart>, number>> = {
  crash: 10,
  'power loss': 10,
  'crash in a disk call': 5,
  'power loss in a disk call': 5,
  stop: 8,
  'new disk': 3,
  pause: 6,
  'clock jump': 3,
  partition: 8,
  'one-way partition': 6,
  isolation: 6,
  'cut off from clients': 3,
  resets: 3,
  stalls: 3,
  'full disk': 3,
  'slow disk': 4,
  'store unreachable': 6,
  'store answers lost': 4,
  'store messages lost': 4,
  'store watches late': 4,
  'leases ended': 4,
  'store compacted': 2,
}

export function drawPlan(seed: number | string, dial: Dial): Plan {
  const random = new SeededRandom(`plan of ${seed}`)
  const brokerCount = random.pick([3, 3, 3, 4, 5])
  const brokerIds = Array.from({ length: brokerCount }, (_, at) => at + 1)
  const isFlushed = random.chance(0.5)
  const drawnMs = random.pick([15_000, 20_000, 30_000, 40_000, 90_000])
  const durationMs = dial.durationMs ?? drawnMs
  const sessionTimeoutMs = random.pick([1000, 2000, 6000])
  const brokerConfig: Record<string, string> = {
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': random.pick(['0', '500']),
    'leader.imbalance.check.interval.seconds': random.pick(['5', '20', '300']),
    'log.flush.offset.checkpoint.interval.ms': random.pick(['1000', '10000', '60000']),
    'log.initial.task.delay.ms': '1000',
    'log.retention.check.interval.ms': '3000',
    'offsets.topic.num.partitions': '2',
    'replica.fetch.backoff.ms': random.pick(['100', '1000']),
    'replica.fetch.wait.max.ms': random.pick(['100', '500']),
    'replica.lag.time.max.ms': random.pick(['2000', '10000', '30000']),
    'replica.socket.timeout.ms': random.pick(['5000', '30000']),
    ...(isFlushed ? { 'log.flush.interval.messages': '1' } : {}),
  }
  const minInSyncReplicas = isFlushed ? random.pick([1, 2, 2]) : 2
  const configs = () => ({
    ...(random.chance(0.4) ? { 'internal.segment.bytes': random.pick(['4096', '20000']) } : {}),
    ...(random.chance(0.3) ? { 'flush.messages': '1' } : {}),
  })
  const topics: TopicPlan[] = [
    { name: 'orders', partitions: 2, replicationFactor: 3, configs: configs() },
    { name: 'payments', partitions: 1, replicationFactor: random.pick([2, 3]), configs: configs() },
  ]
  return {
    seed,
    brokerIds,
    durationMs,
    isFlushed,
    minInSyncReplicas,
    sessionTimeoutMs,
    brokerConfig,
    topics,
    producerPauseMs: random.pick([50, 150, 400]),
    changesTopics: random.chance(0.5),
    deletesRecords: random.chance(0.4),
    reassigns: random.chance(0.5),
    faults: [
      ...drawFaults(random.split('faults'), { brokerIds, drawnMs, dial }),
      ...drawFaultsOf(random.split('disks that fail'), { brokerIds, drawnMs, ...diskFailures }),
      ...drawFaultsOf(random.split('bits that rot'), { brokerIds, drawnMs, ...bitRot }),
      ...drawFaultsOf(random.split('firewalls that refuse'), { brokerIds, drawnMs, ...refusals }),
      ...drawFaultsOf(random.split('commits without an answer'), { brokerIds, drawnMs, ...unansweredCommits }),
    ].filter(({ index, atMs }) => (dial.only === undefined || dial.only.includes(index)) && atMs < durationMs),
  }
}

function drawFaults(
  random: SeededRandom,
  { brokerIds, drawnMs, dial }: { brokerIds: readonly number[]; drawnMs: number; dial: Dial },
): Fault[] {
  // Some histories live on one or two kinds of faults: what many kinds at once hide shows in them.
  const kinds = Object.keys(weights) as (keyof typeof weights)[]
  const favourites = random.chance(0.5) ? [random.pick(kinds), random.pick(kinds), random.pick(kinds)] : []
  const faults: Fault[] = []
  const gapMs = random.pick([500, 1000, 2000, 4000]) / dial.intensity
  let atMs = 3000
  for (let index = 0; ; index++) {
    atMs += random.fraction() * 2 * gapMs
    if (atMs >= drawnMs) return faults
    const broker = random.pick(brokerIds)
    faults.push({
      index,
      atMs: Math.round(atMs),
      forMs: Math.round(random.pick([200, 1500, 4000, 12_000]) * (0.2 + random.fraction())),
      kind: favourites.length > 0 && random.chance(0.8) ? random.pick(favourites) : pickKind(random),
      broker,
      other: random.pick(brokerIds.filter(id => id !== broker)),
      amount: random.fraction(),
    })
  }
}

interface FaultsApart {
  readonly kind: FaultApart
  /** Indices of these faults begin here: those of the others are as many as the dial says. */
  readonly firstIndex: number
  /** Share of the histories that have them. */
  readonly chance: number
  readonly forMs?: readonly number[]
}

const diskFailures: FaultsApart = { kind: 'failing disk', firstIndex: 1_000_000, chance: 0.25 }
const bitRot: FaultsApart = { kind: 'bit rot', firstIndex: 2_000_000, chance: 0.15 }
const refusals: FaultsApart = { kind: 'refusals', firstIndex: 3_000_000, chance: 0.2 }
/** Long: that a commit is not answered is known after ten seconds. */
const unansweredCommits: FaultsApart = {
  kind: 'store cut off in a commit',
  firstIndex: 4_000_000,
  chance: 0.2,
  forMs: [2000, 12_000, 20_000],
}

/** Each kind has a stream of chance of its own, so that the other faults of a seed stay what they are. */
function drawFaultsOf(
  random: SeededRandom,
  {
    brokerIds,
    drawnMs,
    kind,
    firstIndex,
    chance,
    forMs = [500, 2000, 6000],
  }: FaultsApart & { brokerIds: readonly number[]; drawnMs: number },
): Fault[] {
  if (!random.chance(chance)) return []
  const faults: Fault[] = []
  for (let atMs = 3000 + random.fraction() * 5000; atMs < drawnMs; atMs += 2000 + random.fraction() * 10_000) {
    const broker = random.pick(brokerIds)
    faults.push({
      index: firstIndex + faults.length,
      atMs: Math.round(atMs),
      forMs: Math.round(random.pick(forMs) * (0.2 + random.fraction())),
      kind,
      broker,
      other: kind === 'refusals' ? random.pick(brokerIds.filter(id => id !== broker)) : broker,
      amount: random.fraction(),
    })
  }
  return faults
}

function pickKind(random: SeededRandom): keyof typeof weights {
  const entries = Object.entries(weights) as [keyof typeof weights, number][]
  let left = random.fraction() * entries.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [kind, weight] of entries) {
    left -= weight
    if (left < 0) return kind
  }
  return 'crash'
}

export function describeFault({ index, kind, broker, other, forMs, amount }: Fault): string {
  return `fault ${index}: ${kind}, broker ${broker} (${other}), ${forMs} ms, amount ${amount.toFixed(2)}`
}
