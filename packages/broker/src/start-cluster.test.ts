import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ClusterClient } from '@odradek/client'
import { createNodePlatform } from '@odradek/platform/node'
import { createTopicsRequest, createTopicsResponse } from '@odradek/protocol'
import { OdradekError, type RunningCluster, type StartClusterOptions, startBroker, startCluster } from './index.ts'
import { createReplicatedTopic, readPartition, sleep, TestProducer } from './testing/cluster-clients.ts'

const platform = createNodePlatform()
const { clock } = platform

async function testCluster(t: TestContext, options: StartClusterOptions = {}): Promise<RunningCluster> {
  const config = { 'broker.session.timeout.ms': 500, ...options.config }
  const cluster = await startCluster({ ...options, config })
  t.after(() => cluster.stop())
  return cluster
}

function clientOf(t: TestContext, bootstrap: string): ClusterClient {
  const client = new ClusterClient({ platform, bootstrap, clientId: 'test', timeoutMs: 1000 })
  t.after(() => client.close())
  return client
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 5) {
    if (condition()) return
    await sleep(clock, 5)
  }
  assert.fail(`not within ten seconds: ${what}`)
}

async function liveOnesOf(client: ClusterClient): Promise<number[]> {
  const { brokers } = await client.metadata([])
  return brokers.map(({ nodeId }) => nodeId).toSorted()
}

test('when a cluster has started, every broker tells of all of them and of a controller', async t => {
  const cluster = await testCluster(t, { brokers: 3, racks: ['a', 'b'] })
  assert.deepEqual(
    cluster.brokers.map(({ nodeId, state }) => [nodeId, state]),
    [
      [1, 'running'],
      [2, 'running'],
      [3, 'running'],
    ],
  )
  const controllers = new Set<number>()
  for (const { host, port } of cluster.brokers) {
    const client = clientOf(t, `${host}:${port}`)
    const { brokers, clusterId, controllerId } = await client.metadata([])
    assert.deepEqual(brokers.map(({ nodeId, rack }) => `${nodeId}${rack}`).toSorted(), ['1a', '2b', '3a'])
    assert.equal(clusterId, cluster.clusterId)
    controllers.add(controllerId)
  }
  assert.ok(cluster.controller() !== null)
  assert.equal(cluster.bootstrapServers, cluster.brokers.map(({ port }) => `127.0.0.1:${port}`).join())
})

test('what was acknowledged survives brokers that are killed, paused, cut off and stopped, once and in order', async t => {
  const cluster = await testCluster(t)
  const client = clientOf(t, cluster.bootstrapServers)
  await createReplicatedTopic({ client, clock }, 't')
  const producer = new TestProducer({ client, clock, topic: 't' })
  const acknowledged = new Map<number, string>()
  let isDone = false
  const producing = (async () => {
    for (let n = 0; !isDone; n++) {
      acknowledged.set(await producer.send(`v${n}`), `v${n}`)
      await sleep(clock, 2)
    }
  })()
  const faults: ((leader: NonNullable<ReturnType<RunningCluster['leaderOf']>>) => Promise<void>)[] = [
    async leader => {
      await leader.kill()
      await until(() => ![leader, null].includes(cluster.leaderOf('t', 0)), 'another leader after a kill')
      await leader.start()
    },
    async leader => {
      leader.pause()
      await until(() => ![leader, null].includes(cluster.leaderOf('t', 0)), 'another leader after a pause')
      leader.resume()
    },
    async leader => {
      leader.isolate()
      await until(() => ![leader, null].includes(cluster.leaderOf('t', 0)), 'another leader after a cut')
      leader.heal()
    },
    leader => leader.restart(),
  ]
  for (const fault of faults) {
    const before = acknowledged.size
    await until(() => cluster.leaderOf('t', 0)?.state === 'running', 'a leader')
    const leader = cluster.leaderOf('t', 0)
    if (leader !== null) await fault(leader)
    await until(() => acknowledged.size > before + 20, 'acknowledgements after the fault')
  }
  isDone = true
  await producing
  const found = await readPartition({ client, clock }, 't')
  for (const [offset, value] of acknowledged) assert.equal(found.get(offset), value)
  assert.deepEqual(
    [...found.values()],
    Array.from({ length: acknowledged.size }, (_, n) => `v${n}`),
  )
})

