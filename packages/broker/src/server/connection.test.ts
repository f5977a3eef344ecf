import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connection, ConnectionHandler } from '@odradek/platform'
import { MemoryBlocks } from '../log/memory-blocks.ts'
import { ConnectionError } from './api-handler.ts'
import { type AnswerChunks, type ConnectionHost, ServerConnection } from './connection.ts'

/** A socket in the hands of the test. */
class FakeSocket implements Connection {
  readonly local = { host: '127.0.0.1', port: 9092 }
  readonly remote = { host: '127.0.0.1', port: 50_000 }
  bufferedBytes = 0
  readonly written: string[] = []
  isPaused = false
  isEnded = false
  isDestroyed = false
  kernelTakes = true
  /** As Node's sockets do. */
  closesLater = false
  handler: ConnectionHandler | null = null

  handle(handler: ConnectionHandler): void {
    this.handler = handler
  }
  write(chunks: readonly Uint8Array[]): boolean {
    this.written.push(Buffer.concat(chunks).toString())
    return this.kernelTakes
  }
  pause(): void {
    this.isPaused = true
  }
  resume(): void {
    this.isPaused = false
  }
  end(): void {
    this.isEnded = true
  }
  destroy(): void {
    this.isDestroyed = true
    if (this.closesLater) queueMicrotask(() => this.handler?.onClose(null))
    else this.handler?.onClose(null)
  }
}

/** Answers come from a script: a name in a frame behind its API key. */
class Host implements ConnectionHost {
  readonly frameBytesMax: number
  readonly socket = new FakeSocket()
  readonly connection: ServerConnection
  readonly started: string[] = []
  readonly events: string[] = []
  readonly answers = new Map<string, (answer: string | Error) => void>()
  closeReason: Error | null | undefined
  whileAnswering: (name: string) => void = () => {}

  constructor(frameBytesMax = 1000) {
    this.frameBytesMax = frameBytesMax
    this.connection = new ServerConnection({ id: 1, listenerName: 'PLAINTEXT', socket: this.socket, host: this })
    this.connection.open()
  }

  readonly blocks = new MemoryBlocks()
  lend(byteLength: number) {
    return this.blocks.lend(byteLength)
  }
  answer(frame: Buffer): AnswerChunks | Promise<AnswerChunks> {
    const name = frame.toString('latin1', 2)
    this.started.push(name)
    this.whileAnswering(name)
    if (name.startsWith('busy')) this.nowMs += 25
    if (name.startsWith('busy') || name.startsWith('now')) return [Buffer.from(`<${name}>`)]
    if (name.startsWith('none')) return []
    if (name.startsWith('bad')) throw new ConnectionError(name)
    return new Promise((resolve, reject) => {
      this.answers.set(name, answer => {
        if (answer instanceof Error) reject(answer)
        else resolve([Buffer.from(answer)])
      })
    })
  }

  batchBegins(): void {
    this.events.push('begin')
  }
  batchEnds(): void {
    this.events.push(`end after ${this.socket.written.length} writes`)
  }
  nowMs = 0
  now(): number {
    return this.nowMs
  }
  soon(callback: () => void): void {
    setImmediate(callback)
  }
  closed(_connection: ServerConnection, reason: Error | null): void {
    this.closeReason = reason
  }

  receive(...frames: Buffer[]): void {
    this.socket.handler?.onData(Buffer.concat(frames))
  }

  async settle(name: string, answer: string | Error = `<${name}>`): Promise<void> {
    this.answers.get(name)?.(answer)
    await new Promise(resolve => setImmediate(resolve))
  }
}

function frame(name: string, apiKey = 3): Buffer {
  const bytes = Buffer.alloc(6 + name.length)
  bytes.writeInt32BE(2 + name.length)
  bytes.writeInt16BE(apiKey, 4)
  bytes.write(name, 6, 'latin1')
  return bytes
}
const produce = (name: string) => frame(name, 0)

