/**
 * LZ4 frames as Java's client reads and writes them: independent blocks, checksum over the frame's header. The library
 * has frame functions, too, but its block functions are four to ten times as fast and keep the memory in our hands.
 *
 *     magic  FLG  BD  [content size]  checksum │ block length, block, [block checksum] … │ 0  [content checksum]
 *     4      1    1   [8]             1        │ 4                    [4]                │ 4  [4]
 *
 * Numbers are little-endian. The top bit of a block length marks a block that is stored, not compressed.
 */
import { CompressionError } from './compression-error.ts'
import { joinChunks, type ResultMemory } from './join-chunks.ts'
import { lz4Library } from './native-libraries.ts'
import { xxHash32 } from './xx-hash-32.ts'

const magic = 0x184d2204
const storedMask = 0x8000_0000
/** Version 1, independent blocks, none of the optional fields; blocks of 64 KiB; the checksum of those two bytes. */
const frameHeader = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82])
const writtenBlockBytes = 64 * 1024
/** A byte of input lengthens a match by 255 bytes at the most. */
const ratioMax = 255

export function lz4Compress(bytes: Buffer): Buffer {
  const { compressSync } = lz4Library()
  const chunks: Buffer[] = [frameHeader]
  for (let at = 0; at < bytes.length; at += writtenBlockBytes) {
    const plain = bytes.subarray(at, at + writtenBlockBytes)
    // The library puts the plain size in front, in 4 bytes: room for the block length that the frame wants there.
    const block = compressSync(plain)
    const compressedBytes = block.length - 4
    if (compressedBytes < plain.length) {
      block.writeUInt32LE(compressedBytes)
      chunks.push(block)
    } else {
      chunks.push(uint32(plain.length + storedMask), plain)
    }
  }
  chunks.push(uint32(0))
  return Buffer.concat(chunks)
}

/** What follows the frame is ignored, and so is the value of the content's checksum: Java's reader looks at neither. */
export function lz4Decompress(bytes: Buffer, limitBytes: number, memory: ResultMemory = 'own'): Buffer {
  const frame = readFrameHeader(bytes)
  const chunks: Buffer[] = []
  let total = 0
  let at = frame.firstBlockAt
  for (;;) {
    if (bytes.length - at < 4) throw corrupt('no end mark')
    const field = bytes.readUInt32LE(at)
    at += 4
    if (field === 0) {
      if (bytes.length - at < frame.contentChecksumBytes) throw corrupt('no checksum behind the end mark')
      break
    }
    const stored = field >= storedMask
    const length = stored ? field - storedMask : field
    if (length > frame.blockBytesMax || length > bytes.length - at) throw corrupt(`a block of ${length} bytes`)
    const block = bytes.subarray(at, at + length)
    at += length
    if (frame.hasBlockChecksums) {
      if (bytes.length - at < 4 || bytes.readUInt32LE(at) !== xxHash32(block))
        throw corrupt('a block with a wrong checksum')
      at += 4
    }
    const plain = stored
      ? block
      : uncompressBlock(block, { blockBytesMax: frame.blockBytesMax, leftBytes: limitBytes - total })
    total += plain.length
    if (total > limitBytes) throw new CompressionError('lz4', 'too-large')
    chunks.push(plain)
  }
  return joinChunks(chunks, total, memory)
}

interface FrameHeader {
  readonly blockBytesMax: number
  readonly hasBlockChecksums: boolean
  readonly contentChecksumBytes: number
  readonly firstBlockAt: number
}

function readFrameHeader(bytes: Buffer): FrameHeader {
  if (bytes.length < frameHeader.length || bytes.readUInt32LE(0) !== magic) throw corrupt('no frame')
  const flags = bytes.readUInt8(4)
  const blockDescriptor = bytes.readUInt8(5)
  if (flags >> 6 !== 1) throw corrupt(`version ${flags >> 6} of the frame format`)
  if ((flags & 0x20) === 0) throw corrupt('blocks that depend on each other, which Kafka does not allow')
  if ((flags & 0x03) !== 0 || (blockDescriptor & 0x8f) !== 0) throw corrupt('reserved bits that are set')
  const blockSize = blockDescriptor >> 4
  if (blockSize < 4) throw corrupt(`block size ${blockSize}`)
  const checksumAt = (flags & 0x08) === 0 ? 6 : 14
  if (bytes.length <= checksumAt) throw corrupt('a frame header that is cut off')
  const checksum = (xxHash32(bytes.subarray(4, checksumAt)) >>> 8) & 0xff
  if (bytes.readUInt8(checksumAt) !== checksum) throw corrupt('a frame header with a wrong checksum')
  return {
    blockBytesMax: 2 ** (8 + 2 * blockSize),
    hasBlockChecksums: (flags & 0x10) !== 0,
    contentChecksumBytes: (flags & 0x04) === 0 ? 0 : 4,
    firstBlockAt: checksumAt + 1,
  }
}

/** The library allocates what its size prefix says and cuts the result to what the block really holds. */
function uncompressBlock(
  block: Buffer,
  { blockBytesMax, leftBytes }: { blockBytesMax: number; leftBytes: number },
): Buffer {
  const boundBytes = Math.min(blockBytesMax, block.length * ratioMax)
  const prefixed = Buffer.allocUnsafe(4 + block.length)
  prefixed.writeUInt32LE(Math.min(boundBytes, Math.max(0, leftBytes)))
  prefixed.set(block, 4)
  const { uncompressSync } = lz4Library()
  try {
    return uncompressSync(prefixed)
  } catch (cause) {
    // A block that fails in the little room that is left may be a sound one that is larger.
    throw new CompressionError('lz4', leftBytes < boundBytes ? 'too-large' : 'corrupt', { cause })
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function corrupt(detail: string): CompressionError {
  return new CompressionError('lz4', 'corrupt', { detail })
}
