import { CompressionError } from './compression-error.ts'
import type { CompressionType } from './compression-type.ts'

/** The most that is allocated because somebody claims to need it. */
const claimedBytesMax = 4 * 1024 * 1024

/**
 * Options that make node:zlib stop at `limitBytes`. Output comes in chunks that are joined at the end: a chunk of the
 * likely size saves the joining, one of the default 16 KiB would double the time of a large batch. With the size that the
 * input claims to become it takes less than half the time; a byte more, or zlib would ask for a second chunk to be sure.
 */
export function zlibLimit(
  bytes: Buffer,
  limitBytes: number,
  claimedBytes: number | null = null,
): { maxOutputLength: number; chunkSize: number } {
  const isPlausible = claimedBytes !== null && claimedBytes <= claimedBytesMax
  const likely = isPlausible ? claimedBytes + 1 : Math.min(bytes.length * 4, limitBytes, 256 * 1024)
  return { maxOutputLength: Math.max(1, limitBytes), chunkSize: Math.max(likely, 1024) }
}

export function zlibError(type: CompressionType, cause: unknown): CompressionError {
  const tooLarge = cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE'
  return new CompressionError(type, tooLarge ? 'too-large' : 'corrupt', { cause })
}
