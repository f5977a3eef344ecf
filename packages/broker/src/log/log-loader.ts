/**
 * Opens a partition's directory: which segments there are, where the log begins and ends, who its producers are.
 *
 * After a clean stop only names, sizes and the last index entry are looked at. Otherwise every segment from the recovery
 * point on is read batch by batch, cut at the first one that is not whole and sound, and gets new indexes; what lies
 * behind a cut is removed, for an append that was acknowledged can only have been lost together with its successors.
 */
import type { Disk } from '@odradek/platform'
import {
  batchBaseOffset,
  batchBytes,
  batchHeaderBytes,
  batchLastOffset,
  batchMaxTimestamp,
  batchPartitionLeaderEpoch,
  checkBatch,
} from '@odradek/protocol'
import { LeaderEpochs } from '../core/partition/leader-epochs.ts'
import { producerBatchOf } from '../core/partition/producer-batch.ts'
import { isExpired, ProducerState } from '../core/partition/producer-state.ts'
import { scanHeaders } from './batch-scan.ts'
import { parseLeaderEpochs } from './checkpoint-file.ts'
import { leaderEpochCheckpointFile } from './file-names.ts'
import { finishInterruptedWork, listSegmentFiles, removeDeleted, type SegmentFiles } from './leftovers.ts'
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
  /** From a clean stop: all names are on the disk for good. */
  readonly isClean: boolean
}

const scanBytes = 1024 * 1024
/** Where producers' last batches are looked for: a clean stop has answered nearly all of them. */
const recentBytesClean = 64 * 1024
const recentBytesUnclean = 4 * 1024 * 1024

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
  const trimmed = trimEpochs(epochs, logStartOffset, logEndOffset)
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
    isClean: true,
  }
}

