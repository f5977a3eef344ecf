import { writeUuid } from './uuid.ts'

/**
 * Collects one message as a list of chunks. Bytes that are written one by one go into a slab that many short writers share
 * one behind the other; large record batches are taken over as they are, between two pieces of the slab:
 *
 *     slab     |size header … length| … length| …|
 *     spliced                       ^batch    ^batch
 *
 * A region of a slab is never used twice, so chunks stay valid for as long as somebody holds them.
 * After `chunks` or `toBuffer` the writer is finished.
 */
export class Writer {
  /** For compiled encoders: they write here, between `position` and the buffer's end, and put `position` back. */
  buffer: Buffer
  view: DataView
  position: number
  readonly #start: number
  #splices: Splice[] = []
  #splicedBytes = 0
  #chunks: Buffer[] | undefined

  constructor() {
    const slab = takeSlab()
    this.buffer = slab.buffer
    this.view = slab.view
    this.position = slab.position
    this.#start = slab.position
  }

  get byteLength(): number {
    return this.position - this.#start + this.#splicedBytes
  }

  /** Makes room for so many bytes. May replace `buffer` and `view`; positions stay. */
  ensure(bytes: number): void {
    if (bytes > this.buffer.length - this.position) this.#grow(bytes)
  }

  #grow(bytes: number): void {
    if (this.#chunks !== undefined) throw new Error('a finished writer takes no more bytes')
    const size = Math.max(this.buffer.length * 2, slabBytes, this.position + bytes)
    // What lies in front of #start belongs to other messages. Its place stays unused, so that positions keep their meaning.
    const larger = Buffer.allocUnsafeSlow(size)
    this.buffer.copy(larger, this.#start, this.#start, this.position)
    this.buffer = larger
    this.view = new DataView(larger.buffer)
  }

  bool(value: boolean): void {
    this.int8(value ? 1 : 0)
  }

  int8(value: number): void {
    this.view.setInt8(this.#take(1), value)
  }

  int16(value: number): void {
    this.view.setInt16(this.#take(2), value)
  }

  uint16(value: number): void {
    this.view.setUint16(this.#take(2), value)
  }

  int32(value: number): void {
    this.view.setInt32(this.#take(4), value)
  }

  uint32(value: number): void {
    this.view.setUint32(this.#take(4), value)
  }

  /** Clamped to the range of an int64. */
  int64(value: number): void {
    const at = this.#take(8)
    writeInt64(this.view, at, value)
  }

  float64(value: number): void {
    this.view.setFloat64(this.#take(8), value)
  }

  /** False, and nothing of use written, when the text is not a uuid. */
  uuid(text: string): boolean {
    const at = this.#take(16)
    return writeUuid(this.buffer, at, text)
  }

  unsignedVarint(value: number): void {
    this.ensure(5)
    this.position = writeUnsignedVarint(this.buffer, this.position, value)
  }

  /** UTF-8 without a length. */
  text(value: string): void {
    this.ensure(value.length * 3)
    this.position += this.buffer.write(value, this.position)
  }

  /** Copies. */
  bytes(value: Uint8Array): void {
    const at = this.#take(value.length)
    this.buffer.set(value, at)
  }

  /** Takes the bytes over without a copy, unless they are so few that one more chunk costs more than copying them. */
  splice(chunk: Buffer): void {
    if (chunk.length <= copiedBytes) {
      this.bytes(chunk)
      return
    }
    this.#splices.push({ position: this.position, chunk })
    this.#splicedBytes += chunk.length
  }

  /** Room for an int32 that is known later; returns its place, for `patchInt32`. */
  reserveInt32(): number {
    return this.#take(4)
  }

  patchInt32(place: number, value: number): void {
    this.view.setInt32(place, value)
  }

  /**
   * Writes a varint size into the byte reserved at `place` for what follows it, moving that up when one byte is too few.
   * Nothing may have been spliced behind `place`.
   */
  closeSized(place: number): void {
    const size = this.position - place - 1
    if (size > 127) {
      const extra = varintBytes(size) - 1
      this.ensure(extra)
      this.buffer.copyWithin(place + 1 + extra, place + 1, this.position)
      this.position += extra
    }
    writeUnsignedVarint(this.buffer, place, size)
  }

  /** The message, ready for a vectored write. */
  chunks(): Buffer[] {
    if (this.#chunks !== undefined) return this.#chunks
    const chunks: Buffer[] = []
    let from = this.#start
    for (const { position, chunk } of this.#splices) {
      if (position > from) chunks.push(this.buffer.subarray(from, position))
      chunks.push(chunk)
      from = position
    }
    if (this.position > from) chunks.push(this.buffer.subarray(from, this.position))
    giveBackSlab(this.buffer, this.view, this.position)
    this.#chunks = chunks
    // Whoever writes on finds no room, instead of writing into the next message.
    this.buffer = noRoom
    return chunks
  }

  /** The message in one piece: copies where something was spliced. */
  toBuffer(): Buffer {
    const chunks = this.chunks()
    return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
  }

  #take(length: number): number {
    this.ensure(length)
    const at = this.position
    this.position = at + length
    return at
  }
}

interface Splice {
  readonly position: number
  readonly chunk: Buffer
}

const noRoom = Buffer.alloc(0)

/** See `splice`. */
const copiedBytes = 1024

const slabBytes = 64 * 1024
/** A slab with less room than this is not worth beginning a message in. */
const usefulBytes = 2 * 1024

interface Slab {
  readonly buffer: Buffer
  readonly view: DataView
  readonly position: number
}

/** A writer takes the slab away while it is at work: two writers never share one. */
let freeSlab: Slab | undefined

function takeSlab(): Slab {
  const slab = freeSlab
  freeSlab = undefined
  if (slab !== undefined) return slab
  const buffer = Buffer.allocUnsafeSlow(slabBytes)
  return { buffer, view: new DataView(buffer.buffer), position: 0 }
}

function giveBackSlab(buffer: Buffer, view: DataView, position: number): void {
  // Large ones are not kept: a few small messages at their end would hold all of their memory.
  if (buffer.length > slabBytes || buffer.length - position < usefulBytes) return
  freeSlab = { buffer, view, position }
}

const greatestInt64 = 2 ** 63

export function writeInt64(view: DataView, position: number, value: number): void {
  if (value >= greatestInt64) {
    view.setUint32(position, 0x7fff_ffff)
    view.setUint32(position + 4, 0xffff_ffff)
    return
  }
  const clamped = Math.max(value, -greatestInt64)
  const high = Math.floor(clamped / 0x1_0000_0000)
  view.setInt32(position, high)
  view.setUint32(position + 4, clamped - high * 0x1_0000_0000)
}

/** Returns the position behind it. */
export function writeUnsignedVarint(buffer: Buffer, position: number, value: number): number {
  let rest = value
  let at = position
  while (rest > 127) {
    buffer[at++] = (rest & 127) | 128
    rest >>>= 7
  }
  buffer[at++] = rest
  return at
}

export function varintBytes(value: number): number {
  if (value < 128) return 1
  if (value < 16384) return 2
  if (value < 2097152) return 3
  return value < 268435456 ? 4 : 5
}
