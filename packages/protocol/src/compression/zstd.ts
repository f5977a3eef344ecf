import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { CompressionError } from './compression-error.ts'
import { joinChunks, type ResultMemory } from './join-chunks.ts'
import { zlibError, zlibLimit } from './zlib-limit.ts'

/** Each frame costs a decompressor, some 10 us, and can have as little as 8 bytes: the rest is somebody's malice. */
const framesMax = 1000

export function zstdCompress(bytes: Buffer, level: number): Buffer {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } })
}

/**
 * All frames in `bytes`, of which writers may glue together as many as they like; node:zlib reads only one. None at all is
 * empty content, for Java's reader, too. The window that a frame asks for is bounded by the library at 128 MiB, as in Java.
 */
export function zstdDecompress(bytes: Buffer, limitBytes: number, memory: ResultMemory = 'own'): Buffer {
  const chunks: Buffer[] = []
  let total = 0
  let at = 0
  while (at < bytes.length) {
    if (chunks.length === framesMax)
      throw new CompressionError('zstd', 'corrupt', { detail: `more than ${framesMax} frames` })
    const frame = decompressFrame(bytes.subarray(at), limitBytes - total)
    chunks.push(frame.buffer)
    total += frame.buffer.length
    at += frame.engine.bytesWritten
    if (total > limitBytes) throw new CompressionError('zstd', 'too-large')
  }
  return joinChunks(chunks, total, memory)
}

interface FrameInfo {
  readonly buffer: Buffer
  /** `bytesWritten` counts the input that was taken. */
  readonly engine: { readonly bytesWritten: number }
}

function decompressFrame(bytes: Buffer, limitBytes: number): FrameInfo {
  try {
    // The types do not know what `info` does to the result.
    return zstdDecompressSync(bytes, {
      ...zlibLimit(bytes, limitBytes, contentBytes(bytes)),
      info: true,
    }) as unknown as FrameInfo
  } catch (cause) {
    throw zlibError('zstd', cause)
  }
}

const magic = 0xfd2fb528

/** What the frame's header says of its content, which is a claim and no more (RFC 8878, 3.1.1.1); null where it says nothing. */
function contentBytes(frame: Buffer): number | null {
  if (frame.length < 18 || frame.readUInt32LE(0) !== magic) return null
  const descriptor = frame.readUInt8(4)
  const isSingleSegment = (descriptor & 0x20) !== 0
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 0x03] ?? 0
  const at = 5 + (isSingleSegment ? 0 : 1) + dictionaryIdBytes
  switch (descriptor >> 6) {
    case 0:
      return isSingleSegment ? frame.readUInt8(at) : null
    case 1:
      return frame.readUInt16LE(at) + 256
    case 2:
      return frame.readUInt32LE(at)
    default:
      return Number(frame.readBigUInt64LE(at))
  }
}
