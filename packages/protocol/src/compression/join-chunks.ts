/** Who may keep what `decompress` returns: `own` memory for ever, `shared` memory until the next call that shares it. */
export type ResultMemory = 'own' | 'shared'

/** Far more than a usual batch becomes. Pages that were never written to cost nothing. */
const sharedBytesMax = 4 * 1024 * 1024
let shared: Buffer | null = null

/**
 * One buffer of all. Fresh memory for each megabyte costs as much as unpacking it does: the kernel has to clear its pages, and
 * the collector to hear of them.
 */
export function joinChunks(chunks: readonly Buffer[], totalBytes: number, memory: ResultMemory): Buffer {
  const [first] = chunks
  if (first !== undefined && chunks.length === 1) return first
  if (memory === 'own' || totalBytes > sharedBytesMax) return Buffer.concat(chunks, totalBytes)
  shared ??= Buffer.allocUnsafeSlow(sharedBytesMax)
  let at = 0
  for (const chunk of chunks) {
    shared.set(chunk, at)
    at += chunk.length
  }
  return shared.subarray(0, at)
}
