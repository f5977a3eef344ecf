import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSimulation } from '@odradek/platform/simulated'
import type { PartitionImage } from '../core/cluster/cluster-image.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import { type IsrOutcome, type IsrProposal, PartitionLeader } from './partition-leader.ts'

const state: PartitionImage = {
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
    logEndOffset,
    highWatermark: logEndOffset,
    highWatermarkLimit: Number.MAX_SAFE_INTEGER,
    offlineReason: null,
    config: { minInSyncReplicas: 1 },
  }
}

function lead(log: ReturnType<typeof logOf>) {
  const proposals: IsrProposal[] = []
  let { promise: outcome, resolve: settle } = Promise.withResolvers<IsrOutcome>()
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
    isLive: () => true,
    lagMsMax: () => 30_000,
    upheldMs: () => 1000,
  })
  return {
    leader,
    proposals,
    simulation,
    clock,
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
  const { leader, proposals, settle } = lead(log)
  assert.ok(log.highWatermarkLimit >= 6)
  leader.fetched({ replicaId: 2, brokerEpoch: 7, fetchOffset: 5, nowMs: 0 })
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
  const { leader, proposals, settle, simulation, clock } = lead(log)
  leader.fetched({ replicaId: 2, brokerEpoch: 7, fetchOffset: 5, nowMs: clock.monotonic() })
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
  leader.update({ ...state, partitionEpoch: 1 })
  assert.ok(leader.isUpheld)
  assert.ok(log.highWatermarkLimit >= 9)
})
