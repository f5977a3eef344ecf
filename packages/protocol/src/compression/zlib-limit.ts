import { CompressionError } from './compression-error.ts'
import type { CompressionType } from './compression-type.ts'

/**
 * Options that make node:zlib stop at `limitBytes`. Output comes in chunks that are joined at the end: a chunk of the
 * likely size saves the joining, one of the default 16 KiB would double the time of a large batch.
 */
export function zlibLimit(bytes: Buffer, limitBytes: number): { maxOutputLength: number; chunkSize: number } {
  const likely = Math.min(bytes.length * 4, limitBytes, 256 * 1024)
  return { maxOutputLength: Math.max(1, limitBytes), chunkSize: Math.max(likely, 1024) }
}

export function zlibError(type: CompressionType, cause: unknown): CompressionError {
  const tooLarge = cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE'
  return new CompressionError(type, tooLarge ? 'too-large' : 'corrupt', { cause })
}
