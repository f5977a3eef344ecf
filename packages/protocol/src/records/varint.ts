/**
 * The variable-length integers of records: groups of seven bits, least significant first, signed numbers zigzag coded.
 * A varint holds 32 bits in at most 5 bytes, a varlong 64 in at most 10; longer forms of small numbers are legal.
 */

/** Bytes of a 32-bit signed number. */
export function varintBytes(value: number): number {
  const bits = ((value << 1) ^ (value >> 31)) >>> 0
  if (bits < 0x80) return 1
  if (bits < 0x4000) return 2
  if (bits < 0x20_0000) return 3
  return bits < 0x1000_0000 ? 4 : 5
}

/** Bytes of a safe integer as a 64-bit signed number. */
export function varlongBytes(value: number): number {
  if (value === (value | 0)) return varintBytes(value)
  let bits = value < 0 ? -2 * (value + 1) + 1 : 2 * value
  let bytes = 1
  while (bits >= 0x80) {
    bits = Math.floor(bits / 0x80)
    bytes++
  }
  return bytes
}

/** Writes a 32-bit signed number at `at`; returns where it ends. */
export function writeVarint(buffer: Buffer, at: number, value: number): number {
  let bits = ((value << 1) ^ (value >> 31)) >>> 0
  let position = at
  while (bits >= 0x80) {
    buffer[position++] = (bits & 0x7f) | 0x80
    bits >>>= 7
  }
  buffer[position++] = bits
  return position
}

/** Writes a safe integer as a 64-bit signed number at `at`; returns where it ends. */
export function writeVarlong(buffer: Buffer, at: number, value: number): number {
  if (value === (value | 0)) return writeVarint(buffer, at, value)
  // Doubling may leave the safe range by one bit, but an even number below 2^54 is still exact.
  let bits = value < 0 ? BigInt(value) * -2n - 1n : BigInt(value) * 2n
  let position = at
  while (bits >= 0x80n) {
    buffer[position++] = Number(bits & 0x7fn) | 0x80
    bits >>= 7n
  }
  buffer[position++] = Number(bits)
  return position
}

/**
 * Reads varints from `bytes[position, end)`. A number that does not end in time sets `broken` and reads as 0: a flag,
 * not an exception, because bytes from outside pass through here ten thousand times a batch.
 */
export class VarintReader {
  bytes: Uint8Array
  position: number
  end: number
  broken = false

  constructor(bytes: Uint8Array, position = 0, end = bytes.length) {
    this.bytes = bytes
    this.position = position
    this.end = end
  }

  /** A 32-bit signed number. */
  varint(): number {
    const { bytes, end } = this
    let bits = 0
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.position >= end) break
      const byte = bytes[this.position++] as number
      bits |= (byte & 0x7f) << shift
      if (byte < 0x80) return (bits >>> 1) ^ -(bits & 1)
    }
    this.broken = true
    return 0
  }

  /** A 64-bit signed number, exact up to 2^53 and rounded beyond. */
  varlong(): number {
    const { bytes, end } = this
    const start = this.position
    let bits = 0
    for (let shift = 0; shift < 28; shift += 7) {
      if (this.position >= end) break
      const byte = bytes[this.position++] as number
      bits |= (byte & 0x7f) << shift
      if (byte < 0x80) return (bits >>> 1) ^ -(bits & 1)
    }
    this.position = start
    return Number(this.varlongBits())
  }

  /** The same without rounding: for the rare numbers beyond 28 bits, of which the sum with another may wrap. */
  varlongBits(): bigint {
    const { bytes, end } = this
    let bits = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.position >= end) break
      const byte = bytes[this.position++] as number
      bits |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) {
        const zigzag = BigInt.asUintN(64, bits)
        return (zigzag & 1n) === 0n ? zigzag >> 1n : ~(zigzag >> 1n)
      }
    }
    this.broken = true
    return 0n
  }
}
