import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSimulation, type Simulation } from '@odradek/platform/simulated'
import {
  errorCodes,
  findCoordinatorRequest,
  findCoordinatorResponse,
  heartbeatRequest,
  heartbeatResponse,
  metadataRequest,
  metadataResponse,
} from '@odradek/protocol'
import { ClusterClient, parseBootstrap } from './cluster-client.ts'
import { ConnectionError, KafkaError } from './kafka-error.ts'
import { type ScriptedApi, ScriptedBroker } from './scripted-broker.ts'

const metadata: ScriptedApi = {
  request: metadataRequest,
  response: metadataResponse,
  versions: [0, 12],
  answer: () => ({ brokers: [{ nodeId: 7, host: 'broker', port: 9092 }], controllerId: 7 }),
}

const coordinator: ScriptedApi = {
  request: findCoordinatorRequest,
  response: findCoordinatorResponse,
  versions: [0, 3],
  answer: () => ({ nodeId: 7, host: 'broker', port: 9092 }),
}

function heartbeat(answer: ScriptedApi['answer']): ScriptedApi {
  return { request: heartbeatRequest, response: heartbeatResponse, versions: [0, 2], answer }
}

function client(simulation: Simulation): ClusterClient {
  const bootstrap = 'nobody:9092,broker:9092'
  simulation.machine('nobody')
  return new ClusterClient({ platform: simulation.platform('client'), bootstrap, timeoutMs: 1_000, retryForMs: 2_000 })
}

async function scripted(simulation: Simulation, apis: ScriptedApi[]): Promise<ScriptedBroker> {
  const broker = new ScriptedBroker(apis)
  await simulation.settle(broker.listen(simulation.platform('broker').network, { host: 'broker', port: 9092 }))
  return broker
}

const beat = { groupId: 'g', generationId: 1, memberId: 'm' }

test('a request goes to the coordinator in the highest version that both speak', async () => {
  const simulation = createSimulation({ seed: 1 })
  const broker = await scripted(simulation, [metadata, coordinator, heartbeat(() => ({ errorCode: 27 }))])
  const cluster = client(simulation)
  const asked = cluster.send({ coordinatorOf: 'g' }, heartbeatRequest, heartbeatResponse, beat)
  assert.equal((await simulation.settle(asked)).errorCode, errorCodes.REBALANCE_IN_PROGRESS)
  assert.deepEqual(broker.asked, ['ApiVersionsRequest v3', 'FindCoordinatorRequest v3', 'HeartbeatRequest v2'])
  await simulation.settle(cluster.close())
})

test('a retriable error is tried again until it is gone', async () => {
  const simulation = createSimulation({ seed: 2 })
  let loading = 3
  const answer = () => ({ errorCode: loading-- > 0 ? errorCodes.COORDINATOR_LOAD_IN_PROGRESS : 0 })
  await scripted(simulation, [metadata, coordinator, heartbeat(answer)])
  const asked = client(simulation).send({ coordinatorOf: 'g' }, heartbeatRequest, heartbeatResponse, beat, {
    errorOf: ({ errorCode }) => errorCode,
  })
  assert.equal((await simulation.settle(asked)).errorCode, 0)
})

test('a retriable error that stays reaches the caller when the time is up', async () => {
  const simulation = createSimulation({ seed: 3 })
  await scripted(simulation, [metadata, coordinator, heartbeat(() => ({ errorCode: errorCodes.NOT_COORDINATOR }))])
  const asked = client(simulation).send({ coordinatorOf: 'g' }, heartbeatRequest, heartbeatResponse, beat, {
    errorOf: ({ errorCode }) => errorCode,
  })
  await assert.rejects(
    simulation.settle(asked),
    (error: unknown) => error instanceof KafkaError && error.codeName === 'NOT_COORDINATOR' && error.retriable,
  )
})

test('no answer in time closes the connection and says who was silent', async () => {
  const simulation = createSimulation({ seed: 4 })
  await scripted(simulation, [metadata, coordinator, heartbeat(() => undefined)])
  const asked = client(simulation).send({ coordinatorOf: 'g' }, heartbeatRequest, heartbeatResponse, beat)
  await assert.rejects(
    simulation.settle(asked),
    (error: unknown) =>
      error instanceof ConnectionError && /broker:9092 did not answer HeartbeatRequest/.test(error.message),
  )
})

test('a lost connection fails what waits, and the request goes out again over a new one', async () => {
  const simulation = createSimulation({ seed: 5 })
  let silent = true
  const broker = await scripted(simulation, [
    metadata,
    coordinator,
    heartbeat(() => (silent ? undefined : { errorCode: 0 })),
  ])
  const asked = client(simulation).send({ coordinatorOf: 'g' }, heartbeatRequest, heartbeatResponse, beat)
  await simulation.until(() => broker.asked.includes('HeartbeatRequest v2'), 900)
  silent = false
  for (const connection of broker.connections) connection.destroy()
  assert.equal((await simulation.settle(asked)).errorCode, 0)
  assert.equal(broker.connections.length, 2)
})

