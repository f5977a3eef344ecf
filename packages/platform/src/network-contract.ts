import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Connection,
  type ConnectionHandler,
  type Listener,
  type Network,
  NetworkError,
  type NetworkErrorKind,
} from './network.ts'

export interface NetworkUnderTest {
  readonly server: Network
  readonly client: Network
  /** Where the client reaches the server's listeners. */
  readonly host: string
  /** Lets time pass until the condition holds; fails when it never does. */
  until(condition: () => boolean): Promise<void>
  settle<T>(call: Promise<T>): Promise<T>
}

/** What every Network does; each implementation runs it in its own test file. */
export function testNetwork(create: () => NetworkUnderTest): void {
  const check = (behaviour: string, body: (wire: Wire) => Promise<void>) => {
    test(behaviour, async () => {
      const wire = new Wire(create())
      try {
        await body(wire)
      } finally {
        await wire.dispose()
      }
    })
  }

  check('bytes arrive whole and in order, in both directions', async wire => {
    const [client, server] = await wire.pair()
    const sent = Array.from({ length: 50 }, (_, index) => Buffer.alloc(index * 97, index))
    client.connection.write(sent)
    server.connection.write([Buffer.from('hello '), Buffer.from('you')])
    await wire.until(() => server.received === total(sent) && client.received === 9)
    assert.ok(Buffer.concat(server.chunks).equals(Buffer.concat(sent)))
    assert.equal(Buffer.concat(client.chunks).toString(), 'hello you')
  })

  check('both ends know the addresses', async wire => {
    const [client, server] = await wire.pair()
    assert.equal(client.connection.remote.port, wire.listener?.port)
    assert.equal(server.connection.local.port, wire.listener?.port)
    assert.deepEqual(server.connection.remote.port, client.connection.local.port)
    assert.equal(server.connection.remote.host, client.connection.local.host)
  })

  check('what arrives before the handler is given to it', async wire => {
    const [client, server] = await wire.pair()
    server.connection.write([Buffer.from('early')])
    await wire.until(() => client.received === 5)
  })

  check('who takes borrowed memory gets the same bytes', async wire => {
    const [client, server] = await wire.pair(true)
    const sent = Array.from({ length: 50 }, (_, index) => Buffer.alloc(index * 997, index))
    client.connection.write(sent)
    await wire.until(() => server.received === total(sent))
    assert.ok(Buffer.concat(server.chunks).equals(Buffer.concat(sent)))
  })

  check('a writer that gets too far ahead is told, and told again when all is sent', async wire => {
    const [client, server] = await wire.pair()
    server.connection.pause()
    const chunk = Buffer.alloc(256 * 1024, 7)
    let sent = 0
    while (client.connection.write([chunk])) sent += chunk.length
    sent += chunk.length
    assert.ok(client.connection.bufferedBytes > 0)
    assert.equal(client.drains, 0)
    server.connection.resume()
    await wire.until(() => client.drains === 1 && server.received === sent)
    assert.equal(client.connection.bufferedBytes, 0)
  })

  check('a paused connection hands over nothing new until it is resumed', async wire => {
    const [client, server] = await wire.pair()
    server.connection.pause()
    for (let index = 0; index < 40; index++) client.connection.write([Buffer.alloc(100_000, index)])
    client.connection.write([Buffer.from('x')])
    const [other, otherServer] = await wire.pair()
    other.connection.write([Buffer.from('meanwhile')])
    await wire.until(() => otherServer.received === 9)
    assert.equal(server.received, 0)
    server.connection.resume()
    await wire.until(() => server.received === 4_000_001)
  })

  check('end sends what is buffered, then both ends close once, without an error', async wire => {
    const [client, server] = await wire.pair()
    server.connection.pause()
    const sent = Buffer.alloc(3_000_000, 3)
    client.connection.write([sent])
    client.connection.end()
    assert.equal(client.connection.write([Buffer.from('late')]), false)
    server.connection.resume()
    await wire.until(() => client.closes.length > 0 && server.closes.length > 0)
    assert.equal(server.received, sent.length)
    assert.deepEqual(client.closes, [null])
    assert.deepEqual(server.closes, [null])
  })

  check('what was written before the peer ended still reaches it', async wire => {
    const [client, server] = await wire.pair()
    server.whenReceived = () => {
      server.connection.write([Buffer.from('answer')])
    }
    client.connection.write([Buffer.from('question')])
    await wire.until(() => client.received === 6)
    client.connection.end()
    await wire.until(() => client.closes.length === 1 && server.closes.length === 1)
    assert.equal(Buffer.concat(client.chunks).toString(), 'answer')
  })

  check('destroy closes at once: nothing is heard after it but one onClose', async wire => {
    const [client, server] = await wire.pair()
    server.connection.write([Buffer.alloc(1000)])
    client.connection.destroy()
    client.connection.destroy()
    client.connection.end()
    assert.equal(client.connection.write([Buffer.from('late')]), false)
    await wire.until(() => client.closes.length > 0 && server.closes.length > 0)
    assert.deepEqual(client.closes, [null])
    assert.equal(server.closes.length, 1)
    assert.equal(client.received, 0)
  })

  check('a connection may be destroyed by its own handler', async wire => {
    const [client, server] = await wire.pair()
    server.whenReceived = () => server.connection.destroy()
    client.connection.write([Buffer.from('a')])
    await wire.until(() => client.closes.length > 0 && server.closes.length > 0)
    assert.deepEqual(server.closes, [null])
    assert.equal(server.chunks.length, 1)
  })

  check('a port without a listener refuses', async wire => {
    const port = await wire.freePort()
    await assert.rejects(wire.connect(port), ofKind('refused'))
  })

  check('a port has one listener', async wire => {
    const { port } = await wire.listen()
    await assert.rejects(wire.listen(port), ofKind('in-use'))
  })

  check('a closed listener takes nobody new, and leaves the open ones alone', async wire => {
    const [client, server] = await wire.pair()
    const { listener } = wire
    assert.ok(listener)
    await wire.under.settle(listener.close())
    await assert.rejects(wire.connect(listener.port), ofKind('refused'))
    client.connection.write([Buffer.from('still here')])
    await wire.until(() => server.received === 10)
  })
}

