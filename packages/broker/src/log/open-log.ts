import { producerBatchOf } from '../core/partition/producer-batch.ts'
import type { ProducerBatch } from '../core/partition/producer-state.ts'
import type { ReplicatedBatch } from '../core/partition/replicated-batches.ts'
import { abortedTransactionsIn } from './aborted-transactions.ts'
import type { GroupCommit } from './group-commit.ts'
import type { ActiveProducer } from './log-answers.ts'
import type { LogConfig } from './log-config.ts'
import type { LogContext } from './log-context.ts'
import { LogFlush } from './log-flush.ts'
import { type LoadedLog, type LoadOptions, segmentJitterMs } from './log-loader.ts'
import { type ReadBatches, readBatches } from './log-reader.ts'
import { findOffset } from './offset-search.ts'
import { type PlacedBatch, Segment } from './segment.ts'
import type { AbortedTransaction } from './transaction-index.ts'

/** Where a batch lies in the log's files. */
export interface Place {
  readonly segment: Segment
  readonly position: number
}

/** Whole batches that lie one behind the other in a segment, on their way there. */
export interface Run {
  readonly chunk: Buffer
  readonly baseOffset: number
  readonly endOffset: number
  readonly place: Place
}

export interface OpenLogOptions {
  readonly context: LogContext
  readonly directory: string
  readonly loaded: LoadedLog
  readonly config: () => LogConfig
  readonly commit: GroupCommit
  /** The run is in its file (not on the disk for good), and so are all before it. */
  readonly written: (run: Run) => void
  readonly failed: (error: unknown) => void
  /** A segment was closed: what is in it should be on the disk for good before long. */
  readonly rolled: () => void
}

/**
 * A partition's log while its files are open and its disk works: where batches go, where they are found, what is known of them.
 * Whether it may be used at all (offline, closed) is the business of PartitionLog, which opens another one of these when the
 * files were opened anew. Methods throw DiskError, unless they say otherwise.
 */
export class OpenLog {
  readonly #context: LogContext
  readonly #directory: string
  readonly #config: () => LogConfig
  readonly #commit: GroupCommit
  readonly #options: OpenLogOptions
  readonly loaded: LoadedLog
  readonly flush: LogFlush
  #nextOffset: number
  #writtenEndOffset: number
  #logStartOffset: number

