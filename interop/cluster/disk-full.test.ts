/**
 * Three brokers, one of which has a disk that something else fills up, under the load of other people's clients. Its partitions
 * are led by others, nobody waits for it, and it catches up by itself once there is space again.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { electPreferredLeaders, reassignPartitions } from '@odradek/client'
import type { ClusterProcesses } from './cluster-processes.ts'
import { ClusterUnderLoad } from './cluster-under-load.ts'
import { Probe } from './probe.ts'

const brokerId = 1
const offlineTimeoutMs = 60_000

let underLoad: ClusterUnderLoad
let cluster: ClusterProcesses
let probe: Probe

before(async () => {
  underLoad = await ClusterUnderLoad.start({ smallDisk: { brokerId, megabytes: 96 } })
  ;({ cluster, probe } = underLoad)
})

after(() => underLoad?.stop())

test('a broker whose disk runs full gives up what it leads and lives, and catches up when there is space again', async t => {
  await leadsTheProbe()
  const filled = performance.now()
  // The load takes it.
  await cluster.smallDisk.fill({ leavingBytes: 1_000_000 })
  await leadsNothingInUse()
  await sleep(3000)
  await probe.nextAfter(performance.now())
  t.diagnostic(`longest time without an acknowledgement: ${probe.longestGapMs(filled).toFixed()} ms`)
  assert.equal(cluster.broker(brokerId).obituary, null)
  const emptied = performance.now()
  await cluster.smallDisk.makeSpace()
  await underLoad.isWhole()
  t.diagnostic(`from space until all copies are in sync: ${(performance.now() - emptied).toFixed()} ms`)
})

test('a broker that is killed while its disk is full starts when there is space again', async t => {
  await leadsTheProbe()
  const filled = performance.now()
  await cluster.smallDisk.fill({ leavingBytes: 1_000_000 })
  await leadsNothingInUse()
  await cluster.broker(brokerId).kill()
  await cluster.smallDisk.makeSpace()
  await cluster.broker(brokerId).start()
  await underLoad.isWhole()
  t.diagnostic(`longest time without an acknowledgement: ${probe.longestGapMs(filled).toFixed()} ms`)
})

test('of all this nothing is lost, nothing stands twice, and the order is kept', async t => {
  const { problems, counts } = await underLoad.verdict()
  t.diagnostic(counts)
  assert.deepEqual(problems, [])
})

/** It shall have something to lose. */
async function leadsTheProbe(): Promise<void> {
  const place = { topic: Probe.topic, partition: 0 }
  await reassignPartitions(cluster.client, [{ ...place, replicas: [brokerId, 2, 3] }])
  const deadlineMs = performance.now() + offlineTimeoutMs
  while ((await cluster.leaderOf(Probe.topic)) !== brokerId) {
    assert.ok(performance.now() < deadlineMs, 'it does not come to lead')
    // It may have to catch up first.
    await electPreferredLeaders(cluster.client, [place]).catch(() => {})
    await sleep(100)
  }
}

/** All that is written to, others lead. A partition of `__consumer_offsets` that no group uses does not notice. */
async function leadsNothingInUse(): Promise<void> {
  const deadlineMs = performance.now() + offlineTimeoutMs
  for (;;) {
    const { topics } = await cluster.client.metadata(null)
    const inUse = topics.filter(({ isInternal }) => !isInternal)
    const led = inUse.flatMap(({ partitions }) => partitions).filter(({ leaderId }) => leaderId === brokerId)
    if (led.length === 0) return
    assert.ok(performance.now() < deadlineMs, `it still leads ${led.length} partitions`)
    await sleep(100)
  }
}
