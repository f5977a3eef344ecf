import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Connection, NetworkError } from '../network.ts'
import { testNetwork } from '../network-contract.ts'
import { createSimulation, type Simulation } from './simulation.ts'

testNetwork(() => {
  const simulation = createSimulation({ seed: 1 })
  return {
    server: simulation.platform('server').network,
    client: simulation.platform('client').network,
    host: 'server',
    until: condition => simulation.until(condition, 60_000),
    settle: call => simulation.settle(call),
  }
})

interface End {
  connection: Connection
  received: string
  closes: (NetworkError | null)[]
}

function watch(connection: Connection): End {
  const end: End = { connection, received: '', closes: [] }
  connection.handle({
    onData: chunk => {
      end.received += chunk.toString('latin1')
    },
    onDrain: () => {},
    onClose: error => end.closes.push(error),
  })
  return end
}

async function connected(simulation: Simulation): Promise<{ client: End; server: End }> {
  const servers: End[] = []
  const { network } = simulation.platform('server')
  await simulation.settle(network.listen({ host: '0.0.0.0', port: 9092 }, one => servers.push(watch(one))))
  const dial = simulation.platform('client').network.connect({ host: 'server', port: 9092, timeoutMs: 1000 })
  const client = watch(await simulation.settle(dial))
  await simulation.until(() => servers.length === 1)
  const [server] = servers
  assert.ok(server)
  return { client, server }
}

test('a partition delays what is under way until it heals, and lets nobody in meanwhile', async () => {
  const simulation = createSimulation({ seed: 1 })
  const { client, server } = await connected(simulation)
  simulation.network.partition('client', 'server')
  client.connection.write([Buffer.from('through the wall')])
  const dial = simulation.platform('client').network.connect({ host: 'server', port: 9092, timeoutMs: 1000 })
  await assert.rejects(
    simulation.settle(dial),
    (error: unknown) => error instanceof NetworkError && error.kind === 'timeout',
  )
  assert.equal(server.received, '')
  simulation.network.heal()
  await simulation.until(() => server.received === 'through the wall', 10_000)
})

test('a partition that lasts ends the connection of the one who writes', async () => {
  const simulation = createSimulation({ seed: 1 })
  const { client, server } = await connected(simulation)
  simulation.network.block('client', 'server')
  client.connection.write([Buffer.from('?')])
  await simulation.until(() => client.closes.length === 1, 3_600_000)
  assert.equal(client.closes[0]?.kind, 'timeout')
  assert.deepEqual(server.closes, [])
})

test('a firewall refuses one way, and resets what is open', async () => {
  const simulation = createSimulation({ seed: 1 })
  const { client, server } = await connected(simulation)
  simulation.network.refuse('client', 'server')
  await simulation.until(() => client.closes.length === 1 && server.closes.length === 1)
  assert.deepEqual(
    [...client.closes, ...server.closes].map(error => error?.kind),
    ['reset', 'reset'],
  )
  const dial = () => simulation.platform('client').network.connect({ host: 'server', port: 9092, timeoutMs: 1000 })
  await assert.rejects(
    simulation.settle(dial()),
    (error: unknown) => error instanceof NetworkError && error.kind === 'refused',
  )
  const { network } = simulation.platform('client')
  await simulation.settle(network.listen({ host: '0.0.0.0', port: 9093 }, one => watch(one)))
  await simulation.settle(
    simulation.platform('server').network.connect({ host: 'client', port: 9093, timeoutMs: 1000 }),
  )
  simulation.network.unblock('client', 'server')
  await simulation.settle(dial())
})

test('the peers of a crashed process hear of it', async () => {
  const simulation = createSimulation({ seed: 1 })
  const { client, server } = await connected(simulation)
  simulation.machine('server').crash()
  await simulation.until(() => client.closes.length === 1, 1000)
  assert.deepEqual(server.closes, [])
  const dial = simulation.platform('client').network.connect({ host: 'server', port: 9092, timeoutMs: 1000 })
  await assert.rejects(
    simulation.settle(dial),
    (error: unknown) => error instanceof NetworkError && error.kind === 'refused',
  )
})

test('a machine without power is silent, and resets old connections when it is back', async () => {
  const simulation = createSimulation({ seed: 1 })
  const { client } = await connected(simulation)
  simulation.machine('server').powerLoss()
  client.connection.write([Buffer.from('anybody?')])
  await simulation.runFor(10_000)
  assert.equal(client.closes.length, 0)
  simulation.machine('server').restart()
  await simulation.until(() => client.closes.length === 1, 10_000)
  assert.equal(client.closes[0]?.kind, 'reset')
})

test('resets and stalls come as the dials say', async () => {
  const simulation = createSimulation({ seed: 1 })
  const { client, server } = await connected(simulation)
  Object.assign(simulation.network.faults, { stall: 1, stallMs: [5000, 5000], chop: 0 })
  client.connection.write([Buffer.from('late')])
  await simulation.runFor(4000)
  assert.equal(server.received, '')
  await simulation.runFor(2000)
  assert.equal(server.received, 'late')
  simulation.network.faults.reset = 1
  client.connection.write([Buffer.from('lost')])
  await simulation.until(() => server.closes.length === 1 && client.closes.length === 1)
  assert.equal(server.closes[0]?.kind, 'reset')
})

test('an unknown machine cannot be reached', async () => {
  const simulation = createSimulation({ seed: 1 })
  const dial = simulation.platform('client').network.connect({ host: 'nowhere', port: 1, timeoutMs: 1000 })
  await assert.rejects(
    simulation.settle(dial),
    (error: unknown) => error instanceof NetworkError && error.kind === 'unreachable',
  )
})
