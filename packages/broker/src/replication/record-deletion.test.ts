import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSimulation } from '@odradek/platform/simulated'
import { errorCodes } from '@odradek/protocol'
import type { PartitionImage } from '../core/cluster/cluster-image.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { Partition } from './partition.ts'
import type { PartitionRegistry } from './partition-registry.ts'
import { RecordDeletion } from './record-deletion.ts'
import { testHost } from './testing/test-host.ts'

const { NONE, KAFKA_STORAGE_ERROR, NOT_LEADER_OR_FOLLOWER, REQUEST_TIMED_OUT, UNKNOWN_TOPIC_OR_PARTITION } = errorCodes

const state: PartitionImage = {
  leader: 1,
  leaderEpoch: 3,
  partitionEpoch: 5,
  replicas: [1, 2, 3],
  isr: [1, 2, 3],
  elr: [],
  lastKnownElr: [],
  addingReplicas: [],
  removingReplicas: [],
  leaderRecoveryState: 'recovered',
}

/** Of a log, what a deletion looks at: ten records. */
function newLog() {
  return {
    logStartOffset: 0,
    logEndOffset: 10,
    highWatermark: 10,
    offlineReason: null as string | null,
    config: { minInSyncReplicas: 1 },
    listen: () => {},
    failCommits: () => {},
    assignLeaderEpoch: () => {},
    deleteRecords(offset: number) {
      this.logStartOffset = Math.max(this.logStartOffset, offset)
      return NONE
    },
  }
}

/** Partitions that broker 1 leads. */
function lead(first: PartitionImage = state) {
  const simulation = createSimulation({ seed: 1 })
  const { clock } = simulation.platform('broker')
  const dead = new Set<number>()
  const host = { ...testHost({ brokerId: 1, clock }), isLive: (id: number) => !dead.has(id) }
  const { deletions } = host
  const served: Partition[] = []
  const registry = {
    get: (_: string, index: number) => served[index],
    problem: () => UNKNOWN_TOPIC_OR_PARTITION,
  } as unknown as PartitionRegistry
  const logs = [newLog(), newLog()]
  for (const [index, log] of logs.entries()) {
    const named = { topic: 't', topicId: 'T', index }
    served.push(new Partition({ ...named, log: log as unknown as PartitionLog, state: first, host }))
  }
  const [partition, other] = served
  const [log] = logs
  assert.ok(partition !== undefined && other !== undefined && log !== undefined)
  const fetched = (replicaId: number, logStartOffset: number, from: Partition = partition) =>
    from.fetchedBy({ replicaId, brokerEpoch: 1, fetchOffset: 10, logStartOffset, nowMs: clock.monotonic() })
  const begin = () => new RecordDeletion({ registry, purgatory: deletions, clock })
  return { simulation, dead, deletions, served, partition, other, log, fetched, begin }
}

/** Whether it has resolved after all that is due by now. */
async function isDone(waiting: Promise<void> | null): Promise<boolean> {
  let done = false
  void waiting?.then(() => {
    done = true
  })
  await new Promise(resolve => setImmediate(resolve))
  return done
}

test('without other replicas records are deleted at once', () => {
  const { partition, begin, deletions } = lead({ ...state, replicas: [1], isr: [1] })
  const deletion = begin()
  assert.deepEqual(deletion.begin(partition, 5), { partitionIndex: 0, errorCode: NONE, lowWatermark: 5 })
  assert.deepEqual(deletion.begin(partition, -1), { partitionIndex: 0, errorCode: NONE, lowWatermark: 10 })
  assert.equal(deletion.wait(1000), null)
  assert.equal(deletions.size, 0)
})

test('a deletion is answered when all live followers have moved their log starts, with the lowest of them', async () => {
  const { partition, begin, fetched, deletions } = lead()
  for (const id of [2, 3]) fetched(id, 0)
  const deletion = begin()
  const answer = deletion.begin(partition, 5)
  const waiting = deletion.wait(1000)
  fetched(2, 7)
  fetched(3, 4)
  assert.equal(await isDone(waiting), false)
  fetched(3, 5)
  assert.equal(await isDone(waiting), true)
  assert.deepEqual(answer, { partitionIndex: 0, errorCode: NONE, lowWatermark: 5 })
  assert.equal(deletions.size, 0)
})

test('records that all have deleted before are deleted at once', () => {
  const { partition, begin, fetched } = lead()
  for (const id of [2, 3]) fetched(id, 6)
  partition.deleteRecords(7)
  const deletion = begin()
  assert.deepEqual(deletion.begin(partition, 5), { partitionIndex: 0, errorCode: NONE, lowWatermark: 6 })
  assert.equal(deletion.wait(1000), null)
})

