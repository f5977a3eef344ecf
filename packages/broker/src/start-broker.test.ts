import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  alterReplicaLogDirsRequest,
  alterReplicaLogDirsResponse,
  apiVersionsRequest,
  apiVersionsResponse,
  describeLogDirsRequest,
  describeLogDirsResponse,
  errorCodes,
} from '@odradek/protocol'
import { OdradekError, startBroker } from './index.ts'
import { createTopic, produce, testBroker, testClient } from './server/testing/test-broker.ts'

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'odradek-test-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

function failsWith(code: string, message: RegExp): (error: unknown) => boolean {
  return error => {
    assert.ok(error instanceof OdradekError, String(error))
    assert.equal(error.code, code)
    assert.match(error.message, message)
    return true
  }
}

test('a broker that has started serves, many fit in one process, and each has its own cluster', async t => {
  const brokers = await Promise.all([testBroker(t), testBroker(t), testBroker(t)])
  for (const broker of brokers) {
    const client = await testClient(t, broker)
    await createTopic(client, 'topic')
    assert.deepEqual((await produce(client, 'topic')).baseOffset, 0)
    assert.equal(broker.bootstrapServers, `127.0.0.1:${broker.port}`)
  }
  assert.equal(new Set(brokers.map(({ clusterId }) => clusterId)).size, 3)
})

test('await using ends it, and stopping again changes nothing', async () => {
  let port = 0
  {
    await using broker = await startBroker()
    port = broker.port
    await broker.stop()
    await broker.stop()
  }
  await using again = await startBroker({ listen: `127.0.0.1:${port}` })
  assert.equal(again.port, port)
})