test('where no broker answers, the reason of the last one is told', async () => {
  const simulation = createSimulation({ seed: 6 })
  simulation.machine('broker')
  await assert.rejects(simulation.settle(client(simulation).metadata(null)), /cannot connect to broker:9092/)
})

test('a server of another protocol is recognized by its first bytes', async () => {
  const simulation = createSimulation({ seed: 7 })
  const { network } = simulation.platform('broker')
  const answer = Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')
  const listening = network.listen({ host: 'broker', port: 9092 }, connection =>
    connection.handle({ onData: () => connection.write([answer]), onDrain: () => {}, onClose: () => {} }),
  )
  await simulation.settle(listening)
  await assert.rejects(
    simulation.settle(client(simulation).metadata(null)),
    /^ConnectionError: broker:9092 does not speak Kafka's protocol/,
  )
})

/** Brokers of these names, each on a machine of its own, that all say the same of their cluster until a test lets one lie. */
async function clusterOf(
  simulation: Simulation,
  names: readonly string[],
  { controller, coordinator: coordinatorName = 'a' }: { controller: () => string; coordinator?: string },
): Promise<(name: string) => ScriptedBroker> {
  const idOf = (name: string) => names.indexOf(name) + 1
  const at = (name: string) => ({ nodeId: idOf(name), host: name, port: 9092 })
  const brokers = new Map<string, ScriptedBroker>()
  for (const name of names) {
    const broker = new ScriptedBroker([
      { ...metadata, answer: () => ({ brokers: names.map(at), controllerId: idOf(controller()) }) },
      { ...coordinator, answer: () => at(coordinatorName) },
      heartbeat(() => ({ errorCode: 0 })),
    ])
    brokers.set(name, broker)
    await simulation.settle(broker.listen(simulation.platform(name).network, { host: name, port: 9092 }))
  }
  return name => brokers.get(name) ?? assert.fail(name)
}

/** From now on the broker answers that. */
function script(broker: ScriptedBroker, { request }: ScriptedApi, answer: ScriptedApi['answer']): void {
  for (const api of broker.apis) if (api.request.key === request.key) api.answer = answer
}

function clientOf(simulation: Simulation, bootstrap: string, retryForMs = 20_000): ClusterClient {
  return new ClusterClient({ platform: simulation.platform('client'), bootstrap, timeoutMs: 5_000, retryForMs })
}

test('a broker that falls silent is left for another one after one time-out, and is not asked again', async () => {
  const simulation = createSimulation({ seed: 8 })
  const broker = await clusterOf(simulation, ['a', 'b', 'c'], { controller: () => 'c' })
  const cluster = clientOf(simulation, 'a:9092')
  await simulation.settle(cluster.metadata([]))
  simulation.network.partition('client', 'a')
  const [beganMs, before] = [simulation.nowMs, broker('a').asked.length]
  assert.equal((await simulation.settle(cluster.send('any', heartbeatRequest, heartbeatResponse, beat))).errorCode, 0)
  assert.ok(simulation.nowMs - beganMs < 5_500, `${simulation.nowMs - beganMs} ms`)
  const secondMs = simulation.nowMs
  await simulation.settle(cluster.metadata([]))
  assert.ok(simulation.nowMs - secondMs < 100)
  assert.equal(broker('a').asked.length, before)
})

test('all that waits for a broker that falls silent is answered by others', async () => {
  const simulation = createSimulation({ seed: 9 })
  await clusterOf(simulation, ['a', 'b'], { controller: () => 'b' })
  const cluster = clientOf(simulation, 'a:9092')
  await simulation.settle(cluster.metadata([]))
  simulation.network.partition('client', 'a')
  const beganMs = simulation.nowMs
  const all = Array.from({ length: 10 }, () => cluster.send('any', heartbeatRequest, heartbeatResponse, beat))
  await simulation.settle(Promise.all(all))
  assert.ok(simulation.nowMs - beganMs < 5_500, `${simulation.nowMs - beganMs} ms`)
})

test('the brokers that metadata named are asked when all that was given at first is gone', async () => {
  const simulation = createSimulation({ seed: 10 })
  const broker = await clusterOf(simulation, ['a', 'b'], { controller: () => 'b' })
  const cluster = clientOf(simulation, 'a:9092')
  await simulation.settle(cluster.metadata([]))
  simulation.machine('a').crash()
  await simulation.settle(cluster.metadata([]))
  assert.deepEqual(broker('b').asked, ['ApiVersionsRequest v3', 'MetadataRequest v12'])
})

