/**
 * Opens a partition's directory: which segments there are, where the log begins and ends, who its producers are. After a
 * clean stop only names, sizes and the last index entry are looked at; otherwise see `log-recovery.ts`.
 */
import { batchBaseOffset, batchLastOffset } from '@odradek/protocol'
import { LeaderEpochs } from '../core/partition/leader-epochs.ts'
import { producerBatchOf } from '../core/partition/producer-batch.ts'
import { isExpired, ProducerState } from '../core/partition/producer-state.ts'
import { scanHeaders } from './batch-scan.ts'
import { parseLeaderEpochs } from './checkpoint-file.ts'
import { leaderEpochCheckpointFile } from './file-names.ts'
import { listSegmentFiles, removeDeleted, type SegmentFiles } from './leftovers.ts'
import type { LogConfig } from './log-config.ts'
import type { LogContext } from './log-context.ts'
import { ProducerSnapshots } from './producer-snapshots.ts'
import { addRecentBatches } from './recent-batches.ts'
import { Segment } from './segment.ts'
import { Segments } from './segments.ts'
import { readTextFile } from './text-file.ts'

export interface LoadOptions {
  readonly context: LogContext
  readonly directory: string
  readonly config: LogConfig
  /** From the checkpoint files; 0 where they know nothing. */
  readonly recoveryPoint: number
  readonly logStartOffset: number
}

export interface LoadedLog {
  readonly segments: Segments
  readonly epochs: LeaderEpochs
  readonly producers: ProducerState
  readonly snapshots: ProducerSnapshots
  readonly logStartOffset: number
  readonly logEndOffset: number
  readonly recoveryPoint: number
  /** The leader epochs differ from their file. */
  readonly epochsChanged: boolean
  /** From a clean stop: all names are on the disk for good, and so is the topic's id. A stop leaves an empty log as it is. */
  readonly isClean: boolean
}

/** Where producers' last batches are looked for: before a clean stop nearly all of them were answered. */
const recentBytesClean = 64 * 1024

/** After a clean stop. Null when the files are not as a clean stop leaves them: then `recoverLog`. Throws DiskError. */
export function loadCleanLog(options: LoadOptions): LoadedLog | null {
  const files = listSegmentFiles(options.context.disk, options.directory)
  if (files.hasLeftovers || files.segments.length === 0) return null
  if (files.segments.some(({ hasIndexes }) => !hasIndexes)) return null
  if (files.hasDeleted) removeDeleted(options.context.disk, options.directory)
  const segments = makeSegments(options, files)
  const logEndOffset = endOfSegment(segments.active)
  if (logEndOffset === null || logEndOffset < options.logStartOffset) return null
  for (const segment of segments.all) segment.isSynced = true

  const { epochs, changed } = loadEpochs(options)
  const snapshots = new ProducerSnapshots(options.context.disk, options.directory, files.snapshots)
  const logStartOffset = Math.max(options.logStartOffset, segments.first.baseOffset)
  const snapshot = snapshots.load(logEndOffset)
  // A log that has never had a snapshot has never had a producer that needs one.
  const producers = producersOf(options, snapshot ?? { offset: logEndOffset, producers: [] })
  if (snapshot !== null) {
    const window = { offset: snapshot.offset, windowBytes: recentBytesClean }
    addRecentBatches(segments, [...producers.producers()], window)
  }
  if (snapshot !== null && snapshot.offset < logEndOffset) {
    replayProducersSync(segments, producers, Math.max(snapshot.offset, logStartOffset), logEndOffset)
  }
  producers.advanceTo(logEndOffset)
  snapshots.removeStrays(segments.all.map(segment => segment.baseOffset))
  // An epoch that begins at the very end stays: its leader goes on, and finds nothing to save.
  const trimmed = trimEpochs(epochs, logStartOffset, logEndOffset + 1)
  for (const segment of segments.all) segment.release()
  return {
    segments,
    epochs,
    producers,
    snapshots,
    logStartOffset,
    logEndOffset,
    recoveryPoint: logEndOffset,
    epochsChanged: changed || trimmed,
    isClean: logEndOffset > 0,
  }
}

