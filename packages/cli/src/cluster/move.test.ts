import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { ClusterClient, describeTopics, type PartitionDescription } from '@odradek/client'
import { createNodePlatform } from '@odradek/platform/node'
import { testClusterOf } from '../testing/test-cluster.ts'

const cluster = testClusterOf({ brokers: 3, config: { 'broker.session.timeout.ms': 500 } })

/** As the brokers tell it: `topic describe` also asks the leader for offsets. */
async function partitionOf(topic: string): Promise<PartitionDescription> {
  const { bootstrapServers: bootstrap } = await cluster.running
  const client = new ClusterClient({ platform: createNodePlatform(), bootstrap })
  try {
    const [found] = await describeTopics(client, [topic])
    return found?.partitions[0] ?? assert.fail()
  } finally {
    await client.close()
  }
}

async function eventually(isSo: () => Promise<boolean>, what: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await isSo()) return
    await pause(50)
  }
  assert.fail(what)
}

async function lose(brokerId: number, topic: string): Promise<void> {
  await (await cluster.running).broker(brokerId).kill()
  await eventually(async () => (await partitionOf(topic)).leader < 0, 'somebody leads')
}

async function bringBack(brokerId: number, topic: string): Promise<void> {
  await (await cluster.running).broker(brokerId).start()
  await eventually(async () => (await partitionOf(topic)).leader >= 0, 'nobody leads')
}

test('an only copy on a broker that is gone is not waited for, and stays until the broker is back', async () => {
  await cluster.text(['topic', 'create', 'single', '--partitions', '1', '--replicas', '1'])
  await cluster.text(['topic', 'create', 'triple', '--partitions', '3', '--replicas', '2'])
  const holder = (await partitionOf('single')).leader
  await lose(holder, 'single')
  const decommission = ['broker', 'decommission', String(holder)]
  const { status, stderr } = await cluster.run(decommission)
  assert.equal(status, 1)
  const because = `there is no leader to copy from: start broker ${holder}, or delete the topic`
  assert.ok(stderr.endsWith(`\nodradek: single-0 stays: ${because}\n`), stderr)
  const { stdout } = await cluster.run([...decommission, '--format', 'json'])
  const stuck = [{ name: 'single-0', because }]
  assert.deepEqual(JSON.parse(stdout.toString()), { brokerId: holder, moved: 0, stuck })
  assert.deepEqual((await partitionOf('single')).replicas, [holder])
  await bringBack(holder, 'single')
  assert.equal(
    await cluster.text(decommission),
    `Broker ${holder} holds nothing any more: stop it, and decommission it once more to take it out of the cluster.\n`,
  )
})

test('a move that has lost its source is not waited for, goes on when that is back, and is none of a balance before', async () => {
  await cluster.text(['topic', 'create', 'heavy', '--partitions', '1', '--replicas', '1'])
  const holder = (await partitionOf('heavy')).leader
  await cluster.text(['produce', 'heavy'], { input: `${'x'.repeat(1000)}\n`.repeat(3000) })
  const decommission = ['broker', 'decommission', String(holder)]
  const slow = await cluster.start([...decommission, '--throttle', '1000'])
  await eventually(async () => (await partitionOf('heavy')).replicas.length === 2, 'nothing moves')
  await pause(500)
  await lose(holder, 'heavy')
  const { status, stderr } = await slow.ended
  assert.equal(status, 1)
  const because = `there is no leader to copy from: start broker ${holder}, or delete the topic`
  assert.ok(stderr.endsWith(`\nodradek: heavy-0 stays: ${because}\n`), stderr)
  const balance = await cluster.run(['cluster', 'balance', '--format', 'json'])
  assert.equal(balance.status, 1)
  assert.deepEqual(JSON.parse(balance.stdout.toString()).stuck, [{ name: 'heavy-0', because }])
  const told = await cluster.run(['cluster', 'balance'])
  assert.equal(told.status, 1)
  assert.match(told.stderr, /^odradek: heavy-0 stays: there is no leader/m)
  assert.match(told.stdout.toString(), /^Copies per broker: /)
  await bringBack(holder, 'heavy')
  await cluster.text(decommission)
  assert.notEqual((await partitionOf('heavy')).leader, holder)
})
