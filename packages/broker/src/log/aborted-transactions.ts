import type { Disk } from '@odradek/platform'
import type { Segments } from './segments.ts'
import { type AbortedTransaction, readAbortedTransactions } from './transaction-index.ts'

/** Of a whole log, those that overlap with [from, to). Throws DiskError. */
export function abortedTransactionsIn(segments: Segments, disk: Disk, from: number, to: number): AbortedTransaction[] {
  const found: AbortedTransaction[] = []
  for (let index = Math.max(segments.floorIndex(from), 0); index < segments.count; index++) {
    const segment = segments.all[index]
    if (segment === undefined) break
    if (!segment.hasAborted) continue
    const { aborted, isComplete } = readAbortedTransactions(disk, segment.path('txnindex'), from, to)
    found.push(...aborted)
    if (isComplete) break
  }
  return found
}
