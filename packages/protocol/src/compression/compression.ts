/** The door to the codecs: synchronous, because batches are small and the broker's order of events must not depend on threads. */
import { CompressionError } from './compression-error.ts'
import type { CompressionType } from './compression-type.ts'
import { gzipCompress, gzipDecompress } from './gzip.ts'
import type { ResultMemory } from './join-chunks.ts'
import { lz4Compress, lz4Decompress } from './lz4.ts'
import { snappyCompress, snappyDecompress } from './snappy.ts'
import { zstdCompress, zstdDecompress } from './zstd.ts'

/** The levels of Kafka's `compression.gzip.level`, `compression.lz4.level` and `compression.zstd.level`. */
export const compressionLevels = {
  /** -1 is the default of zlib, which is 6. */
  gzip: { min: 1, max: 9, default: -1 },
  /** Java's numbers. They do not change what we write: the LZ4 library has the fast compressor (Java's level 9) only. */
  lz4: { min: 1, max: 17, default: 9 },
  zstd: { min: -131072, max: 22, default: 3 },
} as const

/**
 * `bytes` as Kafka frames that type: gzip members, xerial's snappy stream, an LZ4 frame of independent blocks, a zstd frame.
 * @param level one of `compressionLevels`, which is not checked here; without it the default
 */
export function compress(type: CompressionType, bytes: Buffer, level?: number): Buffer {
  switch (type) {
    case 'none':
      return bytes
    case 'gzip':
      return gzipCompress(bytes, level ?? compressionLevels.gzip.default)
    case 'snappy':
      return snappyCompress(bytes)
    case 'lz4':
      return lz4Compress(bytes)
    case 'zstd':
      return zstdCompress(bytes, level ?? compressionLevels.zstd.default)
  }
}

/**
 * The reverse, for everything that Kafka's clients write (raw snappy, too).
 * @param limitBytes the most the result may have; checked on the way, so that a bomb costs no more memory than this
 * @param memory whether the result may be kept, or is looked at before the next call (`shared`, which is quicker)
 * @throws CompressionError when the bytes are corrupt or grow beyond the limit
 */
export function decompress(
  type: CompressionType,
  bytes: Buffer,
  limitBytes: number,
  memory: ResultMemory = 'own',
): Buffer {
  switch (type) {
    case 'none':
      if (bytes.length > limitBytes) throw new CompressionError('none', 'too-large')
      return bytes
    case 'gzip':
      return gzipDecompress(bytes, limitBytes)
    case 'snappy':
      return snappyDecompress(bytes, limitBytes, memory)
    case 'lz4':
      return lz4Decompress(bytes, limitBytes, memory)
    case 'zstd':
      return zstdDecompress(bytes, limitBytes, memory)
  }
}
