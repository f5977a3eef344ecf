/**
 * Where the interop tests keep what they download and build: Kafka's jars, compiled client programs, virtual
 * environments. `ODRADEK_INTEROP_CACHE` names another directory, so that a CI machine can keep it between runs.
 */
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'

export function cacheDirectory(): string {
  return path.resolve(process.env.ODRADEK_INTEROP_CACHE ?? path.join(import.meta.dirname, '.cache'))
}

/**
 * The directory of a cached thing, made first if need be. `make` fills a directory of its own, which takes its final
 * name only when complete: a test that was interrupted, or two at once, never leave half a cache behind.
 *
 * @param name - says everything the content depends on (versions, a hash of sources); a changed input is a new name
 */
export async function cached(name: string, make: (directory: string) => Promise<void>): Promise<string> {
  const final = path.join(cacheDirectory(), name)
  if (existsSync(final)) return final
  const draft = `${final}.draft-${process.pid}`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { recursive: true })
  try {
    await make(draft)
    await rename(draft, final)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    if (!existsSync(final)) throw error
  }
  return final
}
