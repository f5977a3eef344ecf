/**
 * Where bits may rot so that a broker can know of it: in what is read at every start that does not follow on a clean stop. Of each
 * log that is the newest segment, with its indexes, and the snapshots of producers.
 */
import type { RotPlaces } from '@odradek/platform/simulated'
import { batchBytes, batchPrefixBytes, checkBatch } from '@odradek/protocol'

/** `paths`: of all files in the data directory. */
export function placesThatRot(paths: readonly string[]): Required<RotPlaces> {
  const newest = new Map<string, string>()
  for (const path of paths) {
    const { directory, segment, kind } = logFile(path)
    if (kind === 'log' && segment > (newest.get(directory) ?? '')) newest.set(directory, segment)
  }
  return {
    isIn: path => {
      const { directory, segment, kind } = logFile(path)
      return newest.has(directory) && (kind === 'snapshot' || segment === newest.get(directory))
    },
    isSpared: (path, position, bytes) => path.endsWith('.log') && isLeaderEpoch(bytes, position),
  }
}

const leaderEpochBytes = 4

/** The one field of a batch, behind its length, that neither its checksum nor its neighbours vouch for. */
function isLeaderEpoch(segment: Buffer, position: number): boolean {
  for (let at = 0; at < segment.length && checkBatch(segment, at) === null; at += batchBytes(segment, at)) {
    const epochAt = at + batchPrefixBytes
    if (position >= epochAt && position < epochAt + leaderEpochBytes) return true
  }
  return false
}

function logFile(path: string): { directory: string; segment: string; kind: string } {
  const [, directory = '', segment = '', kind = ''] =
    /^(.+)\/(\d{20})\.(log|index|timeindex|snapshot)$/.exec(path) ?? []
  return { directory, segment, kind }
}