test('a paused broker answers nobody until it goes on, and a killed one does not come back by itself', async t => {
  const cluster = await testCluster(t)
  const [first, second] = cluster.brokers
  if (first === undefined || second === undefined) throw new Error('a cluster of three')
  const toFirst = clientOf(t, `127.0.0.1:${first.port}`)
  first.pause()
  assert.equal(first.state, 'paused')
  await assert.rejects(toFirst.metadata([]))
  first.resume()
  await until(() => first.state === 'running', 'running')
  assert.ok((await liveOnesOf(clientOf(t, `127.0.0.1:${first.port}`))).includes(2))
  await second.kill()
  assert.equal(second.state, 'stopped')
  await assert.rejects(clientOf(t, `127.0.0.1:${second.port}`).metadata([]))
  assert.throws(
    () => second.pause(),
    (error: unknown) => error instanceof OdradekError && /Broker 2 does not run/.test(error.message),
  )
})

test('a broker that is cut off is gone for clients and for the others, and is back after that', async t => {
  const cluster = await testCluster(t)
  const broker = cluster.broker(3)
  const toOthers = clientOf(t, `127.0.0.1:${cluster.broker(1).port}`)
  broker.isolate()
  assert.equal(broker.state, 'isolated')
  await assert.rejects(clientOf(t, `127.0.0.1:${broker.port}`).metadata([]))
  await until(() => cluster.controller()?.state === 'running', 'a controller that is not cut off')
  for (let live = [3]; live.includes(3); live = await liveOnesOf(toOthers)) await sleep(clock, 20)
  broker.heal()
  for (let live = [1]; !live.includes(3); live = await liveOnesOf(toOthers)) await sleep(clock, 20)
  assert.deepEqual(await liveOnesOf(clientOf(t, `127.0.0.1:${broker.port}`)), [1, 2, 3])
})

test('a cluster stops in time, whatever is the matter with its brokers', async t => {
  const cluster = await testCluster(t)
  cluster.broker(1).pause()
  cluster.broker(2).isolate()
  await cluster.broker(3).kill()
  const startedMs = performance.now()
  await cluster.stop()
  await cluster.stop()
  assert.ok(performance.now() - startedMs < 5000)
  assert.ok(cluster.brokers.every(({ state }) => state === 'stopped'))
})

test('a broker can be killed while it stops', async t => {
  const cluster = await testCluster(t)
  const stopping = cluster.broker(1).stop()
  await cluster.broker(1).kill()
  await stopping
  await cluster.broker(1).start()
  assert.equal(cluster.broker(1).state, 'running')
})

test('more topics than the metadata takes in one commit are created by one request, on all brokers', async t => {
  const cluster = await testCluster(t, { config: { 'broker.session.timeout.ms': 9000 } })
  const client = new ClusterClient({
    platform,
    bootstrap: cluster.bootstrapServers,
    clientId: 'test',
    timeoutMs: 20_000,
  })
  t.after(() => client.close())
  const names = Array.from({ length: 130 }, (_, index) => `t${index}`)
  const { topics } = await client.send('any', createTopicsRequest, createTopicsResponse, {
    topics: names.map(name => ({ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] })),
    timeoutMs: 20_000,
    validateOnly: false,
  })
  assert.deepEqual(
    topics.map(({ name, errorCode }) => [name, errorCode]),
    names.map(name => [name, 0]),
  )
  await until(() => names.every(name => cluster.leaderOf(name, 0) !== null), 'all are led')
  const leaders = Map.groupBy(names, name => cluster.leaderOf(name, 0)?.nodeId)
  assert.deepEqual([...leaders.values()].map(({ length }) => length).toSorted(), [43, 43, 44])
})

