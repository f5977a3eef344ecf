import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSimulation } from '@odradek/platform/simulated'
import { encodeBatch, errorCodes } from '@odradek/protocol'
import type { PartitionImage } from '../core/cluster/cluster-image.ts'
import { notLeaderResult } from '../log/log-answers.ts'
import type { AppendResult, PartitionLog } from '../log/partition-log.ts'
import { Partition } from './partition.ts'
import { testHost } from './testing/test-host.ts'

const state: PartitionImage = {
  leader: 1,
  leaderEpoch: 3,
  partitionEpoch: 5,
  replicas: [1, 2],
  isr: [1, 2],
  elr: [],
  lastKnownElr: [],
  addingReplicas: [],
  removingReplicas: [],
  leaderRecoveryState: 'recovered',
}

const outOfOrder: AppendResult = { ...notLeaderResult, errorCode: errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER }

/** A partition of broker 1 that nobody follows yet, its log, and the broker's registration. */
function partitionOf(first: PartitionImage = state) {
  const simulation = createSimulation({ seed: 1 })
  const { clock } = simulation.platform('broker')
  const registration = { isAlive: true }
  const known = new Set<number>()
  const epochs: number[] = []
  const given: [leaderEpoch: number, successor: number | undefined][] = []
  const log = {
    offlineReason: null as string | null,
    logEndOffset: 0,
    highWatermark: 0,
    config: { minInSyncReplicas: 1 },
    listen: () => {},
    failCommits: () => {},
    assignLeaderEpoch: (epoch: number) => epochs.push(epoch),
    knowsProducer: (id: number) => known.has(id),
    append: (_: Buffer): AppendResult | Promise<AppendResult> => outOfOrder,
  }
  const make = () =>
    new Partition({
      topic: 't',
      index: 0,
      topicId: 'T',
      log: log as unknown as PartitionLog,
      state: first,
      host: {
        ...testHost({ brokerId: 1, clock }),
        mayLead: () => registration.isAlive,
        upheldMs: () => -1,
        giveUpReplica: ({ leaderEpoch, successor }) => given.push([leaderEpoch, successor]),
      },
    })
  return { simulation, registration, known, epochs, given, log, make }
}

function batchOf(producerId: number, baseSequence: number): Buffer {
  const records = [{ timestamp: 0, key: null, value: Buffer.from('v') }]
  return encodeBatch({ records, producerId, producerEpoch: 0, baseSequence })
}

test('a leader notes where its epoch begins once it is registered, and not what an earlier life was elected to', () => {
  const { registration, epochs, make } = partitionOf()
  registration.isAlive = false
  const partition = make()
  assert.deepEqual(epochs, [])
  registration.isAlive = true
  partition.noteLeaderEpoch()
  assert.deepEqual(epochs, [3])
  partition.update({ ...state, leader: 2, leaderEpoch: 4 })
  partition.noteLeaderEpoch()
  assert.deepEqual(epochs, [3])
  partition.update({ ...state, leaderEpoch: 5 })
  assert.deepEqual(epochs, [3, 5])
})

test('a new leader takes no batch of a producer that it does not know before the first one, for as long as that may be on its way', async () => {
  const { simulation, known, make } = partitionOf()
  const partition = make()
  assert.equal(partition.takesAppends(batchOf(7, 5)), false)
  assert.equal(partition.takesAppends(batchOf(-1, -1)), true)
  assert.equal(partition.takesAppends(batchOf(7, 0)), true)
  known.add(7)
  assert.equal(partition.takesAppends(batchOf(7, 5)), true)
  assert.equal(partition.takesAppends(batchOf(8, 5)), false)
  await simulation.runFor(31_000)
  assert.equal(partition.takesAppends(batchOf(8, 5)), true)
})

test('nor does a leader after it has refused appends', () => {
  const { registration, make } = partitionOf({ ...state, leaderEpoch: 0 })
  const partition = make()
  assert.equal(partition.takesAppends(batchOf(7, 5)), true)
  registration.isAlive = false
  assert.equal(partition.takesAppends(batchOf(7, 0)), false)
  registration.isAlive = true
  assert.equal(partition.takesAppends(batchOf(7, 5)), false)
})

test('as long as a batch may be on its way, those behind it are asked for again, and are out of order after that', async () => {
  const { simulation, known, log, make } = partitionOf()
  const partition = make()
  known.add(7)
  const answer = async () => (await partition.append(batchOf(7, 5), 'client, acks=all')).errorCode
  for (const append of [() => outOfOrder, () => Promise.resolve(outOfOrder)]) {
    log.append = append
    assert.equal(await answer(), errorCodes.NOT_LEADER_OR_FOLLOWER)
  }
  await simulation.runFor(31_000)
  assert.equal(await answer(), errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER)
})

test('without other replicas nobody else can have what a producer wrote before', () => {
  const { make } = partitionOf({ ...state, replicas: [1], isr: [1] })
  assert.equal(make().takesAppends(batchOf(7, 5)), true)
})

test('without a disk it gives up its place as long as others are in sync, and what it is elected to, to an eligible replica that fetches', () => {
  const { simulation, given, log, make } = partitionOf()
  const partition = make()
  const fetched = (replicaId: number) =>
    partition.fetchedBy({ replicaId, brokerEpoch: 1, logStartOffset: 0, fetchOffset: 0, nowMs: simulation.nowMs })
  fetched(2)
  partition.dropLaggards()
  assert.deepEqual(given.splice(0), [])
  log.offlineReason = 'no disk'
  partition.offline()
  partition.dropLaggards()
  assert.deepEqual(given.splice(0), [
    [3, undefined],
    [3, undefined],
  ])
  const elsewhere: PartitionImage = { ...state, leader: 2, leaderEpoch: 4, isr: [2], elr: [1] }
  partition.update(elsewhere)
  partition.dropLaggards()
  assert.deepEqual(given.splice(0), [])
  const elected: PartitionImage = { ...state, replicas: [1, 2, 3], leaderEpoch: 5, isr: [1], elr: [2] }
  partition.update(elected)
  partition.dropLaggards()
  fetched(3)
  assert.deepEqual(given.splice(0), [])
  fetched(2)
  assert.deepEqual(given.splice(0), [[5, 2]])
  partition.update({ ...elected, partitionEpoch: 6, isr: [1, 3], elr: [] })
  assert.deepEqual(given.splice(0), [[5, undefined]])
})
