import { gunzipSync, gzipSync } from 'node:zlib'
import { zlibError, zlibLimit } from './zlib-limit.ts'

export function gzipCompress(bytes: Buffer, level: number): Buffer {
  return gzipSync(bytes, { level })
}

export function gzipDecompress(bytes: Buffer, limitBytes: number): Buffer {
  try {
    return gunzipSync(bytes, zlibLimit(bytes, limitBytes))
  } catch (cause) {
    throw zlibError('gzip', cause)
  }
}
