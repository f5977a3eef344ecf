import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { zlibError, zlibLimit } from './zlib-limit.ts'

export function zstdCompress(bytes: Buffer, level: number): Buffer {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } })
}

/** The window that a frame asks for is bounded by the library at 128 MiB, as in Java. */
export function zstdDecompress(bytes: Buffer, limitBytes: number): Buffer {
  // No frame at all is empty content for Java's reader: what a codec's stream ends with, the record count then judges.
  if (bytes.length === 0) return bytes
  try {
    return zstdDecompressSync(bytes, zlibLimit(bytes, limitBytes))
  } catch (cause) {
    throw zlibError('zstd', cause)
  }
}
