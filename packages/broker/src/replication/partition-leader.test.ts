import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSimulation } from '@odradek/platform/simulated'
import type { PartitionImage } from '../core/cluster/cluster-image.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { type IsrOutcome, type IsrProposal, PartitionLeader } from './partition-leader.ts'

const alone: PartitionImage = {
  leader: 1,
  leaderEpoch: 0,
  partitionEpoch: 0,
  replicas: [1, 2],
  isr: [1],
  elr: [],
  lastKnownElr: [],
  addingReplicas: [],
  removingReplicas: [],
  leaderRecoveryState: 'recovered',
}

/** Of a log, what a leader looks at; the limit is where it lets the high watermark go. */
function logOf(logEndOffset: number) {
  return {
    logStartOffset: 0,
    logEndOffset,
    highWatermark: logEndOffset,
    highWatermarkLimit: Number.MAX_SAFE_INTEGER,
    offlineReason: null,
    config: { minInSyncReplicas: 1 },
  }
}

function lead(log: ReturnType<typeof logOf>, state: PartitionImage = alone) {
  const proposals: IsrProposal[] = []
  let { promise: outcome, resolve: settle } = Promise.withResolvers<IsrOutcome>()
  const dead = new Set<number>()
  const simulation = createSimulation({ seed: 1 })
  const { clock } = simulation.platform('broker')
  const leader = new PartitionLeader({
    brokerId: 1,
    topicId: 'T',
    index: 0,
    log: log as unknown as PartitionLog,
    state,
    clock,
    alterIsr: proposal => {
      proposals.push(proposal)
      return outcome
    },
    isLive: id => !dead.has(id),
    lagMsMax: () => 30_000,
    upheldMs: () => 1000,
  })
  const fetched = (replicaId: number, logStartOffset: number, fetchOffset: number) =>
    leader.fetched({ replicaId, brokerEpoch: 7, fetchOffset, logStartOffset, nowMs: 0 })
  return {
    leader,
    proposals,
    simulation,
    dead,
    fetched,
    /** Answers the proposal under way. */
    async settle(result: IsrOutcome) {
      const answer = settle
      ;({ promise: outcome, resolve: settle } = Promise.withResolvers<IsrOutcome>())
      answer(result)
      await simulation.runFor(0)
    },
  }
}

test('a leader that is alone in sync commits what it has, and from a proposal on only what the newcomer has, too', async () => {
  const log = logOf(5)
  const { proposals, settle, fetched } = lead(log)
  assert.ok(log.highWatermarkLimit >= 6)
  fetched(2, 0, 5)
  assert.deepEqual(
    proposals.map(({ isr }) => isr),
    [
      [
        { brokerId: 1, brokerEpoch: -1 },
        { brokerId: 2, brokerEpoch: 7 },
      ],
    ],
  )
  // It may be in force already.
  assert.equal(log.highWatermarkLimit, 5)
  await settle('refused')
  assert.ok(log.highWatermarkLimit >= 6)
})

test('a proposal that went unanswered counts until the image settles it, though later tries are refused', async () => {
  const log = logOf(5)
  const { leader, proposals, settle, simulation, fetched } = lead(log)
  fetched(2, 0, 5)
  log.logEndOffset = 9
  assert.ok(leader.isUpheld)
  await settle('unknown')
  for (const outcome of ['refused', 'unknown', 'refused'] as const) {
    await simulation.runFor(1000)
    await settle(outcome)
  }
  assert.deepEqual(
    proposals.map(({ partitionEpoch, isInDoubt }) => [partitionEpoch, isInDoubt]),
    [
      [0, false],
      [0, true],
      [0, true],
      [0, true],
    ],
  )
  assert.equal(log.highWatermarkLimit, 5)
  // The newcomer may be in sync already, and has not fetched for long: it may lead.
  assert.equal(leader.isUpheld, false)
  leader.update({ ...alone, partitionEpoch: 1 })
  assert.ok(leader.isUpheld)
  assert.ok(log.highWatermarkLimit >= 9)
})

const three: PartitionImage = { ...alone, replicas: [1, 2, 3], isr: [1, 2] }

test('the low watermark is the least log start of this replica and of all that live, in sync or not', () => {
  const log = logOf(9)
  const { leader, dead, fetched } = lead(log, three)
  log.logStartOffset = 6
  fetched(2, 4, 9)
  assert.equal(leader.lowWatermark, -1)
  fetched(3, 2, 7)
  assert.equal(leader.lowWatermark, 2)
  dead.add(3)
  assert.equal(leader.lowWatermark, 4)
  fetched(2, 8, 9)
  assert.equal(leader.lowWatermark, 6)
  leader.update({ ...three, partitionEpoch: 1, replicas: [1, 2, 4] })
  assert.equal(leader.lowWatermark, -1)
})

test('a leader without other replicas has its own log start for a low watermark', () => {
  const log = logOf(9)
  const { leader } = lead(log, { ...alone, replicas: [1] })
  log.logStartOffset = 6
  assert.equal(leader.lowWatermark, 6)
})

test('consumers are sent only to who is in sync, and has what they ask for from its log start to its log end', () => {
  const { leader, fetched } = lead(logOf(9), three)
  fetched(2, 4, 7)
  fetched(3, 0, 9)
  const has = (offset: number) => leader.followersWith(offset).map(({ brokerId }) => brokerId)
  assert.deepEqual([3, 4, 7, 8].map(has), [[], [2], [2], []])
})