test('requests of one chunk that are answered at once leave in one write, and those who wait for records come after it', () => {
  const host = new Host()
  host.receive(frame('now1'), frame('now2'), frame('none'), frame('now3'))
  assert.deepEqual(host.socket.written, ['<now1><now2><now3>'])
  assert.deepEqual(host.events, ['begin', 'end after 1 writes'])
})

test('a request starts when the one before it has been answered, and meanwhile the client is not read from', async () => {
  const host = new Host()
  host.receive(frame('slow1'), frame('now2'))
  assert.deepEqual(host.started, ['slow1'])
  assert.equal(host.socket.isPaused, true)
  await host.settle('slow1')
  assert.deepEqual(host.socket.written.join(''), '<slow1><now2>')
  assert.equal(host.socket.isPaused, false)
})

test('produce requests in a row overlap, and are answered in their order all the same', async () => {
  const host = new Host()
  host.receive(produce('p1'), produce('p2'), produce('now3'), frame('now4'))
  assert.deepEqual(host.started, ['p1', 'p2', 'now3'])
  await host.settle('p2')
  assert.deepEqual(host.socket.written, [])
  await host.settle('p1')
  assert.equal(host.socket.written.join(''), '<p1><p2><now3><now4>')
})

test('a produce request does not overtake another kind of request', () => {
  const host = new Host()
  host.receive(frame('fetch'), produce('p1'))
  assert.deepEqual(host.started, ['fetch'])
})

test('no more than a bounded number of produce requests is under way', () => {
  const host = new Host()
  host.receive(...Array.from({ length: 40 }, (_, i) => produce(`p${i}`)))
  assert.equal(host.started.length, 16)
  assert.equal(host.socket.isPaused, true)
})

test('who does not read the answers is not served until the kernel takes them', () => {
  const host = new Host()
  host.socket.kernelTakes = false
  host.receive(frame('now1'))
  host.receive(frame('now2'))
  assert.deepEqual(host.started, ['now1'])
  assert.equal(host.socket.isPaused, true)
  host.socket.kernelTakes = true
  host.socket.handler?.onDrain()
  assert.deepEqual(host.started, ['now1', 'now2'])
  assert.equal(host.socket.isPaused, false)
})

test('what was answered before a bad request still goes out, then the connection closes with the reason', () => {
  const host = new Host()
  host.receive(frame('now1'), frame('bad'), frame('now2'))
  assert.deepEqual(host.socket.written, ['<now1>'])
  assert.equal(host.socket.isDestroyed, true)
  assert.equal(host.closeReason?.message, 'bad')
  assert.deepEqual(host.started, ['now1', 'bad'])
})

test('what comes behind a bad request is not served while its socket still closes', async () => {
  const host = new Host()
  host.socket.closesLater = true
  host.receive(frame('now1'), produce('bad'), produce('p1'))
  host.receive(produce('p2'))
  await host.settle('p1')
  assert.deepEqual(host.started, ['now1', 'bad'])
  assert.equal(host.closeReason?.message, 'bad')
})

test('a frame over the size limit closes the connection', () => {
  const host = new Host()
  const prefix = Buffer.alloc(4)
  prefix.writeInt32BE(1001)
  host.receive(frame('now1'), prefix)
  assert.deepEqual(host.socket.written, ['<now1>'])
  assert.match(host.closeReason?.message ?? '', /socket.request.max.bytes/)
})

test('an answer that fails late closes the connection', async () => {
  const host = new Host()
  host.receive(frame('slow'))
  await host.settle('slow', new Error('bug'))
  assert.equal(host.closeReason?.message, 'bug')
})

test('draining drops what has not begun, lets the rest be answered, and then ends', async () => {
  const host = new Host()
  host.receive(frame('slow'), frame('now2'))
  host.connection.drain()
  assert.equal(host.socket.isEnded, false)
  await host.settle('slow')
  assert.deepEqual(host.socket.written, ['<slow>'])
  assert.equal(host.socket.isEnded, true)
})

