/** All attacks by their names, and which of them share a process. */
import * as batches from './attack-batches.ts'
import * as frames from './attack-frames.ts'
import * as requests from './attack-requests.ts'
import type { Attack } from './target.ts'

export const attacks: Readonly<Record<string, Attack>> = { ...frames, ...requests, ...batches }

/** One that packs batches or sends very much leaves no time to the others. */
export const companies: readonly (readonly string[])[] = [
  Object.keys(frames),
  Object.keys(requests),
  Object.keys(batches),
]