test('a program that stops its broker ends by itself', async () => {
  const entry = new URL('./index.ts', import.meta.url).href
  const program = `import { startBroker } from '${entry}'; const b = await startBroker(); await b.stop(); console.log('stopped')`
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

test('with a data directory the records and the cluster are there after a restart', async t => {
  const data = temporaryDirectory(t)
  const first = await testBroker(t, { data })
  const client = await testClient(t, first)
  await createTopic(client, 'kept')
  await produce(client, 'kept')
  await first.stop()
  const second = await testBroker(t, { data })
  assert.equal(second.clusterId, first.clusterId)
  assert.equal((await produce(await testClient(t, second), 'kept')).baseOffset, 1)
})

test('log.dirs spreads partitions over directories; one that cannot be used takes its own partitions offline', async t => {
  const directory = temporaryDirectory(t)
  const first = join(directory, 'first')
  const second = join(directory, 'second')
  const config = { 'log.dirs': `${first},${second}` }
  const places = async (client: Awaited<ReturnType<typeof testClient>>) => {
    const { results } = await client.send(
      describeLogDirsRequest,
      describeLogDirsResponse,
      { topics: null },
      { version: 4 },
    )
    return results.map(({ errorCode, logDir, topics }) => [
      errorCode,
      logDir,
      topics.flatMap(({ partitions }) => partitions.map(({ partitionIndex }) => partitionIndex)),
    ])
  }
  {
    await using broker = await startBroker({ config })
    const client = await testClient(t, broker)
    await createTopic(client, 'topic', { partitions: 4 })
    assert.deepEqual(await places(client), [
      [errorCodes.NONE, first, [0, 2]],
      [errorCodes.NONE, second, [1, 3]],
    ])
    for (let index = 0; index < 4; index++)
      assert.equal((await produce(client, 'topic', { partition: index })).errorCode, 0)
  }
  renameSync(second, `${second}-away`)
  writeFileSync(second, 'no directory')
  {
    await using broker = await startBroker({ config })
    const client = await testClient(t, broker)
    assert.equal((await produce(client, 'topic', { partition: 0 })).baseOffset, 1)
    assert.equal((await produce(client, 'topic', { partition: 1 })).errorCode, errorCodes.KAFKA_STORAGE_ERROR)
    await createTopic(client, 'later')
    assert.equal((await produce(client, 'later')).errorCode, 0)
    assert.deepEqual(await places(client), [
      [errorCodes.NONE, first, [0, 2, 0]],
      [errorCodes.KAFKA_STORAGE_ERROR, second, []],
    ])
  }
  rmSync(second)
  renameSync(`${second}-away`, second)
  await using broker = await startBroker({ config: { ...config, 'metadata.log.dir': first } })
  const client = await testClient(t, broker)
  assert.equal((await produce(client, 'topic', { partition: 1 })).baseOffset, 1)
  await broker.stop()
  const swapped = { 'log.dirs': `${second},${first}` }
  await assert.rejects(startBroker({ config: swapped }), failsWith('metadata-elsewhere', /metadata\.log\.dir/))
  await (await startBroker({ config: { ...swapped, 'metadata.log.dir': first } })).stop()
})

test('directories are named from the working directory', async t => {
  const before = process.cwd()
  const directory = temporaryDirectory(t)
  process.chdir(directory)
  t.after(() => process.chdir(before))
  await (await startBroker({ data: 'one' })).stop()
  await (await startBroker({ config: { 'log.dirs': 'two,./three/', 'metadata.log.dir': 'meta' } })).stop()
  for (const name of ['one', 'two', 'three', 'meta'])
    assert.ok(existsSync(join(directory, name, 'meta.properties')), name)
  assert.ok(existsSync(join(directory, 'meta/cluster-metadata.jsonl')))
  const twice = startBroker({ config: { 'log.dirs': `one,${directory}/one` } })
  await assert.rejects(twice, failsWith('invalid-config', /twice/))
})

test('AlterReplicaLogDirs moves replicas between directories, answered as Kafka answers', async t => {
  const directory = temporaryDirectory(t)
  const first = join(directory, 'first')
  const second = join(directory, 'second')
  await using broker = await startBroker({ config: { 'log.dirs': `${first},${second}` } })
  const client = await testClient(t, broker)
  await createTopic(client, 'topic', { partitions: 2 })
  const move = async (path: string, name: string, partitions: number[], version = 2) => {
    const dirs = [{ path, topics: [{ name, partitions }] }]
    const { results } = await client.send(
      alterReplicaLogDirsRequest,
      alterReplicaLogDirsResponse,
      { dirs },
      { version },
    )
    return results.flatMap(result => result.partitions.map(({ errorCode }) => errorCode))
  }
  for (const version of [1, 2]) {
    assert.deepEqual(await move('/nowhere', 'topic', [0], version), [errorCodes.LOG_DIR_NOT_FOUND])
    assert.deepEqual(await move(first, 'topic', [9, -1], version), Array(2).fill(errorCodes.UNKNOWN_TOPIC_OR_PARTITION))
    assert.deepEqual(await move(first, 't'.repeat(230), [0], version), [errorCodes.INVALID_TOPIC_EXCEPTION])
  }
  for (let n = 0; n < 50; n++) assert.equal((await produce(client, 'topic')).baseOffset, n)
  assert.deepEqual(await move(second, 'topic', [0, 1]), [errorCodes.NONE, errorCodes.NONE])
  const topics = [{ topic: 'topic', partitions: [0, 1] }]
  for (let offset = 50; ; offset++) {
    assert.equal((await produce(client, 'topic')).baseOffset, offset)
    const { results } = await client.send(describeLogDirsRequest, describeLogDirsResponse, { topics }, { version: 4 })
    const [left, there] = results.map(result => result.topics.flatMap(({ partitions }) => partitions))
    const future = there?.find(({ isFutureKey }) => isFutureKey)
    if (future === undefined && left?.length === 0) break
    assert.ok(future === undefined || future.offsetLag >= 0)
  }
  assert.deepEqual(await move(second, 'later', [0, 1, 2]), Array(3).fill(errorCodes.UNKNOWN_TOPIC_OR_PARTITION))
  await createTopic(client, 'later', { partitions: 3 })
  assert.ok([0, 1, 2].every(index => existsSync(join(second, `later-${index}`))))
})

test('stopping answers or closes every connection within a second, a waiting fetch among them', async t => {
  const broker = await testBroker(t)
  const idle = await testClient(t, broker)
  const half = await testClient(t, broker)
  half.writeBytes(Buffer.from([0, 0, 1, 0, 0]))
  await idle.send(apiVersionsRequest, apiVersionsResponse, {}, { version: 0 })
  const startedMs = performance.now()
  await broker.stop()
  await Promise.all([idle.closed, half.closed])
  assert.ok(performance.now() - startedMs < 1000)
})

test('a port that is taken is refused with what to do', async t => {
  const { port } = await testBroker(t)
  await assert.rejects(
    startBroker({ listen: `127.0.0.1:${port}` }),
    failsWith('port-taken', /already in use.*another port/s),
  )
})

test('an unknown setting is refused with the nearest name', async () => {
  await assert.rejects(startBroker({ config: { 'num.partition': 3 } }), failsWith('invalid-config', /num\.partitions/))
})

test('a setting of the wrong kind is refused', async () => {
  await assert.rejects(
    startBroker({ config: { 'num.partitions': 'many' } }),
    failsWith('invalid-config', /num\.partitions/),
  )
})

test('a listener that speaks TLS is refused', async () => {
  const config = { listeners: 'SSL://127.0.0.1:0' }
  await assert.rejects(startBroker({ config }), failsWith('invalid-config', /only PLAINTEXT/))
})

test('an address without a port is refused', async () => {
  await assert.rejects(startBroker({ listen: 'localhost' }), failsWith('invalid-config', /HOST:PORT/))
})

test('a data directory that another broker holds is refused, naming its process', async t => {
  const data = temporaryDirectory(t)
  await testBroker(t, { data })
  await assert.rejects(startBroker({ data }), failsWith('data-directory-locked', /this very process/))
})

test("another cluster's data directory is refused", async t => {
  const data = temporaryDirectory(t)
  await (await startBroker({ data })).stop()
  await assert.rejects(
    startBroker({ data, clusterId: 'AAAAAAAAAAAAAAAAAAAAAQ' }),
    (error: unknown) => error instanceof OdradekError && /cluster/.test(error.message),
  )
})

test('a start that fails leaves nothing open', async t => {
  const data = temporaryDirectory(t)
  const { port } = await testBroker(t)
  await assert.rejects(startBroker({ data, listen: `127.0.0.1:${port}` }))
  await testBroker(t, { data })
})