test('a program that stops its cluster ends by itself', async () => {
  const entry = new URL('./index.ts', import.meta.url).href
  const program = `
    import { startCluster } from '${entry}'
    const cluster = await startCluster()
    await cluster.broker(1).kill()
    cluster.broker(2).isolate()
    await cluster.stop()
    console.log('stopped')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const timeout = setTimeout(() => child.kill('SIGKILL'), 20_000)
  let output = ''
  child.stdout.on('data', chunk => {
    output += chunk
  })
  const code = await new Promise(resolve => child.on('exit', resolve))
  clearTimeout(timeout)
  assert.deepEqual([output, code], ['stopped\n', 0])
})

test('with a directory the records and the cluster are there after a restart', async t => {
  const data = mkdtempSync(join(tmpdir(), 'odradek-test-'))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  const first = await testCluster(t, { data })
  const client = clientOf(t, first.bootstrapServers)
  await createReplicatedTopic({ client, clock }, 't')
  const producer = new TestProducer({ client, clock, topic: 't' })
  for (let n = 0; n < 5; n++) await producer.send(`v${n}`)
  await first.broker(2).kill()
  await first.stop()
  const second = await testCluster(t, { data })
  assert.equal(second.clusterId, first.clusterId)
  const reader = clientOf(t, second.bootstrapServers)
  assert.deepEqual([...(await readPartition({ client: reader, clock }, 't')).values()], ['v0', 'v1', 'v2', 'v3', 'v4'])
})

test("the data of several brokers are not one broker's, nor the other way round", async t => {
  const data = mkdtempSync(join(tmpdir(), 'odradek-test-'))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  const before = process.cwd()
  process.chdir(data)
  t.after(() => process.chdir(before))
  const several = await testCluster(t, { data: 'several' })
  await createReplicatedTopic({ client: clientOf(t, several.bootstrapServers), clock }, 't')
  await several.stop()
  const made = readdirSync('several')
  assert.deepEqual(made, ['broker-1', 'broker-2', 'broker-3', 'metadata'])
  const refused = (message: RegExp) => (error: unknown) => error instanceof OdradekError && message.test(error.message)
  const brokers =
    /several holds the data of several brokers \(broker-1, broker-2, broker-3\): start it with --processes 3/
  await assert.rejects(startBroker({ data: 'several' }), refused(brokers))
  assert.deepEqual(readdirSync('several'), made)
  const again = await testCluster(t, { data: 'several' })
  assert.ok(again.leaderOf('t', 0) !== null)

  await (await startBroker({ data: 'one', config: { 'node.id': 7 } })).stop()
  const files = readdirSync('one')
  await assert.rejects(startCluster({ data: 'one' }), refused(/one is the data of node 7: choose another directory/))
  assert.deepEqual(readdirSync('one'), files)
})

test('a directory that cannot be made is told as one', async t => {
  const data = mkdtempSync(join(tmpdir(), 'odradek-test-'))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  const file = join(data, 'file')
  writeFileSync(file, '')
  await assert.rejects(startCluster({ data: join(file, 'below') }), (error: unknown) => {
    assert.ok(error instanceof OdradekError, String(error))
    assert.match(error.message, /The data directory .*below.* cannot be/)
    return true
  })
})

test('no broker starts once its cluster has been stopped', async t => {
  const cluster = await testCluster(t)
  await cluster.broker(1).stop()
  const stopping = cluster.stop()
  const late = [cluster.broker(1).start(), cluster.broker(2).restart()]
  await stopping
  const isRefused = (error: unknown) => error instanceof OdradekError && error.code === 'cluster-stopped'
  for (const start of [...late, cluster.broker(3).start()]) await assert.rejects(start, isRefused)
  assert.ok(cluster.brokers.every(({ state }) => state === 'stopped'))
})

test('what cannot be is refused with what to do', async () => {
  const refused = async (options: StartClusterOptions, message: RegExp) => {
    await assert.rejects(startCluster(options), (error: unknown) => {
      assert.ok(error instanceof OdradekError, String(error))
      assert.match(error.message, message)
      return true
    })
  }
  await refused({ brokers: 0 }, /brokers is 0/)
  await refused({ port: 65_535 }, /there are no 3 ports/)
  await refused({ racks: [] }, /racks is empty/)
  await refused(
    { config: { 'node.id': 4 } },
    /node\.id would be the same for all brokers: leave it out, .* ids 1, 2, 3/,
  )
  await refused({ config: { 'broker.rack': 'a' } }, /broker\.rack would be .* the option racks of startCluster/)
  await refused({ config: { listeners: 'PLAINTEXT://:9092' } }, /listeners would be .* the option port says/)
  await refused({ config: { 'log.dirs': '/a' } }, /log\.dirs would be .* the option data says/)
  await refused({ config: { 'num.partitons': 4 } }, /did you mean num\.partitions/)
})
