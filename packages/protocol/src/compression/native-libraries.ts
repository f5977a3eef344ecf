/**
 * The native codecs, each loaded with the first batch that needs it: together they cost a start 15 ms and 6 MB, and many a
 * broker sees batches of neither. By require, for the codecs are synchronous.
 */
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

let snappy: typeof import('snappy') | null = null
let lz4: typeof import('lz4-napi') | null = null

export function snappyLibrary(): typeof import('snappy') {
  snappy ??= require('snappy') as typeof import('snappy')
  return snappy
}

export function lz4Library(): typeof import('lz4-napi') {
  lz4 ??= require('lz4-napi') as typeof import('lz4-napi')
  return lz4
}
