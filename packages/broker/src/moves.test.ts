/**
 * Replicas move between the directories of their brokers, leaders and followers, while records come in and brokers are killed
 * or lose power: nothing that was acknowledged is lost, nothing stands twice. A failed seed prints itself; ODRADEK_SEED=n
 * replays it, ODRADEK_SEEDS=count looks for more.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ClusterClient, ConnectionError } from '@odradek/client'
import type { SeededRandom } from '@odradek/platform/simulated'
import { alterReplicaLogDirsRequest, alterReplicaLogDirsResponse, errorCodes } from '@odradek/protocol'
import { createReplicatedTopic, readPartition, sleep, TestProducer } from './testing/cluster-clients.ts'
import { SimulatedCluster } from './testing/simulated-cluster.ts'

const seedsDefault = 5
const directories = ['/data', '/more']
const ids = [1, 2, 3]
const partitions = 3
const config = { 'min.insync.replicas': '2' }
const lastsMs = 15_000

test('replicas that move between directories under load and faults lose nothing', async t => {
  const { ODRADEK_SEED: only, ODRADEK_SEEDS: count } = process.env
  const first = only === undefined ? 0 : Number(only)
  const end = only === undefined ? Number(count ?? seedsDefault) : first + 1
  const total = { moves: 0, faults: 0, records: 0 }
  for (let seed = first; seed < end; seed++) {
    try {
      const { moves, faults, records } = await live(seed)
      total.moves += moves
      total.faults += faults
      total.records += records
    } catch (error) {
      throw new Error(`seed ${seed} fails; replay it with ODRADEK_SEED=${seed}`, { cause: error })
    }
  }
  if (only === undefined) assert.ok(total.moves > 5 * (end - first))
  t.diagnostic(`${end - first} seeds: ${total.moves} moves begun, ${total.faults} faults, ${total.records} records`)
})

async function live(seed: number): Promise<{ moves: number; faults: number; records: number }> {
  const cluster = await SimulatedCluster.open(`moves ${seed}`, { logDirectories: directories })
  const { simulation } = cluster
  for (const id of ids) await cluster.start(id, config)
  const client = cluster.client()
  const { clock } = simulation.platform('client')
  const random = simulation.random('moves')
  const configs: Record<string, string> = { 'segment.ms': '500', 'file.delete.delay.ms': '1000' }
  const isSynced = random.chance(0.5)
  if (isSynced) configs['flush.messages'] = '1'
  await simulation.settle(createReplicatedTopic({ client, clock }, 't', { partitions, configs }), 60_000)

  let isOver = false
  const sent = Array.from({ length: partitions }, () => [] as string[])
  const produce = async (partition: number) => {
    const producer = new TestProducer({ client, clock, topic: 't', partition })
    const values = sent[partition] ?? []
    while (!isOver) {
      values.push(`p${partition}-${values.length} ${'x'.repeat(random.integer(200))}`)
      await producer.send(values.at(-1) ?? '')
      await sleep(clock, random.integer(40))
    }
  }
  const producing = Promise.all(sent.map((_, partition) => produce(partition)))
  let moves = 0
  let faults = 0
  const endMs = clock.monotonic() + lastsMs
  while (clock.monotonic() < endMs) {
    if (await simulation.settle(begunMove(client, random), 60_000)) moves++
    await simulation.runFor(random.integer(300))
    if (!random.chance(0.1)) continue
    faults++
    await hit(cluster, random, isSynced)
  }
  isOver = true
  await simulation.settle(producing, 120_000)
  for (const [partition, values] of sent.entries()) {
    const found = await simulation.settle(readPartition({ client, clock }, 't', partition), 120_000)
    assert.deepEqual([...found.values()], values)
  }
  return { moves, faults, records: sent.flat().length }
}

/** Whether a broker has taken it; it may be down. */
async function begunMove(client: ClusterClient, random: SeededRandom): Promise<boolean> {
  const [node, index, path] = [random.pick(ids), random.integer(partitions), random.pick(directories)]
  try {
    const { results } = await client.send({ node }, alterReplicaLogDirsRequest, alterReplicaLogDirsResponse, {
      dirs: [{ path, topics: [{ name: 't', partitions: [index] }] }],
    })
    return results[0]?.partitions[0]?.errorCode === errorCodes.NONE
  } catch (error) {
    if (error instanceof ConnectionError) return false
    throw error
  }
}

/** One broker at a time, and its copies catch up before the next; with flush.messages all may lose power at once. */
async function hit(cluster: SimulatedCluster, random: SeededRandom, isSynced: boolean): Promise<void> {
  const { simulation } = cluster
  const all = isSynced && random.chance(0.3)
  const gone = all ? ids : [random.pick(ids)]
  for (const id of gone) {
    if (random.chance(0.5)) cluster.powerLoss(id)
    else if (all || random.chance(0.5)) cluster.crash(id)
    else await cluster.stop(id)
  }
  await simulation.runFor(random.integer(3000))
  for (const id of gone) await cluster.start(id, config)
  await simulation.runFor(3000)
}
