import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, NetworkError } from '../network.ts'
import { testNetwork } from '../network-contract.ts'
import { nodeNetwork } from './network.ts'

async function until(condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 2) {
    assert.ok(waitedMs < 5000, 'waited for 5 s in vain')
    await sleep(2)
  }
}

testNetwork(() => ({
  server: nodeNetwork,
  client: nodeNetwork,
  host: '127.0.0.1',
  settle: call => call,
  until,
}))

test('a reset by the peer is reported as such, once', async () => {
  const closes: unknown[] = []
  const listener = await nodeNetwork.listen({ host: '127.0.0.1', port: 0 }, connection =>
    connection.handle({ onData: () => {}, onDrain: () => {}, onClose: error => closes.push(error) }),
  )
  const socket = net.connect(listener.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.resetAndDestroy()
  await until(() => closes.length > 0)
  assert.ok(closes[0] instanceof NetworkError && closes[0].kind === 'reset')
  await listener.close()
})

test('a name that does not exist is unreachable', async () => {
  const call = nodeNetwork.connect({ host: 'no-such-host.invalid', port: 9, timeoutMs: 5000 })
  await assert.rejects(call, (error: unknown) => error instanceof NetworkError && error.kind === 'unreachable')
})

test('a listener on all addresses knows IPv4 clients by their plain address', async () => {
  const accepted: Connection[] = []
  const listener = await nodeNetwork.listen({ host: '::', port: 0 }, connection => {
    accepted.push(connection)
    connection.handle({ onData: () => {}, onDrain: () => {}, onClose: () => {} })
  })
  const client = await nodeNetwork.connect({ host: '127.0.0.1', port: listener.port, timeoutMs: 5000 })
  await until(() => accepted.length === 1)
  assert.equal(accepted[0]?.remote.host, '127.0.0.1')
  assert.equal(accepted[0]?.local.host, '127.0.0.1')
  client.destroy()
  await listener.close()
})

test('a peer that does not close its side after end() is let go', async () => {
  const closes: unknown[] = []
  const listener = await nodeNetwork.listen({ host: '127.0.0.1', port: 0 }, connection => {
    connection.handle({ onData: () => {}, onDrain: () => {}, onClose: error => closes.push(error) })
    connection.end()
  })
  const socket = net.connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  await until(() => closes.length === 1)
  assert.deepEqual(closes, [null])
  socket.destroy()
  await listener.close()
})
