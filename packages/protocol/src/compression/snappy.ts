/**
 * Snappy as Kafka's clients write it. Java's library frames it ("xerial"): 8 bytes of magic, two int32 versions, then
 * blocks of an int32 length and raw snappy. Other clients send one raw block. Neither is snappy's own framing format.
 */
import { CompressionError } from './compression-error.ts'
import { joinChunks, type ResultMemory } from './join-chunks.ts'
import { snappyLibrary } from './native-libraries.ts'

const magic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const headerBytes = 16
const version = 1
const compatibleVersion = 1
/** The block size of Java's writer. */
const blockBytes = 32 * 1024
/** A block's copies make at most 64 bytes of 3, so a larger claim is a lie that must not reach an allocator. */
const ratioMax = 22

export function snappyCompress(bytes: Buffer): Buffer {
  const header = Buffer.alloc(headerBytes)
  header.set(magic)
  header.writeInt32BE(version, 8)
  header.writeInt32BE(compatibleVersion, 12)
  const { compressSync } = snappyLibrary()
  const chunks: Buffer[] = [header]
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const block = compressSync(bytes.subarray(at, at + blockBytes))
    const length = Buffer.allocUnsafe(4)
    length.writeInt32BE(block.length)
    chunks.push(length, block)
  }
  return Buffer.concat(chunks)
}

export function snappyDecompress(bytes: Buffer, limitBytes: number, memory: ResultMemory = 'own'): Buffer {
  if (!startsWithMagic(bytes, 0)) return uncompressBlock(bytes, limitBytes)
  const chunks: Buffer[] = []
  let total = 0
  let at = 0
  while (at < bytes.length) {
    if (startsWithMagic(bytes, at)) {
      // Streams may be glued together, each with its header.
      if (bytes.length - at < headerBytes) throw corrupt('a header that is cut off')
      at += headerBytes
      continue
    }
    // Java's reader takes the rest of a length for the end, and no version for too new.
    if (bytes.length - at < 4) break
    const length = bytes.readInt32BE(at)
    at += 4
    if (length < 0 || length > bytes.length - at) throw corrupt(`a block of ${length} bytes`)
    const block = uncompressBlock(bytes.subarray(at, at + length), limitBytes - total)
    total += block.length
    chunks.push(block)
    at += length
  }
  return joinChunks(chunks, total, memory)
}

function uncompressBlock(block: Buffer, limitBytes: number): Buffer {
  const claimed = claimedBytes(block)
  if (claimed > limitBytes) throw new CompressionError('snappy', 'too-large')
  if (claimed > block.length * ratioMax) throw corrupt(`a block of ${block.length} bytes that claims ${claimed}`)
  const { uncompressSync } = snappyLibrary()
  try {
    const uncompressed = uncompressSync(block, { asBuffer: true })
    return typeof uncompressed === 'string' ? Buffer.from(uncompressed) : uncompressed
  } catch (cause) {
    throw new CompressionError('snappy', 'corrupt', { cause })
  }
}

/** A raw block opens with its uncompressed size, an unsigned varint of 32 bits. */
function claimedBytes(block: Buffer): number {
  let claimed = 0
  for (let index = 0; index < 5; index++) {
    const byte = block[index]
    if (byte === undefined) break
    claimed += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return claimed
  }
  throw corrupt('a block without a size')
}

function startsWithMagic(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0x82 && bytes.length - at >= magic.length && magic.compare(bytes, at, at + magic.length) === 0
}

function corrupt(detail: string): CompressionError {
  return new CompressionError('snappy', 'corrupt', { detail })
}
