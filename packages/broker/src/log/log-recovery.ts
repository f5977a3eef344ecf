/**
 * Opens a partition's directory after anything but a clean stop: every segment from the recovery point on is read batch by
 * batch, cut at the first one that is not whole and sound, and gets new indexes; what lies behind a cut is removed, for an
 * append that was acknowledged can only have been lost together with its successors.
 */
import type { Disk, DiskFile } from '@odradek/platform'
import {
  batchBaseOffset,
  batchBytes,
  batchHeaderBytes,
  batchLastOffset,
  batchMaxTimestamp,
  batchPartitionLeaderEpoch,
  checkBatch,
} from '@odradek/protocol'
import type { EpochEntry, LeaderEpochs } from '../core/partition/leader-epochs.ts'
import { producerBatchOf } from '../core/partition/producer-batch.ts'
import { ProducerState } from '../core/partition/producer-state.ts'
import { readBatchHeader } from './batch-scan.ts'
import { formatLeaderEpochs } from './checkpoint-file.ts'
import { finishInterruptedWork, listSegmentFiles } from './leftovers.ts'
import {
  endOfSegment,
  headersBetween,
  type LoadedLog,
  type LoadOptions,
  loadEpochs,
  makeSegments,
  newSegment,
  producersOf,
  replayProducersSync,
  trimEpochs,
} from './log-loader.ts'
import { ProducerSnapshots } from './producer-snapshots.ts'
import { addRecentBatches } from './recent-batches.ts'
import type { Segment } from './segment.ts'
import type { Segments } from './segments.ts'

const scanBytes = 1024 * 1024
/** Where producers' last batches are looked for: many may be on their way when a broker dies. */
const recentBytesUnclean = 4 * 1024 * 1024

/** Rejects with DiskError. */
export async function recoverLog(options: LoadOptions): Promise<LoadedLog> {
  const { context, directory } = options
  finishInterruptedWork(context.disk, directory)
  const files = listSegmentFiles(context.disk, directory)
  const segments = makeSegments(options, files)
  const found = segments.all
  const { epochs, changed } = loadEpochs(options)
  const savedEpochs = formatLeaderEpochs(epochs.entries)
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
  // The power must not bring them back behind what is written in their place.
  const kept = new Set(segments.all)
  if (found.some(segment => !kept.has(segment))) await context.disk.syncDirectory(directory)
  const logStartOffset = Math.max(options.logStartOffset, segments.first.baseOffset)
  completeEpochs(epochs, segments, logStartOffset, logEndOffset)
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
    epochsChanged: changed || formatLeaderEpochs(epochs.entries) !== savedEpochs,
    isClean: false,
  }
}

/**
 * The log's start is saved now and then, and its leader epochs, with those before the start cut off, whenever it is synced. After a power
 * loss the log may begin earlier than they do. The batches have what is missing; without it a follower's divergence down there
 * would go unseen.
 */
function completeEpochs(epochs: LeaderEpochs, segments: Segments, logStartOffset: number, logEndOffset: number): void {
  const knownFrom = epochs.entries[0]?.startOffset ?? logEndOffset
  if (knownFrom > logStartOffset) epochs.precede(epochsOfBatches(segments, logStartOffset, knownFrom))
}

function* epochsOfBatches(segments: Segments, from: number, to: number): Generator<EpochEntry> {
  for (const { header, at } of headersBetween(segments, from, to)) {
    yield { epoch: batchPartitionLeaderEpoch(header, at), startOffset: batchBaseOffset(header, at) }
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
  // They are saved when the log is synced: from here on they may be those of a history that was cut back since, and of all that lay before
  // a log that begins anew. The batches have them.
  epochs.truncateFromEnd(firstUnsynced === 0 ? 0 : from)
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
    const nextSegmentOffset = segments.all[index + 1]?.baseOffset ?? null
    const found = { epochs, producers, nextSegmentOffset }
    const cutBytes = await recoverSegment(options, segment, found).finally(() => segment.unpin())
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
  {
    epochs,
    producers,
    nextSegmentOffset,
  }: { epochs: LeaderEpochs; producers: ProducerState; nextSegmentOffset: number | null },
): Promise<number> {
  const { context, config } = options
  const sizeBytes = segment.sizeBytes
  segment.reset()
  const file = segment.file()
  let nextOffset = segment.baseOffset
  let position = 0
  let memory = context.reader.memory(Math.min(scanBytes, sizeBytes))
  try {
    while (position < sizeBytes) {
      const window = memory.bytes.subarray(0, sizeBytes - position)
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
        // What a rotten segment has lost below the log's start is no gap.
        const expected = Math.max(nextOffset, options.logStartOffset)
        const isGap = batchBaseOffset(chunk, at) > expected && !config.cleanupPolicy.compact
        if (isGap && !isContinued(file, { lastOffset, end: position + at + bytes, sizeBytes, nextSegmentOffset })) {
          isSound = false
          break
        }
        epochsOf(epochs, chunk, at)
        const ended = producers.apply(producerBatchOf(chunk, at))
        if (ended?.isAborted) segment.addAborted(ended)
        segment.place({ lastOffset, maxTimestamp: batchMaxTimestamp(chunk, at), bytes }, config.indexIntervalBytes)
        nextOffset = lastOffset + 1
        at += bytes
      }
      position += at
      if (at > 0 && isSound) continue
      // A batch larger than the window: look again with one that holds it, if the file does.
      const wanted = isSound && chunk.length >= batchHeaderBytes ? batchBytes(chunk, at) : 0
      if (at > 0 || wanted <= window.length || wanted > sizeBytes - position) break
      memory.release()
      memory = context.reader.memory(wanted)
    }
  } finally {
    memory.release()
  }
  const cutBytes = sizeBytes - segment.sizeBytes
  if (cutBytes > 0) file.truncateSync(segment.sizeBytes)
  segment.persistIndexes()
  return cutBytes
}

/**
 * The checksum of a batch does not cover its base offset: only its neighbours vouch for it. Compaction may have left a gap
 * before a batch, but then others follow on it; a bit that turned over shows in that they do not. Nothing is compacted at the
 * very end of a log, so a gap before the last batch is none.
 */
function isContinued(
  file: DiskFile,
  {
    lastOffset,
    end,
    sizeBytes,
    nextSegmentOffset,
  }: { lastOffset: number; end: number; sizeBytes: number; nextSegmentOffset: number | null },
): boolean {
  const next = end < sizeBytes ? readBatchHeader(file, end) : null
  const nextOffset = next === null ? nextSegmentOffset : batchBaseOffset(next, 0)
  return nextOffset !== null && nextOffset > lastOffset
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