/** After any other stop. Rejects with DiskError. */
export async function recoverLog(options: LoadOptions): Promise<LoadedLog> {
  const { context, directory } = options
  finishInterruptedWork(context.disk, directory)
  const files = listSegmentFiles(context.disk, directory)
  const segments = makeSegments(options, files)
  const { epochs } = loadEpochs(options)
  const snapshots = new ProducerSnapshots(context.disk, directory, files.snapshots)
  const cut = await recoverSegments(options, segments, { epochs, snapshots })
  let producers = cut.producers
  let logEndOffset = cut.logEndOffset

  if (segments.count === 0 || logEndOffset < options.logStartOffset) {
    if (segments.count > 0) {
      context.logger.warn(
        'the log ends below its start offset, files are missing: beginning anew at the start offset',
        {
          directory,
          logEndOffset,
          logStartOffset: options.logStartOffset,
        },
      )
      removeSegments(context.disk, segments, segments.all)
    }
    segments.add(newSegment(options, options.logStartOffset))
    logEndOffset = options.logStartOffset
    producers = new ProducerState(logEndOffset)
  }
  const logStartOffset = Math.max(options.logStartOffset, segments.first.baseOffset)
  producers.advanceTo(logEndOffset)
  snapshots.removeAbove(logEndOffset)
  snapshots.removeStrays(segments.all.map(segment => segment.baseOffset))
  trimEpochs(epochs, logStartOffset, logEndOffset)
  return {
    segments,
    epochs,
    producers,
    snapshots,
    logStartOffset,
    logEndOffset,
    recoveryPoint: Math.min(options.recoveryPoint, logEndOffset),
    epochsChanged: true,
    isClean: false,
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

function makeSegments(options: LoadOptions, files: SegmentFiles): Segments {
  const segments = new Segments()
  for (const { baseOffset, sizeBytes } of files.segments) {
    segments.add(Segment.existing({ ...segmentOptions(options), baseOffset }, sizeBytes))
  }
  return segments
}

function newSegment(options: LoadOptions, baseOffset: number): Segment {
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
function endOfSegment(segment: Segment, from = segment.offsetIndex.lastPosition): number | null {
  let end = from
  let nextOffset = segment.baseOffset
  if (end > segment.sizeBytes) return null
  for (const { header, at, position, bytes } of scanHeaders(segment.file(), end, segment.sizeBytes)) {
    nextOffset = batchLastOffset(header, at) + 1
    end = position + bytes
  }
  return end === segment.sizeBytes ? nextOffset : null
}

function loadEpochs({ context, directory }: LoadOptions): { epochs: LeaderEpochs; changed: boolean } {
  const path = `${directory}/${leaderEpochCheckpointFile}`
  const text = readTextFile(context.disk, path)
  const entries = text === null ? [] : parseLeaderEpochs(text)
  if (entries !== null) return { epochs: new LeaderEpochs(entries), changed: false }
  context.logger.warn('the leader epoch checkpoint cannot be read and is made anew', { path })
  return { epochs: new LeaderEpochs(), changed: true }
}

function trimEpochs(epochs: LeaderEpochs, logStartOffset: number, logEndOffset: number): boolean {
  // An epoch that begins at the very end has no record yet: it is assigned again when its leader leads.
  const cut = epochs.truncateFromEnd(logEndOffset)
  const trimmed =
    epochs.entries.some(entry => entry.startOffset <= logStartOffset) && epochs.truncateFromStart(logStartOffset)
  return cut || trimmed
}

function producersOf(
  { context }: LoadOptions,
  snapshot: { offset: number; producers: ConstructorParameters<typeof ProducerState>[1] },
): ProducerState {
  const nowMs = context.clock.now()
  const live = (snapshot.producers ?? []).filter(entry => !isExpired(entry, nowMs, context.producerIdExpirationMs))
  return new ProducerState(snapshot.offset, live)
}

/** Feeds the batches in [from, to) to the producer state: whole segments of them only after unusual stops. */
function replayProducersSync(segments: Segments, producers: ProducerState, from: number, to: number): void {
  for (let index = Math.max(segments.floorIndex(from), 0); index < segments.count; index++) {
    const segment = segments.all[index]
    if (segment === undefined || segment.baseOffset >= to) return
    const start = segment.offsetIndex.lookup(from)
    for (const { header, at, position, bytes } of scanHeaders(segment.file(), start, segment.sizeBytes)) {
      if (batchLastOffset(header, at) < from) continue
      if (batchBaseOffset(header, at) >= to) return
      // Control batches say in their record what they mean.
      const batch = Buffer.allocUnsafe(bytes)
      segment.file().readSync(batch, position)
      producers.apply(producerBatchOf(batch, 0))
    }
  }
}

interface Recovered {
  readonly producers: ProducerState
  readonly logEndOffset: number
}

async function recoverSegments(
  options: LoadOptions,
  segments: Segments,
  { epochs, snapshots }: { epochs: LeaderEpochs; snapshots: ProducerSnapshots },
): Promise<Recovered> {
  const { context, directory, recoveryPoint } = options
  removeResurrected(options, segments, snapshots)
  const first = Math.max(segments.floorIndex(recoveryPoint), 0)
  let firstUnsynced = first
  for (let index = 0; index < first; index++) {
    const segment = segments.all[index]
    if (segment === undefined) break
    segment.isSynced = true
    if (!hasSoundIndexes(context.disk, segment)) firstUnsynced = Math.min(firstUnsynced, index)
  }
  const from = segments.all[firstUnsynced]?.baseOffset ?? options.logStartOffset
  const snapshot = snapshots.load(from)
  const producers = producersOf(options, snapshot ?? { offset: options.logStartOffset, producers: [] })
  if (snapshot !== null) {
    const window = { offset: snapshot.offset, windowBytes: recentBytesUnclean }
    addRecentBatches(segments, [...producers.producers()], window)
  }
  if (producers.endOffset < from) replayProducersSync(segments, producers, producers.endOffset, from)

  let logEndOffset = from
  for (let index = firstUnsynced; index < segments.count; index++) {
    const segment = segments.all[index]
    if (segment === undefined) break
    if (index > firstUnsynced && isBehindLoss(options, segment, logEndOffset)) {
      const lostOffsets = segment.baseOffset - logEndOffset
      context.logger.warn('the end of a segment is missing: cut off what came behind it', {
        directory,
        lostOffsets,
        logEndOffset,
      })
      removeFrom(context.disk, segments, snapshots, index)
      break
    }
    producers.advanceTo(segment.baseOffset)
    segment.pin()
    const cutBytes = await recoverSegment(options, segment, { epochs, producers }).finally(() => segment.unpin())
    logEndOffset = Math.max(producers.endOffset, segment.baseOffset)
    if (cutBytes === 0) continue
    context.logger.warn('cut off the end of the log, which was not whole', { directory, cutBytes, logEndOffset })
    removeFrom(context.disk, segments, snapshots, index + 1)
    break
  }
  return { producers, logEndOffset }
}

/**
 * A power loss may undo the removal of some old segments and not of others. What has come back lies in front of a gap, unless
 * compaction makes gaps here.
 */
function removeResurrected(options: LoadOptions, segments: Segments, snapshots: ProducerSnapshots): void {
  const { context, config, recoveryPoint } = options
  if (config.cleanupPolicy.compact) return
  for (let index = segments.floorIndex(recoveryPoint) - 1; index >= 0; index--) {
    const segment = segments.all[index]
    const next = segments.all[index + 1]
    if (segment === undefined || next === undefined) return
    const end = endOfSegment(segment) ?? endOfSegment(segment, 0) ?? next.baseOffset
    if (end >= next.baseOffset) continue
    const gone = segments.all.slice(0, index + 1)
    context.logger.warn('removed old segments that a power loss had brought back', {
      directory: options.directory,
      gone: gone.length,
    })
    removeSegments(context.disk, segments, gone)
    for (const { baseOffset } of gone) snapshots.remove(baseOffset)
    return
  }
}

/**
 * The power may take the whole end of a segment, at the border of a batch, and leave the next segment's file. Where nothing
 * was promised to be durable, a gap is such a loss, unless compaction makes gaps here.
 */
function isBehindLoss({ config, recoveryPoint }: LoadOptions, segment: Segment, logEndOffset: number): boolean {
  return segment.baseOffset > logEndOffset && logEndOffset >= recoveryPoint && !config.cleanupPolicy.compact
}

function removeFrom(disk: Disk, segments: Segments, snapshots: ProducerSnapshots, index: number): void {
  const gone = segments.all.slice(index)
  removeSegments(disk, segments, gone)
  for (const segment of gone) snapshots.remove(segment.baseOffset)
}

/** Whether the indexes of a segment below the recovery point are there; a crash cannot have touched them. */
function hasSoundIndexes(disk: Disk, segment: Segment): boolean {
  if (disk.statSync(segment.path('index')) === null || disk.statSync(segment.path('timeindex')) === null) return false
  return segment.offsetIndex.lastPosition < Math.max(segment.sizeBytes, 1)
}

/** Bytes that were cut off the end. */
async function recoverSegment(
  options: LoadOptions,
  segment: Segment,
  { epochs, producers }: { epochs: LeaderEpochs; producers: ProducerState },
): Promise<number> {
  const { config } = options
  const sizeBytes = segment.sizeBytes
  segment.reset()
  const file = segment.file()
  let nextOffset = segment.baseOffset
  let position = 0
  let windowBytes = scanBytes
  while (position < sizeBytes) {
    const window = Buffer.allocUnsafe(Math.min(windowBytes, sizeBytes - position))
    const chunk = window.subarray(0, await file.read(window, position))
    let at = 0
    let isSound = true
    while (at < chunk.length) {
      const problem = checkBatch(chunk, at, chunk.length)
      isSound = problem === null || problem.kind === 'incomplete'
      if (problem !== null || batchBaseOffset(chunk, at) < nextOffset) break
      const lastOffset = batchLastOffset(chunk, at)
      if (lastOffset < batchBaseOffset(chunk, at) || lastOffset - segment.baseOffset > 0x7fffffff) {
        isSound = false
        break
      }
      const bytes = batchBytes(chunk, at)
      epochsOf(epochs, chunk, at)
      const ended = producers.apply(producerBatchOf(chunk, at))
      if (ended?.isAborted) segment.addAborted(ended)
      segment.place({ lastOffset, maxTimestamp: batchMaxTimestamp(chunk, at), bytes }, config.indexIntervalBytes)
      nextOffset = lastOffset + 1
      at += bytes
    }
    position += at
    if (at > 0 && isSound) {
      windowBytes = scanBytes
      continue
    }
    // A batch larger than the window: look again with one that holds it, if the file does.
    const wanted = isSound && chunk.length >= batchHeaderBytes ? batchBytes(chunk, at) : 0
    if (at > 0 || wanted <= window.length || wanted > sizeBytes - position) break
    windowBytes = wanted
  }
  const cutBytes = sizeBytes - segment.sizeBytes
  if (cutBytes > 0) file.truncateSync(segment.sizeBytes)
  segment.persistIndexes()
  return cutBytes
}

function epochsOf(epochs: LeaderEpochs, chunk: Buffer, at: number): void {
  const epoch = batchPartitionLeaderEpoch(chunk, at)
  if (epoch > epochs.latestEpoch) epochs.assign(epoch, batchBaseOffset(chunk, at))
}

function removeSegments(disk: Disk, segments: Segments, gone: readonly Segment[]): void {
  for (const segment of gone) {
    segment.release()
    for (const kind of ['log', 'index', 'timeindex', 'txnindex'] as const) disk.removeSync(segment.path(kind))
  }
  segments.remove(gone)
}