/** A log that begins at offset 0, in a directory without segments. Throws DiskError. */
export function newLog(options: LoadOptions): LoadedLog {
  const segments = new Segments()
  segments.add(newSegment(options, 0))
  return {
    segments,
    epochs: new LeaderEpochs(),
    producers: new ProducerState(),
    snapshots: new ProducerSnapshots(options.context.disk, options.directory, []),
    logStartOffset: 0,
    logEndOffset: 0,
    recoveryPoint: 0,
    epochsChanged: false,
    isClean: false,
  }
}

export function makeSegments(options: LoadOptions, files: SegmentFiles): Segments {
  const segments = new Segments()
  for (const { baseOffset, sizeBytes } of files.segments) {
    segments.add(Segment.existing({ ...segmentOptions(options), baseOffset }, sizeBytes))
  }
  return segments
}

export function newSegment(options: LoadOptions, baseOffset: number): Segment {
  return Segment.create({ ...segmentOptions(options), baseOffset })
}

function segmentOptions({ context, directory, config }: LoadOptions) {
  return {
    disk: context.disk,
    open: context.open,
    directory,
    jitterMs: segmentJitterMs(context, config),
    nowMs: context.clock.now(),
  }
}

/** Kafka's: evenly distributed up to segment.jitter.ms, but never more than segment.ms. */
export function segmentJitterMs({ random }: LogContext, config: LogConfig): number {
  const bound = Math.min(config.segmentJitterMs, config.segmentMs, 0xffff_ffff)
  return bound <= 0 ? 0 : random.integer(bound)
}

/** Offset behind the last batch, found from an index entry on; null when the file does not end with a whole batch. */
export function endOfSegment(segment: Segment, from = segment.offsetIndex.lastPosition): number | null {
  let end = from
  let nextOffset = segment.baseOffset
  if (end > segment.sizeBytes) return null
  for (const { header, at, position, bytes } of scanHeaders(segment.file(), end, segment.sizeBytes)) {
    nextOffset = batchLastOffset(header, at) + 1
    end = position + bytes
  }
  return end === segment.sizeBytes ? nextOffset : null
}

export function loadEpochs({ context, directory }: LoadOptions): { epochs: LeaderEpochs; changed: boolean } {
  const path = `${directory}/${leaderEpochCheckpointFile}`
  const text = readTextFile(context.disk, path)
  const entries = text === null ? [] : parseLeaderEpochs(text)
  if (entries !== null) return { epochs: new LeaderEpochs(entries), changed: false }
  context.logger.warn('the leader epoch checkpoint cannot be read and is made anew', { path })
  return { epochs: new LeaderEpochs(), changed: true }
}

export function trimEpochs(epochs: LeaderEpochs, logStartOffset: number, logEndOffset: number): boolean {
  // An epoch that begins at the very end has no record yet: it is assigned again when its leader leads.
  const cut = epochs.truncateFromEnd(logEndOffset)
  const trimmed = epochs.truncateFromStart(logStartOffset)
  return cut || trimmed
}

export function producersOf(
  { context }: LoadOptions,
  snapshot: { offset: number; producers: ConstructorParameters<typeof ProducerState>[1] },
): ProducerState {
  const nowMs = context.clock.now()
  const live = (snapshot.producers ?? []).filter(entry => !isExpired(entry, nowMs, context.producerIdExpirationMs))
  return new ProducerState(snapshot.offset, live)
}

/** Feeds the batches in [from, to) to the producer state: whole segments of them only after unusual stops. */
export function replayProducersSync(segments: Segments, producers: ProducerState, from: number, to: number): void {
  for (const { segment, position, bytes } of headersBetween(segments, from, to)) {
    // Control batches say in their record what they mean.
    const batch = Buffer.allocUnsafe(bytes)
    segment.file().readSync(batch, position)
    producers.apply(producerBatchOf(batch, 0))
  }
}

/** Of the batches that hold offsets in [from, to), or stand in their place. */
export function* headersBetween(segments: Segments, from: number, to: number) {
  for (let index = Math.max(segments.floorIndex(from), 0); index < segments.count; index++) {
    const segment = segments.all[index]
    if (segment === undefined || segment.baseOffset >= to) return
    const start = segment.offsetIndex.lookup(from)
    for (const found of scanHeaders(segment.file(), start, segment.sizeBytes)) {
      if (batchLastOffset(found.header, found.at) < from) continue
      if (batchBaseOffset(found.header, found.at) >= to) return
      yield { segment, ...found }
    }
  }
}
