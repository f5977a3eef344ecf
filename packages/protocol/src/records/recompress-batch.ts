import { compress } from '../compression/compression.ts'
import type { CompressionType } from '../compression/compression-type.ts'
import { batchHeaderBytes, setBatchCompression } from './batch.ts'
import { batchRecordsBytes } from './decode-records.ts'

/**
 * The batch at `at` with its records compressed in another way, for topics whose `compression.type` is not the
 * producer's; everything else of it stays. Always a new buffer.
 * @throws RecordsError when the compressed bytes are corrupt or grow beyond `limitBytes`
 */
export function recompressBatch(
  buffer: Buffer,
  at: number,
  { compression, level, limitBytes }: { compression: CompressionType; level?: number; limitBytes?: number },
): Buffer {
  const records = batchRecordsBytes(buffer, at, limitBytes === undefined ? {} : { limitBytes })
  const recompressed = Buffer.concat([
    buffer.subarray(at, at + batchHeaderBytes),
    compress(compression, records, level),
  ])
  setBatchCompression(recompressed, compression)
  return recompressed
}
