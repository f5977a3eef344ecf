/** Cuts a log back, for a follower whose leader has another history, and opens it again from its files. */
import { batchLastOffset } from '@odradek/protocol'
import { scanHeaders } from './batch-scan.ts'
import type { LoadedLog, LoadOptions } from './log-loader.ts'
import { recoverLog } from './log-recovery.ts'
import type { Segment } from './segment.ts'
import type { Segments } from './segments.ts'

export interface Cut {
  readonly offset: number
  /** All goes, and the log begins there. */
  readonly isEmptied: boolean
}

/** Where a recovery has to begin when what comes behind the cut may not be on the disk for good. */
export function recoveryPointOf({ offset, isEmptied }: Cut, segments: Segments): number {
  const last = isEmptied ? undefined : segments.all.findLast(({ baseOffset }) => baseOffset < offset)
  return last?.baseOffset ?? offset
}

/**
 * Leaves what lies below `offset`, in whole batches, or nothing; an empty log begins at `offset`. All of the log has been
 * flushed, and the recovery point is not above that of the cut.
 *
 * The files are cut from the end, so that a crash on the way leaves a log without a hole; and the cut is on the disk for good
 * before anything new is written: else a power loss could bring back the end of old batches behind new ones.
 * Rejects with DiskError.
 */
export async function truncateLog(
  options: LoadOptions,
  current: LoadedLog,
  { offset, isEmptied }: Cut,
): Promise<LoadedLog> {
  const { context, directory } = options
  const { segments, snapshots } = current
  const doomed = segments.all.filter(segment => isEmptied || segment.baseOffset >= offset)
  segments.remove(doomed)
  for (const segment of doomed.toReversed()) segment.discard()
  // Also of what lies below: it is of the history that is dropped.
  snapshots.removeAbove(isEmptied ? -1 : offset)
  const last = segments.all.at(-1)
  if (last !== undefined) await cut(last, offset)
  await context.disk.syncDirectory(directory)
  for (const segment of segments.all) segment.release()
  return await recoverLog({
    ...options,
    logStartOffset: last === undefined ? offset : options.logStartOffset,
  })
}

async function cut(segment: Segment, offset: number): Promise<void> {
  const file = segment.file()
  for (const { header, at, position } of scanHeaders(file, segment.offsetIndex.lookup(offset), segment.sizeBytes)) {
    if (batchLastOffset(header, at) < offset) continue
    file.truncateSync(position)
    segment.pin()
    await file.sync().finally(() => segment.unpin())
    return
  }
}
