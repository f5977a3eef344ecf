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

test('a lost connection fails what waits and is made anew by the next request', async () => {
  const simulation = createSimulation({ seed: 5 })
  let silent = true
  const broker = await scripted(simulation, [
    metadata,
    coordinator,
    heartbeat(() => (silent ? undefined : { errorCode: 0 })),
  ])
  const cluster = client(simulation)
  const lost = cluster.send({ coordinatorOf: 'g' }, heartbeatRequest, heartbeatResponse, beat)
  const refused = assert.rejects(lost, ConnectionError)
  await simulation.until(() => broker.asked.includes('HeartbeatRequest v2'), 900)
  for (const connection of broker.connections) connection.destroy()
  await simulation.settle(refused)
  silent = false
  const asked = cluster.send({ coordinatorOf: 'g' }, heartbeatRequest, heartbeatResponse, beat)
  assert.equal((await simulation.settle(asked)).errorCode, 0)
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

test('bootstrap addresses have hosts, ports and brackets for IPv6', () => {
  assert.deepEqual(parseBootstrap('a:1, b ,[::1]:3'), [
    { host: 'a', port: 1 },
    { host: 'b', port: 9092 },
    { host: '::1', port: 3 },
  ])
  for (const wrong of ['', 'a:b', 'a:1:2', 'a:0', 'a:70000']) assert.throws(() => parseBootstrap(wrong), /HOST:PORT/)
})
