import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { apiVersionsRequest, apiVersionsResponse, produceRequest } from '@odradek/protocol'
import { silentLogger } from '../logger.ts'
import { batchOf, createTopic, produce, testBroker, testClient } from './testing/test-broker.ts'
import { encodeRequest, type TestClient } from './testing/test-client.ts'

async function isServed(client: TestClient): Promise<boolean> {
  const answer = client.send(apiVersionsRequest, apiVersionsResponse, {}, { version: 0 })
  return Promise.race([answer.then(() => true).catch(() => false), sleep(100, false)])
}

test('a connection that says nothing is closed after connections.max.idle.ms, one that is served is not', async t => {
  const broker = await testBroker(t, { config: { 'connections.max.idle.ms': 200 } })
  const [idle, busy] = [await testClient(t, broker), await testClient(t, broker)]
  const startedMs = performance.now()
  for (let i = 0; i < 10; i++) {
    assert.ok(await isServed(busy))
    await sleep(50)
  }
  await idle.closed
  assert.ok(performance.now() - startedMs >= 200)
  assert.equal(busy.isClosed, false)
})

test('beyond max.connections.per.ip a connection is closed, unless its address has its own limit', async t => {
  const broker = await testBroker(t, { config: { 'max.connections.per.ip': 2 } })
  const clients = [await testClient(t, broker), await testClient(t, broker), await testClient(t, broker)]
  await clients[2]?.closed
  assert.deepEqual(await Promise.all(clients.map(isServed)), [true, true, false])
  const overrides = { 'max.connections.per.ip': 0, 'max.connections.per.ip.overrides': '127.0.0.1:1' }
  assert.ok(await isServed(await testClient(t, await testBroker(t, { config: overrides }))))
})

test('beyond max.connections a connection waits until another one ends', async t => {
  const broker = await testBroker(t, { config: { 'max.connections': 1 } })
  const first = await testClient(t, broker)
  assert.ok(await isServed(first))
  const second = await testClient(t, broker)
  const answer = second.send(apiVersionsRequest, apiVersionsResponse, {}, { version: 0 })
  assert.equal(await Promise.race([answer.then(() => 'served'), sleep(100, 'waits')]), 'waits')
  first.close()
  assert.equal((await answer).errorCode, 0)
})

test('a request over socket.request.max.bytes closes its connection with one line in the log', async t => {
  const lines: string[] = []
  const logger = { ...silentLogger, warn: (message: string) => void lines.push(message) }
  const broker = await testBroker(t, { logger, config: { 'socket.request.max.bytes': 1000 } })
  const client = await testClient(t, broker)
  client.writeBytes(Buffer.from([0, 0, 4, 0]))
  await client.closed
  assert.deepEqual(lines, ['closed a connection'])
})

test('requests that are sent all at once are answered in their order', async t => {
  const client = await testClient(t, await testBroker(t))
  const frames = Array.from({ length: 500 }, (_, i) =>
    encodeRequest(apiVersionsRequest, {}, { version: i % 3, correlationId: i }),
  )
  client.writeBytes(Buffer.concat(frames))
  for (let i = 0; i < frames.length; i++) assert.equal((await client.nextFrame())?.readInt32BE(0), i)
})

test('a client that never reads is not served beyond what the kernel takes, and disturbs nobody', async t => {
  const broker = await testBroker(t)
  const deaf = await testClient(t, broker)
  deaf.connection.pause()
  const frame = encodeRequest(apiVersionsRequest, {}, { version: 0, correlationId: 1 })
  const flood = Buffer.concat(Array.from({ length: 4000 }, () => frame))
  const before = process.memoryUsage()
  let sentBytes = 0
  // Some megabytes of requests lie in the kernel, and ten times as many of answers. Then the broker must take no more.
  for (let i = 0; i < 600; i++) {
    if (deaf.connection.bufferedBytes > 1_000_000) break
    deaf.writeBytes(flood)
    sentBytes += flood.length
    await sleep(2)
  }
  assert.ok(deaf.connection.bufferedBytes > 1_000_000, `the broker took ${sentBytes} bytes`)
  assert.ok(process.memoryUsage().rss - before.rss < 200_000_000)
  assert.ok(await isServed(await testClient(t, broker)))
})

test('hostile bytes close their own connections; the others are served and memory stays bounded', async t => {
  const broker = await testBroker(t)
  const good = await testClient(t, broker)
  await createTopic(good, 'topic')
  let seed = 42
  const random = (bound: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return seed % bound
  }
  const sane = encodeRequest(
    produceRequest,
    {
      acks: -1,
      timeoutMs: 100,
      topicData: [{ name: 'topic', partitionData: [{ index: 0, records: batchOf('abc') }] }],
    },
    { version: 9, correlationId: 1 },
  )
  const hostile = (): Buffer => {
    if (random(3) === 0) return Buffer.from(Array.from({ length: 1 + random(400) }, () => random(256)))
    const bytes = Buffer.from(sane)
    for (let i = 1 + random(4); i > 0; i--) bytes[4 + random(bytes.length - 4)] = random(256)
    if (random(4) === 0) bytes.writeInt16BE(random(93), 4)
    if (random(4) === 0) bytes.writeInt32BE(random(0x7fffffff), 0)
    return bytes
  }
  const before = process.memoryUsage().rss
  let attacks = 0
  for (const endMs = performance.now() + 3000; performance.now() < endMs; attacks++) {
    const client = await testClient(t, broker)
    for (let i = random(5); i >= 0; i--) client.writeBytes(hostile())
    if (attacks % 10 === 0) {
      assert.equal((await produce(good, 'topic')).errorCode, 0)
      await Promise.race([client.closed, sleep(10)])
    }
    client.close()
  }
  assert.ok(attacks > 100, `only ${attacks}`)
  assert.ok(process.memoryUsage().rss - before < 300_000_000)
  assert.equal((await produce(good, 'topic')).errorCode, 0)
})

test('a stop under load loses nothing that was acknowledged', async t => {
  const { mkdtempSync, rmSync } = await import('node:fs')
  const { tmpdir } = await import('node:os')
  const data = mkdtempSync(`${tmpdir()}/odradek-stop-`)
  t.after(() => rmSync(data, { recursive: true, force: true }))
  const broker = await testBroker(t, { data })
  await createTopic(await testClient(t, broker), 'topic')
  let acknowledged = -1
  const producing = Array.from({ length: 4 }, async (_, i) => {
    const client = await testClient(t, broker)
    const records = () => batchOf(i % 2 === 0 ? 'x'.repeat(200_000) : 'small')
    for (;;) {
      const answer = await produce(client, 'topic', { records: records() }).catch(() => null)
      if (answer === null) return
      if (answer.errorCode === 0) acknowledged = Math.max(acknowledged, answer.baseOffset)
    }
  })
  await sleep(300)
  const startedMs = performance.now()
  await broker.stop()
  assert.ok(performance.now() - startedMs < 3000)
  await Promise.all(producing)
  assert.ok(acknowledged > 10)
  const again = await testBroker(t, { data })
  const { baseOffset } = await produce(await testClient(t, again), 'topic')
  assert.ok(baseOffset > acknowledged, `${baseOffset} follows ${acknowledged}`)
})