class Peer implements ConnectionHandler {
  readonly connection: Connection
  readonly chunks: Buffer[] = []
  readonly closes: (NetworkError | null)[] = []
  received = 0
  drains = 0
  whenReceived: () => void = () => {}

  readonly onBorrowedData?: (chunk: Buffer) => void

  constructor(connection: Connection, borrows: boolean) {
    this.connection = connection
    if (borrows) this.onBorrowedData = chunk => this.onData(Buffer.from(chunk))
    connection.handle(this)
  }

  onData(chunk: Buffer): void {
    assert.equal(this.closes.length, 0)
    this.chunks.push(chunk)
    this.received += chunk.length
    this.whenReceived()
  }

  onDrain(): void {
    assert.equal(this.closes.length, 0)
    this.drains++
  }

  onClose(error: NetworkError | null): void {
    this.closes.push(error)
  }
}

class Wire {
  readonly under: NetworkUnderTest
  readonly #peers: Peer[] = []
  readonly #listeners: Listener[] = []
  readonly #accepted: Peer[] = []
  #borrows = false

  constructor(under: NetworkUnderTest) {
    this.under = under
  }

  get listener(): Listener | undefined {
    return this.#listeners[0]
  }

  until(condition: () => boolean): Promise<void> {
    return this.under.until(condition)
  }

  async listen(port = 0): Promise<Listener> {
    const listener = await this.under.settle(
      this.under.server.listen({ host: this.under.host, port }, connection => {
        const peer = new Peer(connection, this.#borrows)
        this.#peers.push(peer)
        this.#accepted.push(peer)
      }),
    )
    this.#listeners.push(listener)
    return listener
  }

  connect(port: number): Promise<Connection> {
    return this.under.settle(this.under.client.connect({ host: this.under.host, port, timeoutMs: 5000 }))
  }

  /** A connection's two ends, on one listener for all pairs. */
  async pair(borrows = false): Promise<[client: Peer, server: Peer]> {
    this.#borrows = borrows
    const { port } = this.listener ?? (await this.listen())
    const client = new Peer(await this.connect(port), borrows)
    this.#peers.push(client)
    await this.until(() => this.#accepted.length > 0)
    const server = this.#accepted.shift()
    assert.ok(server)
    return [client, server]
  }

  async freePort(): Promise<number> {
    const { port } = await this.listen()
    await this.under.settle(this.#listeners.pop()?.close() ?? Promise.resolve())
    return port
  }

  async dispose(): Promise<void> {
    for (const peer of this.#peers) peer.connection.destroy()
    for (const listener of this.#listeners) await this.under.settle(listener.close())
    await this.until(() => this.#peers.every(peer => peer.closes.length === 1))
  }
}

function ofKind(kind: NetworkErrorKind): (error: unknown) => boolean {
  return error => error instanceof NetworkError && error.kind === kind
}

function total(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0)
}
