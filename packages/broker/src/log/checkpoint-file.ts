/**
 * Kafka's checkpoint files: a line with the version (0), a line with the number of entries, a line an entry.
 * `recovery-point-offset-checkpoint` and its like hold `topic partition offset`, `leader-epoch-checkpoint` holds
 * `epoch offset`.
 */
import type { EpochEntry } from '../core/partition/leader-epochs.ts'

/** Keys are partition directory names: TOPIC-N. */
export type OffsetCheckpoint = ReadonlyMap<string, number>

export function formatOffsetCheckpoint(
  offsets: Iterable<{ topic: string; partition: number; offset: number }>,
): string {
  return format([...offsets].map(({ topic, partition, offset }) => `${topic} ${partition} ${offset}`))
}

/** Null when the text is no such checkpoint. */
export function parseOffsetCheckpoint(text: string): OffsetCheckpoint | null {
  const offsets = new Map<string, number>()
  const lines = parse(text)
  if (lines === null) return null
  for (const line of lines) {
    const match = /^(\S+) (\d+) (\d+)$/.exec(line)
    if (match === null) return null
    offsets.set(`${match[1]}-${match[2]}`, Number(match[3]))
  }
  return offsets
}

export function formatLeaderEpochs(entries: readonly EpochEntry[]): string {
  return format(entries.map(({ epoch, startOffset }) => `${epoch} ${startOffset}`))
}

/** Null when the text is no such checkpoint. */
export function parseLeaderEpochs(text: string): EpochEntry[] | null {
  const lines = parse(text)
  if (lines === null) return null
  const entries: EpochEntry[] = []
  for (const line of lines) {
    const match = /^(\d+) (\d+)$/.exec(line)
    if (match === null) return null
    entries.push({ epoch: Number(match[1]), startOffset: Number(match[2]) })
  }
  return entries
}

function format(lines: readonly string[]): string {
  return `${['0', String(lines.length), ...lines].join('\n')}\n`
}

function parse(text: string): string[] | null {
  const [version, count, ...lines] = text.split('\n').filter(line => line !== '')
  if (version !== '0' || count !== String(lines.length)) return null
  return lines
}