test('who does not move its log start in time is told of, and what was the low watermark at first', async () => {
  const { simulation, partition, other, begin, fetched, deletions } = lead()
  for (const id of [2, 3]) for (const one of [partition, other]) fetched(id, 1, one)
  const deletion = begin()
  const late = deletion.begin(partition, 5)
  const early = deletion.begin(other, 5)
  const waiting = deletion.wait(1000)
  fetched(2, 5)
  fetched(3, 3)
  for (const id of [2, 3]) fetched(id, 5, other)
  await simulation.runFor(990)
  assert.equal(await isDone(waiting), false)
  await simulation.runFor(20)
  assert.equal(await isDone(waiting), true)
  assert.deepEqual(late, { partitionIndex: 0, errorCode: REQUEST_TIMED_OUT, lowWatermark: 1 })
  assert.deepEqual(early, { partitionIndex: 1, errorCode: NONE, lowWatermark: 5 })
  assert.equal(deletions.size, 0)
})

test('without time to wait it is over at once', async () => {
  const { simulation, partition, begin } = lead()
  for (const timeoutMs of [0, -1]) {
    const deletion = begin()
    const answer = deletion.begin(partition, 5)
    const waiting = deletion.wait(timeoutMs)
    await simulation.runFor(10)
    assert.equal(await isDone(waiting), true)
    assert.deepEqual(answer, { partitionIndex: 0, errorCode: REQUEST_TIMED_OUT, lowWatermark: -1 })
  }
})

test('a follower that has died, or is no replica any more, is waited for no longer', async () => {
  const { dead, deletions, partition, begin, fetched } = lead()
  fetched(2, 0)
  const deletion = begin()
  const answer = deletion.begin(partition, 5)
  const waiting = deletion.wait(1000)
  fetched(2, 5)
  dead.add(3)
  deletions.checkAll()
  assert.equal(await isDone(waiting), true)
  assert.equal(answer.errorCode, NONE)
  dead.delete(3)
  const next = begin()
  next.begin(partition, 5)
  const waitingAgain = next.wait(1000)
  partition.update({ ...state, partitionEpoch: 6, replicas: [1, 2], isr: [1, 2] })
  assert.equal(await isDone(waitingAgain), true)
})

const ends: readonly [name: string, code: number, end: (world: ReturnType<typeof lead>) => void][] = [
  [
    'leads no longer',
    NOT_LEADER_OR_FOLLOWER,
    ({ partition }) => partition.update({ ...state, leader: 2, leaderEpoch: 4 }),
  ],
  [
    'is deleted',
    UNKNOWN_TOPIC_OR_PARTITION,
    ({ served, partition }) => {
      served.length = 0
      partition.close()
    },
  ],
  [
    'has lost its disk',
    KAFKA_STORAGE_ERROR,
    ({ log, partition }) => {
      log.offlineReason = 'broken'
      partition.offline()
    },
  ],
]

for (const [name, errorCode, end] of ends) {
  test(`where the partition ${name}, it is said so at once`, async () => {
    const world = lead()
    const deletion = world.begin()
    const answer = deletion.begin(world.partition, 5)
    const waiting = deletion.wait(1000)
    end(world)
    assert.equal(await isDone(waiting), true)
    assert.deepEqual(answer, { partitionIndex: 0, errorCode, lowWatermark: -1 })
    assert.equal(world.deletions.size, 0)
  })
}

test('a leader of the next epoch waits until the followers have said anew where their logs begin', async () => {
  const { partition, begin, fetched } = lead()
  for (const id of [2, 3]) fetched(id, 0)
  const deletion = begin()
  deletion.begin(partition, 5)
  const waiting = deletion.wait(1000)
  fetched(2, 5)
  partition.update({ ...state, leaderEpoch: 4 })
  fetched(3, 5)
  assert.equal(await isDone(waiting), false)
  fetched(2, 5)
  assert.equal(await isDone(waiting), true)
})

test('a partition that is named twice is answered twice', async () => {
  const { partition, begin, fetched } = lead()
  const deletion = begin()
  const answers = [5, 3].map(offset => deletion.begin(partition, offset))
  const waiting = deletion.wait(1000)
  for (const id of [2, 3]) fetched(id, 3)
  assert.deepEqual(
    answers.map(({ errorCode }) => errorCode),
    [NONE, NONE],
  )
  assert.equal(await isDone(waiting), false)
  for (const id of [2, 3]) fetched(id, 5)
  assert.equal(await isDone(waiting), true)
  assert.deepEqual(
    answers.map(({ lowWatermark }) => lowWatermark),
    [5, 3],
  )
})

test('when the broker stops, nobody waits any more, nor begins to', async () => {
  const { partition, begin, deletions } = lead()
  const deletion = begin()
  const answer = deletion.begin(partition, 5)
  const waiting = deletion.wait(60_000)
  deletions.close()
  assert.equal(await isDone(waiting), true)
  assert.equal(answer.errorCode, REQUEST_TIMED_OUT)
  assert.equal(deletions.size, 0)
  const next = begin()
  next.begin(partition, 6)
  assert.equal(await isDone(next.wait(60_000)), true)
})
