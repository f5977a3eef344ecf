/**
 * Aborted transactions that ended in a segment: `.txnindex`, entries of 34 bytes: version int16 (0), producer id, first
 * offset, last offset, last stable offset, each int64. Missing where there are none.
 */
import type { Disk } from '@odradek/platform'
import type { EndedTransaction } from '../core/partition/producer-state.ts'

const entryBytes = 34

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

export function appendAbortedTransaction(disk: Disk, path: string, ended: EndedTransaction): void {
  const entry = Buffer.alloc(entryBytes)
  entry.writeBigInt64BE(BigInt(ended.producerId), 2)
  entry.writeBigInt64BE(BigInt(ended.firstOffset), 10)
  entry.writeBigInt64BE(BigInt(ended.lastOffset), 18)
  entry.writeBigInt64BE(BigInt(ended.lastStableOffset), 26)
  const file = disk.openSync(path)
  try {
    file.writeSync([entry], file.size)
  } finally {
    file.closeSync()
  }
}

/** All of one file, behind those of the other. Synced. */
export function copyAbortedTransactions(disk: Disk, from: string, to: string): void {
  const source = disk.openSync(from, { create: false })
  const target = disk.openSync(to)
  try {
    const entries = Buffer.alloc(source.size)
    source.readSync(entries, 0)
    target.writeSync([entries], target.size)
    target.syncSync()
  } finally {
    source.closeSync()
    target.closeSync()
  }
}

/** Those that overlap with [from, to), and whether later segments cannot hold more of them. */
export function readAbortedTransactions(
  disk: Disk,
  path: string,
  from: number,
  to: number,
): { readonly aborted: AbortedTransaction[]; readonly isComplete: boolean } {
  const aborted: AbortedTransaction[] = []
  if (disk.statSync(path) === null) return { aborted, isComplete: false }
  const file = disk.openSync(path, { create: false })
  try {
    const entries = Buffer.alloc(file.size)
    file.readSync(entries, 0)
    for (let at = 0; at + entryBytes <= entries.length; at += entryBytes) {
      const firstOffset = Number(entries.readBigInt64BE(at + 10))
      const lastOffset = Number(entries.readBigInt64BE(at + 18))
      const lastStableOffset = Number(entries.readBigInt64BE(at + 26))
      if (lastOffset >= from && firstOffset < to) {
        aborted.push({ producerId: Number(entries.readBigInt64BE(at + 2)), firstOffset })
      }
      if (lastStableOffset >= to) return { aborted, isComplete: true }
    }
    return { aborted, isComplete: false }
  } finally {
    file.closeSync()
  }
}