test('an answer that comes after the connection is gone goes nowhere', async () => {
  const host = new Host()
  host.receive(frame('slow'))
  host.socket.destroy()
  await host.settle('slow')
  assert.deepEqual(host.socket.written, [])
})

test('who wants to know is told when the kernel has taken the answer, or the connection is gone', async () => {
  const host = new Host()
  const told: string[] = []
  host.receive(frame('slow1'))
  host.connection.afterSent(() => told.push('first'))
  assert.equal(told.length, 0)
  await host.settle('slow1')
  assert.deepEqual(told, ['first'])

  host.socket.kernelTakes = false
  host.socket.bufferedBytes = 100
  host.receive(frame('slow2'))
  host.connection.afterSent(() => told.push('second'))
  await host.settle('slow2')
  assert.deepEqual(told, ['first'])
  host.socket.bufferedBytes = 0
  host.socket.handler?.onDrain()
  assert.deepEqual(told, ['first', 'second'])

  host.connection.afterSent(() => told.push('third'))
  host.socket.destroy()
  host.connection.afterSent(() => told.push('fourth'))
  assert.deepEqual(told, ['first', 'second', 'third', 'fourth'])
})

test('a large produce request lies in lent memory, which the next one gets once it is released', () => {
  const host = new Host(1_000_000)
  const frames: Buffer[] = []
  host.answer = answered => {
    frames.push(answered)
    return []
  }
  const large = (name: string) => produce(name + 'x'.repeat(200_000))
  host.receive(large('a').subarray(0, 1000))
  host.receive(large('a').subarray(1000))
  host.receive(large('b').subarray(0, 1000))
  host.receive(large('b').subarray(1000))
  const [first, second] = frames
  assert.ok(first !== undefined && second !== undefined)
  assert.notEqual(first.buffer, second.buffer)
  host.connection.releaseFrame(first)
  host.receive(large('c').subarray(0, 1000))
  host.receive(large('c').subarray(1000))
  assert.equal(frames[2]?.buffer, first.buffer)
  assert.equal(frames[2]?.toString('latin1', 2, 3), 'c')
  assert.equal(second.toString('latin1', 2, 3), 'b')
  const other = frame('d'.repeat(200_000), 3)
  host.receive(other.subarray(0, 1000))
  host.receive(other.subarray(1000))
  assert.equal(frames[3]?.buffer.byteLength, 200_002)
})

test('who has taken its part of a turn goes on in the next one, in order', async () => {
  const host = new Host()
  host.receive(frame('busy1'), frame('now2'), frame('busy3'), frame('now4'))
  assert.deepEqual(host.started, ['busy1'])
  assert.deepEqual(host.socket.written, ['<busy1>'])
  assert.ok(host.socket.isPaused)
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(host.started, ['busy1', 'now2', 'busy3'])
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(host.socket.written, ['<busy1>', '<now2><busy3>', '<now4>'])
  assert.equal(host.socket.isPaused, false)
})

test('no Produce request overtakes one that goes on in another turn', async () => {
  const host = new Host()
  host.whileAnswering = name => {
    if (name !== 'heavy') return
    host.nowMs += 25
    assert.ok(host.connection.nextTurn() instanceof Promise)
  }
  host.receive(produce('light'), produce('heavy'), produce('next'))
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(host.started, ['light', 'heavy'])
  await host.settle('light')
  assert.deepEqual(host.started, ['light', 'heavy'])
  await host.settle('heavy')
  assert.deepEqual(host.started, ['light', 'heavy', 'next'])
})

test('a request under way is told when its client is gone, one that was answered is not', async () => {
  const host = new Host()
  const told: string[] = []
  host.whileAnswering = name => host.connection.whenClosed(() => told.push(name))
  host.receive(frame('answered'))
  await host.settle('answered')
  host.receive(frame('waiting'))
  host.socket.destroy()
  assert.deepEqual(told, ['waiting'])
})
