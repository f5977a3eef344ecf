/**
 * The measuring stick: the least that any broker in Node has to do for the load generator. It cuts frames, checks each
 * batch's CRC-32C, gives it offsets, appends it to a file with one write, answers, and reads it back with one read. No
 * groups, no replication, no durability, no recovery; whatever it does not expect ends it. What a broker loses against
 * it is the price of its features.
 *
 *   node bench/src/bare-loop.ts PORT DIRECTORY
 */
import { openSync, readSync, writeSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import path from 'node:path'
import { crc32c } from '@odradek/protocol'

const port = Number(process.argv[2])
const directory = process.argv[3] ?? '.'
const partitionCount = 4

/** API key: least and greatest version, all of them before compact encodings came. */
const apis: readonly (readonly [key: number, least: number, greatest: number])[] = [
  [0, 3, 8],
  [1, 4, 11],
  [2, 1, 2],
  [3, 0, 8],
  [10, 0, 2],
  [18, 0, 2],
  [19, 2, 4],
]

interface BatchPlace {
  readonly baseOffset: number
  readonly position: number
  readonly size: number
}

class Partition {
  readonly file: number
  readonly batches: BatchPlace[] = []
  size = 0
  endOffset = 0
  waiting: (() => void)[] = []

  constructor(name: string) {
    this.file = openSync(path.join(directory, name), 'w+')
  }

  append(records: Buffer): number {
    const baseOffset = this.endOffset
    for (let at = 0; at < records.length; ) {
      const size = records.readInt32BE(at + 8) + 12
      if (crc32c(records.subarray(at + 21, at + size)) !== records.readUInt32BE(at + 17))
        throw new Error('corrupt batch')
      records.writeInt32BE(Math.floor(this.endOffset / 0x1_0000_0000), at)
      records.writeUInt32BE(this.endOffset % 0x1_0000_0000, at + 4)
      this.batches.push({ baseOffset: this.endOffset, position: this.size + at, size })
      this.endOffset += records.readInt32BE(at + 23) + 1
      at += size
    }
    writeSync(this.file, records, 0, records.length, this.size)
    this.size += records.length
    if (this.waiting.length > 0) for (const wake of this.waiting.splice(0)) wake()
    return baseOffset
  }

  read(offset: number, limit: number): Buffer {
    if (offset >= this.endOffset || limit <= 0) return Buffer.alloc(0)
    let low = 0
    let high = this.batches.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.batches[middle]?.baseOffset ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    const first = this.batches[low]
    if (first === undefined) return Buffer.alloc(0)
    const bytes = Buffer.allocUnsafe(Math.min(this.size - first.position, Math.max(limit, first.size)))
    readSync(this.file, bytes, 0, bytes.length, first.position)
    return bytes
  }
}

const topics = new Map<string, readonly Partition[]>()

function partitionsOf(topic: string): readonly Partition[] {
  let partitions = topics.get(topic)
  if (partitions === undefined) {
    partitions = Array.from({ length: partitionCount }, (_, index) => new Partition(`${topic}-${index}.log`))
    topics.set(topic, partitions)
  }
  return partitions
}

function partition(topic: string, index: number): Partition {
  const found = partitionsOf(topic)[index]
  if (found === undefined) throw new Error(`${topic} has no partition ${index}`)
  return found
}

class Input {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  skip(count: number): void {
    this.#at += count
  }
  int16(): number {
    this.#at += 2
    return this.#bytes.readInt16BE(this.#at - 2)
  }
  int32(): number {
    this.#at += 4
    return this.#bytes.readInt32BE(this.#at - 4)
  }
  int64(): number {
    const high = this.int32()
    return high * 0x1_0000_0000 + (this.int32() >>> 0)
  }
  string(): string {
    const length = this.int16()
    if (length < 0) return ''
    this.#at += length
    return this.#bytes.toString('utf8', this.#at - length, this.#at)
  }
  bytes(): Buffer {
    const length = this.int32()
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }
  list<T>(read: () => T): T[] {
    return Array.from({ length: Math.max(0, this.int32()) }, read)
  }
}

class Output {
  readonly chunks: Buffer[] = []
  #bytes = Buffer.allocUnsafe(8_192)
  #from = 0
  #at = 0

  #take(count: number): number {
    if (this.#at + count > this.#bytes.length) {
      this.flush()
      this.#bytes = Buffer.allocUnsafe(8_192)
      this.#from = 0
      this.#at = 0
    }
    this.#at += count
    return this.#at - count
  }
  flush(): void {
    if (this.#at > this.#from) this.chunks.push(this.#bytes.subarray(this.#from, this.#at))
    this.#from = this.#at
  }
  int8(value: number): this {
    this.#bytes.writeInt8(value, this.#take(1))
    return this
  }
  int16(value: number): this {
    this.#bytes.writeInt16BE(value, this.#take(2))
    return this
  }
  int32(value: number): this {
    this.#bytes.writeInt32BE(value, this.#take(4))
    return this
  }
  int64(value: number): this {
    return this.int32(Math.floor(value / 0x1_0000_0000)).int32(value | 0)
  }
  string(value: string | null): this {
    if (value === null) return this.int16(-1)
    this.int16(Buffer.byteLength(value))
    this.#bytes.write(value, this.#take(Buffer.byteLength(value)))
    return this
  }
  raw(bytes: Buffer): this {
    this.int32(bytes.length)
    this.flush()
    if (bytes.length > 0) this.chunks.push(bytes)
    return this
  }
}

type Reply = (output: Output) => void
type Handler = (input: Input, version: number, reply: Reply) => void

function apiVersions(_input: Input, version: number, reply: Reply): void {
  const output = new Output().int16(0).int32(apis.length)
  for (const [key, least, greatest] of apis) output.int16(key).int16(least).int16(greatest)
  if (version >= 1) output.int32(0)
  reply(output)
}

function metadata(input: Input, version: number, reply: Reply): void {
  const names = input.list(() => input.string())
  const output = new Output()
  if (version >= 3) output.int32(0)
  output.int32(1).int32(1).string('127.0.0.1').int32(port)
  if (version >= 1) output.string(null)
  if (version >= 2) output.string('bare-loop')
  if (version >= 1) output.int32(1)
  output.int32(names.length)
  for (const name of names) {
    const partitions = partitionsOf(name)
    output.int16(0).string(name)
    if (version >= 1) output.int8(0)
    output.int32(partitions.length)
    for (const index of partitions.keys()) {
      output.int16(0).int32(index).int32(1)
      if (version >= 7) output.int32(0)
      output.int32(1).int32(1).int32(1).int32(1)
      if (version >= 5) output.int32(0)
    }
    if (version >= 8) output.int32(0)
  }
  if (version >= 8) output.int32(0)
  reply(output)
}

function createTopics(input: Input, _version: number, reply: Reply): void {
  const names = input.list(() => {
    const name = input.string()
    input.skip(6)
    input.list(() => [input.int32(), input.list(() => input.int32())])
    input.list(() => [input.string(), input.string()])
    return name
  })
  const output = new Output().int32(0).int32(names.length)
  for (const name of names) output.string(name).int16(0).string(null)
  reply(output)
}

function findCoordinator(_input: Input, version: number, reply: Reply): void {
  const output = new Output()
  if (version >= 1) output.int32(0)
  output.int16(0)
  if (version >= 1) output.string(null)
  reply(output.int32(1).string('127.0.0.1').int32(port))
}

function listOffsets(input: Input, version: number, reply: Reply): void {
  input.skip(version >= 2 ? 5 : 4)
  const output = new Output()
  if (version >= 2) output.int32(0)
  const wanted = input.list(() => ({
    topic: input.string(),
    partitions: input.list(() => ({ index: input.int32(), timestamp: input.int64() })),
  }))
  output.int32(wanted.length)
  for (const { topic, partitions } of wanted) {
    output.string(topic).int32(partitions.length)
    for (const { index, timestamp } of partitions) {
      output
        .int32(index)
        .int16(0)
        .int64(-1)
        .int64(timestamp === -2 ? 0 : partition(topic, index).endOffset)
    }
  }
  reply(output)
}

function produce(input: Input, version: number, reply: Reply): void {
  input.string()
  const acks = input.int16()
  input.skip(4)
  const wanted = input.list(() => ({
    topic: input.string(),
    partitions: input.list(() => ({ index: input.int32(), records: input.bytes() })),
  }))
  const output = new Output().int32(wanted.length)
  for (const { topic, partitions } of wanted) {
    output.string(topic).int32(partitions.length)
    for (const { index, records } of partitions) {
      output.int32(index).int16(0).int64(partition(topic, index).append(records)).int64(-1)
      if (version >= 5) output.int64(0)
      if (version >= 8) output.int32(0).int16(-1)
    }
  }
  if (acks !== 0) reply(output.int32(0))
}

interface FetchWish {
  readonly topic: string
  readonly index: number
  readonly offset: number
  readonly limit: number
}

function fetch(input: Input, version: number, reply: Reply): void {
  input.skip(4)
  const maxWaitMs = input.int32()
  const minBytes = input.int32()
  const maxBytes = input.int32()
  input.skip(version >= 7 ? 9 : 1)
  const wishes = input
    .list(() => {
      const topic = input.string()
      return input.list((): FetchWish => {
        const index = input.int32()
        if (version >= 9) input.skip(4)
        const offset = input.int64()
        if (version >= 5) input.skip(8)
        return { topic, index, offset, limit: input.int32() }
      })
    })
    .flat()
  if (answerFetch(wishes, { version, minBytes, maxBytes, reply })) return

  let answered = false
  const timer = setTimeout(() => {
    answered = true
    answerFetch(wishes, { version, minBytes: 0, maxBytes, reply })
  }, maxWaitMs)
  const park = (): void => {
    for (const { topic, index } of wishes) partition(topic, index).waiting.push(wake)
  }
  const wake = (): void => {
    if (answered) return
    answered = answerFetch(wishes, { version, minBytes, maxBytes, reply })
    if (answered) clearTimeout(timer)
    else park()
  }
  park()
}

interface FetchTerms {
  readonly version: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly reply: Reply
}

/** False when there are fewer bytes than the client wants to wait for. */
function answerFetch(wishes: readonly FetchWish[], { version, minBytes, maxBytes, reply }: FetchTerms): boolean {
  const output = new Output().int32(0)
  if (version >= 7) output.int16(0).int32(0)
  output.int32(wishes.length)
  let total = 0
  for (const { topic, index, offset, limit } of wishes) {
    const from = partition(topic, index)
    const records = from.read(offset, Math.min(limit, maxBytes - total))
    total += records.length
    output.string(topic).int32(1).int32(index).int16(0).int64(from.endOffset).int64(from.endOffset)
    if (version >= 5) output.int64(0)
    output.int32(-1)
    if (version >= 11) output.int32(-1)
    output.raw(records)
  }
  if (total < minBytes) return false
  reply(output)
  return true
}

const handlers: Readonly<Record<number, Handler>> = {
  0: produce,
  1: fetch,
  2: listOffsets,
  3: metadata,
  10: findCoordinator,
  18: apiVersions,
  19: createTopics,
}

function handle(socket: Socket, frame: Buffer): void {
  const input = new Input(frame)
  const key = input.int16()
  const version = input.int16()
  const correlationId = input.int32()
  const reply: Reply = output => {
    output.flush()
    const head = Buffer.allocUnsafe(8)
    head.writeInt32BE(4 + output.chunks.reduce((sum, chunk) => sum + chunk.length, 0), 0)
    head.writeInt32BE(correlationId, 4)
    socket.cork()
    socket.write(head)
    for (const chunk of output.chunks) socket.write(chunk)
    socket.uncork()
  }
  if (key === 18 && version > 2) {
    // UNSUPPORTED_VERSION in the form of version 0: the client asks again.
    const output = new Output().int16(35).int32(apis.length)
    for (const [api, least, greatest] of apis) output.int16(api).int16(least).int16(greatest)
    reply(output)
    return
  }
  input.string()
  const handler = handlers[key]
  if (handler === undefined) throw new Error(`API ${key} is not served`)
  handler(input, version, reply)
}

const server = createServer({ noDelay: true }, socket => {
  let chunks: Buffer[] = []
  let have = 0
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    have += chunk.length
    while (have >= 4) {
      if ((chunks[0]?.length ?? 0) < 4) chunks = [Buffer.concat(chunks, have)]
      const size = 4 + (chunks[0]?.readInt32BE(0) ?? 0)
      if (have < size) return
      const all = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, have)
      handle(socket, all.subarray(4, size))
      have -= size
      chunks = have > 0 ? [all.subarray(size)] : []
    }
  })
})
server.listen(port, '127.0.0.1')
