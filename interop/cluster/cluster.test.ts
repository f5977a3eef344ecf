/**
 * Three brokers and three members of etcd, all of them real processes, which are killed, stopped and started under the load of
 * other people's clients. What counts is what the clients were told: nothing acknowledged is lost, nothing stands twice, the
 * order is kept, and no client sees an error that it cannot get over by itself.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterProcesses } from './cluster-processes.ts'
import { ClusterUnderLoad, sessionTimeoutMs } from './cluster-under-load.ts'
import { Probe } from './probe.ts'

let underLoad: ClusterUnderLoad
let cluster: ClusterProcesses
let probe: Probe

before(async () => {
  underLoad = await ClusterUnderLoad.start()
  ;({ cluster, probe } = underLoad)
})

after(() => underLoad?.stop())

test('a leader that is killed has a successor within a few leases', async t => {
  const leader = cluster.broker(await cluster.leaderOf(Probe.topic))
  const killed = performance.now()
  await leader.kill()
  const acknowledgedMs = (await probe.nextAfter(performance.now())) - killed
  t.diagnostic(
    `from a leader's death to the next acknowledgement: ${acknowledgedMs.toFixed()} ms, with a lease of ${sessionTimeoutMs} ms`,
  )
  assert.ok(acknowledgedMs < 6 * sessionTimeoutMs)
  await leader.start()
  await underLoad.isWhole()
})

test('a leader that is stopped for longer than its lease is replaced, and follows when it goes on', async t => {
  const id = await cluster.leaderOf(Probe.topic)
  const leader = cluster.broker(id)
  const stopped = performance.now()
  leader.pause()
  await sleep(3 * sessionTimeoutMs)
  leader.resume()
  const acknowledgedMs = (await probe.nextAfter(stopped + 50)) - stopped
  t.diagnostic(`from a leader's SIGSTOP to the next acknowledgement: ${acknowledgedMs.toFixed()} ms`)
  await underLoad.isWhole()
})

test('brokers restart one after the other', async t => {
  const begun = performance.now()
  for (const broker of cluster.brokers) {
    await broker.restart()
    await underLoad.isWhole()
  }
  t.diagnostic(`longest time without an acknowledgement: ${probe.longestGapMs(begun).toFixed()} ms`)
})

test('a member of etcd that is killed is nothing to anybody', async t => {
  const begun = performance.now()
  const member = await cluster.etcd.leader()
  await member.kill()
  await sleep(2000)
  member.start()
  await cluster.etcd.isHealthy()
  t.diagnostic(`longest time without an acknowledgement: ${probe.longestGapMs(begun).toFixed()} ms`)
  await underLoad.isWhole()
})

test('without any etcd, leaders go on to lead', async t => {
  await Promise.all(cluster.etcd.members.map(member => member.kill()))
  const killed = performance.now()
  await sleep(5 * sessionTimeoutMs)
  const gapMs = probe.longestGapMs(killed)
  for (const member of cluster.etcd.members) member.start()
  await cluster.etcd.isHealthy()
  t.diagnostic(
    `longest time without an acknowledgement: ${gapMs.toFixed()} ms in ${5 * sessionTimeoutMs} ms without etcd`,
  )
  assert.ok(gapMs < 2 * sessionTimeoutMs)
  await underLoad.isWhole()
})

test('of all this nothing is lost, nothing stands twice, and the order is kept', async t => {
  const { problems, counts } = await underLoad.verdict()
  t.diagnostic(counts)
  assert.deepEqual(problems, [])
})