test('metadata that names a dead controller is asked for again, of others than the one that is behind the times', async () => {
  const simulation = createSimulation({ seed: 11 })
  const broker = await clusterOf(simulation, ['a', 'b', 'c'], { controller: () => 'c' })
  script(broker('b'), metadata, () => ({
    brokers: ['a', 'b', 'c'].map((host, index) => ({ nodeId: index + 1, host, port: 9092 })),
    controllerId: 1,
  }))
  simulation.machine('a').crash()
  const cluster = clientOf(simulation, 'b:9092')
  const asked = cluster.send('controller', heartbeatRequest, heartbeatResponse, beat)
  assert.equal((await simulation.settle(asked, 1_000)).errorCode, 0)
  assert.deepEqual(broker('c').asked, ['ApiVersionsRequest v3', 'MetadataRequest v12', 'HeartbeatRequest v2'])
})

test('where all go on to name a controller that is gone, another broker is asked', async () => {
  const simulation = createSimulation({ seed: 16 })
  await clusterOf(simulation, ['a', 'b', 'c'], { controller: () => 'c' })
  simulation.machine('c').crash()
  const cluster = clientOf(simulation, 'a:9092')
  for (let n = 0; n < 3; n++) {
    const asked = cluster.send('controller', heartbeatRequest, heartbeatResponse, beat)
    assert.equal((await simulation.settle(asked, 1_500)).errorCode, 0)
  }
})

test('a node that does not answer is looked up again, and given up when it does not run any more', async () => {
  const simulation = createSimulation({ seed: 12 })
  const broker = await clusterOf(simulation, ['a', 'b'], { controller: () => 'a' })
  const cluster = clientOf(simulation, 'a:9092')
  simulation.machine('b').crash()
  simulation.at(3_000, () =>
    script(broker('a'), metadata, () => ({ brokers: [{ nodeId: 1, host: 'a', port: 9092 }], controllerId: 1 })),
  )
  const asked = cluster.send({ node: 2 }, heartbeatRequest, heartbeatResponse, beat)
  await assert.rejects(simulation.settle(asked), /^ConnectionError: broker 2 does not run/)
  assert.ok(simulation.nowMs < 5_000, `${simulation.nowMs} ms`)
  // It was knocked at with growing pauses, not ten times a second.
  assert.ok(broker('a').asked.length < 15, broker('a').asked.join())
})

test('a coordinator that moved is found by another broker', async () => {
  const simulation = createSimulation({ seed: 13 })
  const broker = await clusterOf(simulation, ['a', 'b', 'c'], { controller: () => 'a', coordinator: 'c' })
  script(broker('a'), coordinator, () => ({ nodeId: 4, host: 'gone', port: 9092 }))
  simulation.machine('gone')
  const asked = clientOf(simulation, 'a:9092,b:9092').send(
    { coordinatorOf: 'g' },
    heartbeatRequest,
    heartbeatResponse,
    beat,
  )
  assert.equal((await simulation.settle(asked, 1_000)).errorCode, 0)
  assert.ok(broker('c').asked.includes('HeartbeatRequest v2'))
})

test('all tries together take no longer than a request may be retried', async () => {
  const simulation = createSimulation({ seed: 14 })
  await clusterOf(simulation, ['a', 'b', 'c', 'd', 'e'], { controller: () => 'b' })
  const cluster = clientOf(simulation, 'a:9092', 12_000)
  await simulation.settle(cluster.metadata([]))
  for (const name of ['a', 'b', 'c', 'd', 'e']) simulation.network.partition('client', name)
  const beganMs = simulation.nowMs
  await assert.rejects(simulation.settle(cluster.metadata([])), ConnectionError)
  assert.ok(simulation.nowMs - beganMs < 12_100, `${simulation.nowMs - beganMs} ms`)
})

test('a client that is closed opens nothing again', async () => {
  const simulation = createSimulation({ seed: 15 })
  const broker = await scripted(simulation, [metadata, coordinator, heartbeat(() => undefined)])
  const cluster = client(simulation)
  const asked = cluster.send('any', heartbeatRequest, heartbeatResponse, beat)
  const refused = assert.rejects(asked, /^ConnectionError: the client has been closed/)
  await simulation.until(() => broker.asked.includes('HeartbeatRequest v2'), 900)
  await cluster.close()
  await simulation.settle(refused)
  assert.equal(broker.connections.length, 1)
})

test('bootstrap addresses have hosts, ports and brackets for IPv6', () => {
  assert.deepEqual(parseBootstrap('a:1, b ,[::1]:3'), [
    { host: 'a', port: 1 },
    { host: 'b', port: 9092 },
    { host: '::1', port: 3 },
  ])
  for (const wrong of ['', 'a:b', 'a:1:2', 'a:0', 'a:70000']) assert.throws(() => parseBootstrap(wrong), /HOST:PORT/)
})
