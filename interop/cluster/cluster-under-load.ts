/** Three brokers and three members of etcd, and the clients of other people that work on them while faults happen. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaError } from '@odradek/client'
import { createNodePlatform } from '@odradek/platform/node'
import { createReplicatedTopic } from '../../packages/broker/src/testing/cluster-clients.ts'
import { Load, type LoadPlan } from '../durability/load.ts'
import { countsOf, judge } from '../durability/verdict.ts'
import { ClusterProcesses, type Surroundings } from './cluster-processes.ts'
import { Probe } from './probe.ts'

export const sessionTimeoutMs = 1000

/** Generous: what hangs is to fail, not what is slow on a busy machine. */
const wholeTimeoutMs = 60_000

const usualSettings = {
  'broker.session.timeout.ms': String(sessionTimeoutMs),
  'default.replication.factor': '3',
  'min.insync.replicas': '2',
  'offsets.topic.num.partitions': '4',
  'offsets.topic.replication.factor': '3',
  'replica.lag.time.max.ms': '5000',
}

/** Not much: eight processes and their clients share few cores, and it is not the speed that is tried here. */
const plan: LoadPlan = {
  partitions: 3,
  topics: { plain: {}, rolling: { 'segment.bytes': '1048576' } },
  writers: [
    { program: 'librdkafka', name: 'plain', topics: ['plain'], messagesPerSecond: 600, valueBytes: 100 },
    { program: 'librdkafka', name: 'rolling', topics: ['rolling'], messagesPerSecond: 300, valueBytes: 1000 },
    { program: 'kafkajs', name: 'kafkajs', topics: ['plain', 'rolling'], messagesPerSecond: 300, valueBytes: 100 },
    { program: 'java', name: 'java', topics: ['plain', 'rolling'], messagesPerSecond: 300, valueBytes: 100 },
  ],
  members: 2,
  commitEveryMs: 100,
}

const { clock } = createNodePlatform()

export class ClusterUnderLoad {
  readonly cluster: ClusterProcesses
  readonly load: Load
  readonly probe: Probe

  private constructor(cluster: ClusterProcesses, load: Load, probe: Probe) {
    this.cluster = cluster
    this.load = load
    this.probe = probe
  }

  /** All of them serve, and all writers write. */
  static async start({
    settings = {},
    ...surroundings
  }: { readonly settings?: Readonly<Record<string, string>> } & Surroundings = {}): Promise<ClusterUnderLoad> {
    const cluster = await ClusterProcesses.start({
      brokers: 3,
      settings: { ...usualSettings, ...settings },
      ...surroundings,
    })
    let load: Load | undefined
    let probe: Probe | undefined
    try {
      await cluster.hasAllBrokers()
      probe = await withAllBrokers(() => Probe.start(cluster))
      for (const [topic, configs] of Object.entries(plan.topics)) {
        const { partitions } = plan
        await withAllBrokers(() =>
          createReplicatedTopic({ client: cluster.client, clock }, topic, { partitions, configs }),
        )
      }
      load = await Load.start(cluster, plan)
      const started = new ClusterUnderLoad(cluster, load, probe)
      await sleep(1000)
      await started.isWhole()
      return started
    } catch (error) {
      probe?.end()
      load?.kill()
      await cluster.stop()
      throw error
    }
  }

  /** All partitions have all copies in sync again. */
  async isWhole(): Promise<void> {
    const deadlineMs = performance.now() + wholeTimeoutMs
    for (;;) {
      this.load.check()
      const behind = await this.cluster.behind().catch(() => -1)
      if (behind === 0) return
      assert.ok(performance.now() < deadlineMs, `${behind} partitions are not whole`)
      await sleep(50)
    }
  }

  /** Lets the clients finish, reads all back, and says how much it was; what is wrong with it comes first. */
  async verdict(): Promise<{ readonly problems: readonly string[]; readonly counts: string }> {
    await this.probe.finish()
    const verdict = await judge(this.load)
    return { problems: verdict.problems, counts: countsOf(verdict) }
  }

  async stop(): Promise<void> {
    this.probe.end()
    this.load.kill()
    await this.cluster.stop()
  }
}

/** Tries again while a broker's session has ended in the crowd of all that starts here: without it a topic has too few copies. */
async function withAllBrokers<T>(create: () => Promise<T>): Promise<T> {
  const deadlineMs = performance.now() + wholeTimeoutMs
  for (;;) {
    try {
      return await create()
    } catch (error) {
      const isTooFew = error instanceof KafkaError && error.codeName === 'INVALID_REPLICATION_FACTOR'
      if (!isTooFew || performance.now() > deadlineMs) throw error
      await sleep(100)
    }
  }
}
