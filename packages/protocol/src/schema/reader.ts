import { DecodeError } from './codec-error.ts'
import { readText } from './text.ts'
import { readUuid } from './uuid.ts'

/**
 * Reads the wire's primitives one behind the other. Every length is checked against the bytes that are left before
 * anything is allocated; what is not there is a DecodeError.
 */
export class Reader {
  readonly buffer: Buffer
  readonly view: DataView
  /** Of the next byte. */
  position: number
  /** Behind the last byte. */
  readonly end: number
  /**
   * Memory that decoded values may still take, in words of 8 bytes, by estimate: an array of empty structs takes fifty
   * times its bytes on the wire, so a hostile frame within the size limit could fill the heap.
   */
  wordsLeft = 32 * 1024 * 1024

  constructor(buffer: Buffer, position = 0, end = buffer.length) {
    if (position < 0 || position > end || end > buffer.length) {
      throw new RangeError(`a reader of ${position} to ${end} does not fit a buffer of ${buffer.length} bytes`)
    }
    this.buffer = buffer
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
    this.position = position
    this.end = end
  }

  get remaining(): number {
    return this.end - this.position
  }

  bool(): boolean {
    return this.int8() !== 0
  }

  int8(): number {
    return this.view.getInt8(this.#take(1))
  }

  int16(): number {
    return this.view.getInt16(this.#take(2))
  }

  uint16(): number {
    return this.view.getUint16(this.#take(2))
  }

  int32(): number {
    return this.view.getInt32(this.#take(4))
  }

  uint32(): number {
    return this.view.getUint32(this.#take(4))
  }

  /** Rounded beyond 53 bits. */
  int64(): number {
    const at = this.#take(8)
    return this.view.getInt32(at) * 0x1_0000_0000 + this.view.getUint32(at + 4)
  }

  float64(): number {
    return this.view.getFloat64(this.#take(8))
  }

  uuid(): string {
    return readUuid(this.buffer, this.view, this.#take(16))
  }

  /** 0 to 2^32 - 1, in one to five bytes. Bits above the 32nd are dropped, as Kafka drops them. */
  unsignedVarint(): number {
    const start = this.position
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.view.getUint8(this.#take(1))
      value |= (byte & 127) << shift
      if (byte < 128) return value >>> 0
    }
    this.position = start
    throw this.problem('a varint of more than five bytes')
  }

  /** A view of the next bytes. */
  bytes(length: number): Buffer {
    const at = this.#take(length)
    return this.buffer.subarray(at, at + length)
  }

  /** UTF-8; malformed sequences become U+FFFD. */
  text(byteLength: number): string {
    const at = this.#take(byteLength)
    return readText(this.buffer, at, byteLength)
  }

  advance(length: number): void {
    this.#take(length)
  }

  /** Passes over a tag section whose tags nobody wants. */
  skipTags(): void {
    for (let count = this.unsignedVarint(); count > 0; count--) {
      this.unsignedVarint()
      this.advance(this.unsignedVarint())
    }
  }

  problem(text: string): DecodeError {
    return new DecodeError(text, { offset: this.position })
  }

  #take(length: number): number {
    const at = this.position
    if (length > this.end - at) throw this.problem(`${length} bytes wanted, ${this.end - at} left`)
    this.position = at + length
    return at
  }
}
