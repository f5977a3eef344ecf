import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSimulation } from '@odradek/platform/simulated'
import { encodeBatch } from '@odradek/protocol'
import type { PartitionLog } from '../log/partition-log.ts'
import { Partition } from './partition.ts'
import { testHost } from './testing/test-host.ts'

const state = {
  leader: 1,
  leaderEpoch: 0,
  partitionEpoch: 0,
  replicas: [1, 2],
  isr: [1, 2],
  elr: [],
  lastKnownElr: [],
  addingReplicas: [],
  removingReplicas: [],
  leaderRecoveryState: 'recovered',
} as const

function batchOf(producerId: number, baseSequence: number): Buffer {
  const records = [{ timestamp: 0, key: null, value: Buffer.from('v') }]
  return encodeBatch({ records, producerId, producerEpoch: 0, baseSequence })
}

test('a leader that refused a first batch takes none that was on its way behind it, until the first one has come', async () => {
  const simulation = createSimulation({ seed: 1 })
  const { clock } = simulation.platform('broker')
  const known = new Set<number>()
  const log = {
    logEndOffset: 0,
    highWatermark: 0,
    config: { minInSyncReplicas: 1 },
    listen: () => {},
    assignLeaderEpoch: () => {},
    failCommits: () => {},
    knowsProducer: (id: number) => known.has(id),
  }
  let isRegistered = true
  const partition = new Partition({
    topic: 't',
    index: 0,
    topicId: 'T',
    log: log as unknown as PartitionLog,
    state,
    host: { ...testHost({ brokerId: 1, clock }), mayLead: () => isRegistered, upheldMs: () => -1 },
  })
  assert.equal(partition.takesAppends(batchOf(7, 5)), true)
  isRegistered = false
  assert.equal(partition.takesAppends(batchOf(7, 0)), false)
  isRegistered = true
  assert.equal(partition.takesAppends(batchOf(7, 5)), false)
  assert.equal(partition.takesAppends(batchOf(-1, -1)), true)
  assert.equal(partition.takesAppends(batchOf(7, 0)), true)
  known.add(7)
  assert.equal(partition.takesAppends(batchOf(7, 5)), true)
  await simulation.runFor(61_000)
  assert.equal(partition.takesAppends(batchOf(8, 5)), true)
})
