/** Thousands of partitions on three brokers: how long they take to be there, to be asked for, to come back and to find other leaders. */
import { setTimeout as sleep } from 'node:timers/promises'
import { BrokerConnection } from '@odradek/client'
import { createNodePlatform } from '@odradek/platform/node'
import { type MetadataResponse, metadataRequest, metadataResponse } from '@odradek/protocol'
import type { BrokerProcess } from '../../interop/broker-process.ts'
import type { ClusterName, ClusterRun } from './cluster-run.ts'
import type { ClusterContestant } from './contestants.ts'
import type { Metric } from './measurements.ts'
import { median } from './median.ts'

const platform = createNodePlatform()

const topics = 10
const replicas = 3
/** Between two looks at the cluster. */
const lookMs = 100
const patienceMs = 180_000

const bar = { ofKafka: 1, direction: 'at most' } as const
const creation: Metric = { name: 'many partitions: created, all in sync', unit: 'ms', decimals: 0, bar }
const asking: Metric = { name: 'many partitions: metadata of all', unit: 'ms', decimals: 1, bar }
const stop: Metric = { name: 'many partitions: a broker stops, others lead', unit: 'ms', decimals: 0, bar }
const start: Metric = { name: 'many partitions: it starts, all in sync', unit: 'ms', decimals: 0, bar }
const failover: Metric = { name: 'many partitions: a broker dies, others lead', unit: 'ms', decimals: 0, bar }

/** Once each: what is measured takes much longer than it varies. */
export async function measureManyPartitions(
  { generator, measurements, progress, sizes }: ClusterRun,
  name: ClusterName,
  { brokers, bootstrap }: ClusterContestant,
): Promise<void> {
  const each = sizes.partitions / topics
  const timed = async (metric: Metric, what: string, work: () => Promise<unknown>) => {
    const begun = performance.now()
    await work()
    const ms = performance.now() - begun
    measurements.add(metric, name, ms)
    progress.say(`${sizes.partitions} partitions: ${name}: ${what} ${Math.round(ms)} ms`)
  }
  await timed(creation, 'created in', async () => {
    for (let topic = 0; topic < topics; topic++)
      await generator.run('create', bootstrap, `many-${topic}`, each, replicas)
    await untilAllSay(brokers, answer => isWhole(answer, sizes.partitions))
  })
  const [first, second, third] = brokers
  if (first === undefined || second === undefined || third === undefined) throw new Error('three brokers are needed')
  const answersMs: number[] = []
  for (let time = 0; time < 20; time++) {
    const begun = performance.now()
    await metadataOf(first)
    answersMs.push(performance.now() - begun)
  }
  measurements.add(asking, name, median(answersMs))
  await timed(stop, 'a stop took', () => third.shutdown(patienceMs))
  await timed(start, 'until it was in sync again took', async () => {
    await third.start()
    await untilAllSay(brokers, answer => isWhole(answer, sizes.partitions))
  })
  const deadId = brokers.indexOf(second) + 1
  const survivors = [first, third]
  await timed(failover, 'until others led took', async () => {
    await second.kill()
    await untilAllSay(survivors, answer => isLed(answer, deadId))
  })
  // Nothing is measured behind it, and to stop them in order takes minutes.
  await Promise.all(survivors.map(broker => broker.kill()))
}

async function untilAllSay(brokers: readonly BrokerProcess[], holds: (answer: MetadataResponse) => boolean) {
  const untilMs = performance.now() + patienceMs
  for (const broker of brokers) {
    while (!holds(await metadataOf(broker))) {
      if (performance.now() > untilMs) throw new Error(`not so within ${patienceMs} ms`)
      await sleep(lookMs)
    }
  }
}

async function metadataOf({ port }: BrokerProcess): Promise<MetadataResponse> {
  const { network, clock } = platform
  const connection = await BrokerConnection.open(
    { host: '127.0.0.1', port },
    { network, clock, clientId: 'bench', timeoutMs: 60_000 },
  )
  try {
    return await connection.send(metadataRequest, metadataResponse, { topics: null, allowAutoTopicCreation: false })
  } finally {
    connection.close()
  }
}

function ours({ topics }: MetadataResponse) {
  return topics.filter(({ name }) => name?.startsWith('many-')).flatMap(({ partitions }) => partitions)
}

function isWhole(answer: MetadataResponse, partitions: number): boolean {
  const there = ours(answer)
  return (
    there.length === partitions &&
    there.every(({ leaderId, isrNodes }) => leaderId >= 0 && isrNodes.length === replicas)
  )
}

function isLed(answer: MetadataResponse, deadId: number): boolean {
  return ours(answer).every(({ leaderId }) => leaderId >= 0 && leaderId !== deadId)
}
