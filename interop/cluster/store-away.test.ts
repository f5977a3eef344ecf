/** What the command line tells a person while all of a real etcd is gone, and that all goes on when it is back. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { runOdradek } from '../../packages/cli/src/testing/run-odradek.ts'
import { ClusterProcesses } from './cluster-processes.ts'

const sessionTimeoutMs = 1000

let cluster: ClusterProcesses

before(async () => {
  const settings = { 'broker.session.timeout.ms': String(sessionTimeoutMs) }
  cluster = await ClusterProcesses.start({ brokers: 2, settings })
  await cluster.hasAllBrokers()
})

after(() => cluster?.stop())

async function run(args: readonly string[], input = ''): Promise<{ status: number | string; said: string }> {
  const { status, stdout, stderr } = await runOdradek(args, { input, env: { ODRADEK_BOOTSTRAP: cluster.bootstrap } })
  return { status, said: `${stdout}${stderr}` }
}

async function becomesHealthy(): Promise<void> {
  for (const untilMs = performance.now() + 30_000; (await run(['cluster', 'health'])).status !== 0; await sleep(200)) {
    assert.ok(performance.now() < untilMs, 'it does not get well')
  }
}

test('without etcd the cluster is not healthy, changes are refused with the reason, and new producers write', async () => {
  // Each broker leads one of them: a drain has something to do.
  assert.equal((await run(['topic', 'create', 'orders', '--partitions', '2', '--replicas', '2'])).status, 0)
  await becomesHealthy()
  await Promise.all(cluster.etcd.members.map(member => member.kill()))
  await sleep(3 * sessionTimeoutMs)
  const notHealthy = await run(['cluster', 'health'])
  assert.equal(notHealthy.status, 1, notHealthy.said)
  assert.match(notHealthy.said, /^The metadata store does not answer, or .*: nobody is elected, nothing can be created/)
  const refused = `odradek: The cluster's metadata store does not answer: whether anything was changed is not known. (REQUEST_TIMED_OUT)\n`
  for (const command of [
    ['topic', 'create', 'late'],
    ['topic', 'delete', 'orders'],
    ['broker', 'drain', '1'],
  ]) {
    assert.deepEqual(await run(command), { status: 1, said: refused }, command.join(' '))
  }
  assert.deepEqual(await run(['produce', 'orders'], 'one\n'), { status: 0, said: 'Sent 1 record to orders.\n' })
})

test('when etcd is back the cluster gets well by itself', async () => {
  for (const member of cluster.etcd.members) member.start()
  await cluster.etcd.isHealthy()
  await becomesHealthy()
})