  constructor(options: OpenLogOptions) {
    const { context, directory, loaded } = options
    this.#context = context
    this.#directory = directory
    this.#config = options.config
    this.#commit = options.commit
    this.#options = options
    this.loaded = loaded
    this.flush = new LogFlush({ context, directory, loaded, writtenEnd: () => this.#writtenEndOffset })
    this.#nextOffset = loaded.logEndOffset
    this.#writtenEndOffset = loaded.logEndOffset
    this.#logStartOffset = loaded.logStartOffset
  }

  /** The offset that the next batch gets. */
  get nextOffset(): number {
    return this.#nextOffset
  }

  /** Behind the last batch that is in its file. */
  get writtenEndOffset(): number {
    return this.#writtenEndOffset
  }

  get logStartOffset(): number {
    return this.#logStartOffset
  }

  /** What it takes to open the files again, as after a crash. */
  get loadOptions(): LoadOptions {
    return {
      context: this.#context,
      directory: this.#directory,
      config: this.#config(),
      recoveryPoint: this.flush.flusher.recoveryPoint,
      logStartOffset: this.#logStartOffset,
    }
  }

  /** Gives a batch its place at the end of the log, in a new segment where need be; `write` has to follow. */
  place(placed: PlacedBatch, producerBatch: ProducerBatch | null, leaderEpoch: number): Place {
    const { epochs, producers, segments } = this.loaded
    if (leaderEpoch !== epochs.latestEpoch) this.assignLeaderEpoch(leaderEpoch)
    if (segments.active.mustRollFor(placed, this.#config(), this.#context.clock.now())) this.roll()
    const segment = segments.active
    const position = segment.place(placed, this.#config().indexIntervalBytes)
    this.#nextOffset = placed.lastOffset + 1
    if (producerBatch === null) producers.advanceTo(this.#nextOffset)
    else {
      const ended = producers.apply(producerBatch)
      if (ended?.isAborted) segment.addAborted(ended)
    }
    return { segment, position }
  }

  /** Whole batches to their place: at once, or behind those that are on their way. */
  write(run: Run): void {
    const { segment, position } = run.place
    const file = segment.file()
    if (this.#commit.writeNow(file, position, run.chunk)) {
      this.#written(run)
      return
    }
    segment.pin()
    this.#commit.push({
      file,
      position,
      chunk: run.chunk,
      written: () => {
        segment.unpin()
        this.#written(run)
      },
      failed: error => {
        segment.unpin()
        this.#options.failed(error)
      },
    })
  }

  #written(run: Run): void {
    this.#writtenEndOffset = run.endOffset
    this.#options.written(run)
  }

  /** Batches that have their offsets and epochs already; those that share a segment are one write. */
  appendReplicated(records: Buffer, batches: readonly ReplicatedBatch[]): void {
    let run: Run | null = null
    let from = 0
    for (const { at, bytes, baseOffset, lastOffset, maxTimestamp, epoch } of batches) {
      const place = this.place({ lastOffset, maxTimestamp, bytes }, producerBatchOf(records, at), epoch)
      if (run !== null && run.place.segment !== place.segment) {
        this.write(run)
        run = null
      }
      if (run === null) from = at
      const start: Pick<Run, 'baseOffset' | 'place'> = run ?? { baseOffset, place }
      const chunk = records.subarray(from, at + bytes)
      run = { chunk, baseOffset: start.baseOffset, endOffset: lastOffset + 1, place: start.place }
    }
    if (run !== null) this.write(run)
  }

  /** Closes the active segment and begins the next. */
  roll(): void {
    const { segments, producers, snapshots } = this.loaded
    const closing = segments.active
    const baseOffset = this.#nextOffset
    if (closing.baseOffset === baseOffset) return
    closing.persistIndexes()
    const { disk, clock, open, logger } = this.#context
    const jitterMs = segmentJitterMs(this.#context, this.#config())
    segments.add(Segment.create({ disk, open, directory: this.#directory, baseOffset, jitterMs, nowMs: clock.now() }))
    producers.advanceTo(baseOffset)
    snapshots.write(baseOffset, producers.producers())
    this.flush.flusher.namesChanged()
    logger.debug('rolled a segment', { log: this.#directory, baseOffset })
    this.#options.rolled()
  }

  /** From the files; null where there is nothing. May also reject with DiskError. */
  read(
    offset: number,
    options: { readonly endOffset: number; readonly maxBytes: number; readonly minOneBatch: boolean },
  ): ReadBatches | null | Promise<ReadBatches | null> {
    const { reader } = this.#context
    return reader.run(readBatches({ segments: this.loaded.segments, reader }, offset, options))
  }

  /** About so many, give or take an index interval, that have their place at and behind the offset. */
  bytesFrom(offset: number): number {
    const { segments } = this.loaded
    const index = Math.max(segments.floorIndex(offset), 0)
    let bytes = 0
    for (const segment of segments.all.slice(index)) bytes += segment.sizeBytes
    return bytes - (segments.all[index]?.offsetIndex.lookup(offset) ?? 0)
  }

  abortedTransactions(from: number, to: number): AbortedTransaction[] {
    return abortedTransactionsIn(this.loaded.segments, this.#context.disk, from, to)
  }

  /** See `PartitionLog.findOffset`; nothing at or above `endOffset` counts. */
  findOffset(timestamp: number, endOffset: number): ReturnType<typeof findOffset> {
    const { segments, epochs } = this.loaded
    return findOffset({ segments, epochs, startOffset: this.#logStartOffset, endOffset }, timestamp)
  }

  /** A new leader epoch begins at the log end. Idempotent; cannot fail. */
  assignLeaderEpoch(leaderEpoch: number): void {
    if (this.loaded.epochs.assign(leaderEpoch, this.#nextOffset)) this.flush.epochsChanged()
  }

  /** Epochs that begin at the log's end have no record: they go. Cannot fail. */
  forgetEmptyEpochs(): void {
    if (this.loaded.epochs.truncateFromEnd(this.#nextOffset)) this.flush.epochsChanged()
  }

  /** Never back; cannot fail. */
  moveLogStart(offset: number): void {
    if (offset <= this.#logStartOffset) return
    this.#logStartOffset = offset
    if (this.loaded.epochs.truncateFromStart(offset)) this.flush.epochsChanged()
  }

  activeProducers(): ActiveProducer[] {
    return Array.from(this.loaded.producers.producers(), producer => ({
      producerId: producer.producerId,
      producerEpoch: producer.producerEpoch,
      lastSequence: producer.batches.at(-1)?.lastSequence ?? -1,
      lastTimestamp: producer.lastTimestamp,
      coordinatorEpoch: producer.coordinatorEpoch,
      currentTxnStartOffset: producer.currentTxnFirstOffset,
    }))
  }

  /** -1 without producers. */
  get highestProducerId(): number {
    let highest = -1
    for (const { producerId } of this.loaded.producers.producers()) if (producerId > highest) highest = producerId
    return highest
  }

  /** Gives its files back; a read that is under way keeps its own until it is done. */
  release(): void {
    for (const segment of this.loaded.segments.all) segment.release()
  }
}
