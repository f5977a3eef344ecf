/** What is in a partition's directory, and what an interrupted deletion or compaction left there. */
import type { Disk } from '@odradek/platform'
import { batchLastOffset } from '@odradek/protocol'
import { scanHeaders } from './batch-scan.ts'
import { cleanedSuffix, deletedSuffix, parseSegmentFileName, segmentFileName, swapSuffix } from './file-names.ts'

export interface SegmentFiles {
  /** Rising by base offset. */
  readonly segments: readonly {
    readonly baseOffset: number
    readonly sizeBytes: number
    /** All that it needs: those of an empty one come with its first batches. */
    readonly hasIndexes: boolean
  }[]
  readonly snapshots: readonly number[]
  /** There are files that wait for their removal: see `removeDeleted`. */
  readonly hasDeleted: boolean
  /** There are files that `finishInterruptedWork` has to look at. */
  readonly hasLeftovers: boolean
}

export function listSegmentFiles(disk: Disk, directory: string): SegmentFiles {
  const names = disk.listSync(directory)
  const present = new Set(names)
  const segments: { baseOffset: number; sizeBytes: number; hasIndexes: boolean }[] = []
  const snapshots: number[] = []
  let hasDeleted = false
  let hasLeftovers = false
  for (const name of names) {
    const parsed = parseSegmentFileName(name)
    if (parsed === null) continue
    if (parsed.suffix === deletedSuffix) hasDeleted = true
    else if (parsed.suffix !== '') hasLeftovers = true
    else if (parsed.kind === 'snapshot') snapshots.push(parsed.offset)
    else if (parsed.kind === 'log') {
      const sizeBytes = disk.statSync(`${directory}/${name}`)?.size ?? 0
      segments.push({
        baseOffset: parsed.offset,
        sizeBytes,
        hasIndexes:
          sizeBytes === 0 ||
          (present.has(segmentFileName(parsed.offset, 'index')) &&
            present.has(segmentFileName(parsed.offset, 'timeindex'))),
      })
    }
  }
  return { segments, snapshots, hasDeleted, hasLeftovers }
}

/** Removes files whose deletion had begun. */
export function removeDeleted(disk: Disk, directory: string): void {
  for (const name of disk.listSync(directory)) {
    if (name.endsWith(deletedSuffix)) disk.removeSync(`${directory}/${name}`)
  }
}

/**
 * Brings the directory to a state with plain names only: deletions are completed; what a compaction was still writing is
 * dropped; what it had begun to put in the place of its sources is put there.
 */
export function finishInterruptedWork(disk: Disk, directory: string): void {
  removeDeleted(disk, directory)
  const named = disk
    .listSync(directory)
    .map(name => ({ name, parsed: parseSegmentFileName(name) }))
    .filter(({ parsed }) => parsed !== null)
  for (const { name, parsed } of named) {
    if (parsed?.suffix === cleanedSuffix) disk.removeSync(`${directory}/${name}`)
  }
  const swaps = named.filter(({ parsed }) => parsed?.suffix === swapSuffix)
  for (const { name, parsed } of swaps) {
    if (parsed?.kind !== 'log') continue
    const end = endOffset(disk, `${directory}/${name}`, parsed.offset)
    for (const other of named) {
      const offset = other.parsed?.offset ?? -1
      if (other.parsed?.suffix === '' && offset >= parsed.offset && offset < end)
        disk.removeSync(`${directory}/${other.name}`)
    }
  }
  for (const { name } of swaps) {
    disk.renameSync(`${directory}/${name}`, `${directory}/${name.slice(0, -swapSuffix.length)}`)
  }
}

function endOffset(disk: Disk, path: string, baseOffset: number): number {
  const file = disk.openSync(path, { create: false })
  try {
    let end = baseOffset
    for (const { header, at } of scanHeaders(file, 0, file.size)) end = batchLastOffset(header, at) + 1
    return end
  } finally {
    file.closeSync()
  }
}
