/**
 * What a partition remembers of its idempotent and transactional producers: enough to tell a retry from a new batch and
 * a gap from an order (KIP-98, KIP-360), and to know where the oldest open transaction begins.
 *
 * Pure: `decide` reads, `apply` writes and never fails. The state is a function of the log up to `endOffset` (and of what
 * has expired), which is why a snapshot of it plus the batches behind it give it back.
 */
import { errorCodes } from '@odradek/protocol'

/** The fields of a batch that count here; sequences are -1 and offsets as assigned for control batches. */
export interface ProducerBatch {
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly lastSequence: number
  readonly baseOffset: number
  readonly lastOffset: number
  readonly maxTimestamp: number
  readonly isTransactional: boolean
  /** Of a control batch that ends a transaction; null for data. */
  readonly marker: EndMarker | null
}

export interface EndMarker {
  readonly isAbort: boolean
  readonly coordinatorEpoch: number
}

export type ProducerDecision =
  | { readonly kind: 'accept' }
  /** The batch is in the log already, here. */
  | { readonly kind: 'duplicate'; readonly batch: KeptBatch }
  | { readonly kind: 'refuse'; readonly errorCode: number; readonly message: string }

/** One of the last batches of a producer. */
export interface KeptBatch {
  readonly lastSequence: number
  readonly lastOffset: number
  /** Last offset minus first. */
  readonly offsetDelta: number
  readonly timestamp: number
}

export interface ProducerEntry {
  readonly producerId: number
  producerEpoch: number
  coordinatorEpoch: number
  lastTimestamp: number
  /** -1: no open transaction. */
  currentTxnFirstOffset: number
  /** Oldest first, at most `keptBatches`, all of the current epoch. */
  batches: KeptBatch[]
}

/** A transaction that a marker has ended; an aborted one belongs into the transaction index. */
export interface EndedTransaction {
  readonly producerId: number
  readonly firstOffset: number
  readonly lastOffset: number
  readonly isAborted: boolean
  readonly lastStableOffset: number
}

/** As many as a producer may have in flight (max.in.flight.requests.per.connection). */
export const keptBatches = 5

const accept: ProducerDecision = { kind: 'accept' }
const maxSequence = 0x7fffffff

export class ProducerState {
  #producers = new Map<number, ProducerEntry>()
  /** First offset to producer id, in the order of offsets. */
  #openTransactions = new Map<number, number>()
  #endOffset: number

  constructor(endOffset = 0, entries: readonly ProducerEntry[] = []) {
    this.#endOffset = endOffset
    for (const entry of entries) this.#producers.set(entry.producerId, entry)
    const open = entries.filter(entry => entry.currentTxnFirstOffset >= 0)
    open.sort((a, b) => a.currentTxnFirstOffset - b.currentTxnFirstOffset)
    for (const entry of open) this.#openTransactions.set(entry.currentTxnFirstOffset, entry.producerId)
  }

  /** Whether something of the producer is remembered. */
  knows(producerId: number): boolean {
    return this.#producers.has(producerId)
  }

  /** All batches below it are part of the state. */
  get endOffset(): number {
    return this.#endOffset
  }

  get size(): number {
    return this.#producers.size
  }

  producers(): IterableIterator<ProducerEntry> {
    return this.#producers.values()
  }

  /** Where the oldest open transaction begins; -1 without one. */
  get firstUnstableOffset(): number {
    for (const firstOffset of this.#openTransactions.keys()) return firstOffset
    return -1
  }

  /** `checksSequence`: batches of clients; a coordinator's markers and records carry none. */
  decide(batch: ProducerBatch, { checksSequence }: { checksSequence: boolean }): ProducerDecision {
    const entry = this.#producers.get(batch.producerId)
    if (entry === undefined) return accept
    if (checksSequence) {
      const duplicate = findDuplicate(entry, batch)
      if (duplicate !== undefined) return { kind: 'duplicate', batch: duplicate }
    }
    if (batch.producerEpoch < entry.producerEpoch) {
      return refuse(
        errorCodes.INVALID_PRODUCER_EPOCH,
        `producer ${batch.producerId} writes with epoch ${batch.producerEpoch}, but epoch ${entry.producerEpoch} has been seen`,
      )
    }
    if (batch.marker !== null) return decideMarker(entry, batch.marker, batch)
    if (checksSequence) {
      const problem = sequenceProblem(entry, batch)
      if (problem !== null) return refuse(errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER, problem)
    }
    if (entry.currentTxnFirstOffset >= 0 && !batch.isTransactional) {
      return refuse(errorCodes.INVALID_TXN_STATE, `producer ${batch.producerId} writes outside of its open transaction`)
    }
    return accept
  }

  /** The batch is in the log. What ended with it, if it was the marker of an open transaction. */
  apply(batch: ProducerBatch): EndedTransaction | null {
    this.#endOffset = batch.lastOffset + 1
    if (batch.producerId < 0) return null
    let entry = this.#producers.get(batch.producerId)
    if (entry === undefined) {
      entry = {
        producerId: batch.producerId,
        producerEpoch: batch.producerEpoch,
        coordinatorEpoch: -1,
        lastTimestamp: -1,
        currentTxnFirstOffset: -1,
        batches: [],
      }
      this.#producers.set(batch.producerId, entry)
    }
    if (entry.producerEpoch !== batch.producerEpoch) {
      entry.producerEpoch = batch.producerEpoch
      entry.batches = []
    }
    entry.lastTimestamp = batch.maxTimestamp
    if (batch.marker !== null) return this.#endTransaction(entry, batch, batch.marker)
    if (entry.batches.length === keptBatches) entry.batches.shift()
    entry.batches.push({
      lastSequence: batch.lastSequence,
      lastOffset: batch.lastOffset,
      offsetDelta: batch.lastOffset - batch.baseOffset,
      timestamp: batch.maxTimestamp,
    })
    if (batch.isTransactional && entry.currentTxnFirstOffset < 0) {
      entry.currentTxnFirstOffset = batch.baseOffset
      this.#openTransactions.set(batch.baseOffset, batch.producerId)
    }
    return null
  }

  #endTransaction(entry: ProducerEntry, batch: ProducerBatch, marker: EndMarker): EndedTransaction | null {
    const firstOffset = entry.currentTxnFirstOffset
    entry.coordinatorEpoch = marker.coordinatorEpoch
    entry.currentTxnFirstOffset = -1
    if (firstOffset < 0) return null
    this.#openTransactions.delete(firstOffset)
    const nextOpen = this.firstUnstableOffset
    return {
      producerId: entry.producerId,
      firstOffset,
      lastOffset: batch.lastOffset,
      isAborted: marker.isAbort,
      lastStableOffset: nextOpen < 0 ? batch.lastOffset + 1 : nextOpen,
    }
  }

  /** Batches without a producer move the end too. */
  advanceTo(endOffset: number): void {
    if (endOffset > this.#endOffset) this.#endOffset = endOffset
  }

  /** Forgets producers that have been silent for `expirationMs` and have no open transaction. */
  expire(nowMs: number, expirationMs: number): void {
    for (const [producerId, entry] of this.#producers) {
      if (isExpired(entry, nowMs, expirationMs)) this.#producers.delete(producerId)
    }
  }
}

export function isExpired(entry: ProducerEntry, nowMs: number, expirationMs: number): boolean {
  return entry.currentTxnFirstOffset < 0 && nowMs - entry.lastTimestamp >= expirationMs
}

/** The batch with exactly these sequences and this epoch, if it is among the last ones. */
function findDuplicate(entry: ProducerEntry, batch: ProducerBatch): KeptBatch | undefined {
  if (entry.producerEpoch !== batch.producerEpoch) return undefined
  for (const kept of entry.batches) {
    if (kept.lastSequence === batch.lastSequence && firstSequence(kept) === batch.baseSequence) return kept
  }
  return undefined
}

/** Sequences run in a ring of 0 to 2^31-1. */
function firstSequence(kept: KeptBatch): number {
  return (kept.lastSequence - kept.offsetDelta) & maxSequence
}

function sequenceProblem(entry: ProducerEntry, batch: ProducerBatch): string | null {
  // An entry without an epoch knows nothing that a sequence could contradict.
  if (entry.producerEpoch === -1) return null
  if (batch.producerEpoch !== entry.producerEpoch) {
    if (batch.baseSequence === 0) return null
    return `producer ${batch.producerId} begins epoch ${batch.producerEpoch} with sequence ${batch.baseSequence} instead of 0 (its last epoch here is ${entry.producerEpoch})`
  }
  const lastSequence = entry.batches.at(-1)?.lastSequence ?? -1
  if (batch.baseSequence === lastSequence + 1 || (batch.baseSequence === 0 && lastSequence === maxSequence)) return null
  return `producer ${batch.producerId} sends sequence ${batch.baseSequence} after ${lastSequence}`
}

function decideMarker(entry: ProducerEntry, marker: EndMarker, batch: ProducerBatch): ProducerDecision {
  if (marker.coordinatorEpoch >= entry.coordinatorEpoch) return accept
  return refuse(
    errorCodes.TRANSACTION_COORDINATOR_FENCED,
    `a marker for producer ${batch.producerId} of coordinator epoch ${marker.coordinatorEpoch}, but epoch ${entry.coordinatorEpoch} has been seen`,
  )
}

function refuse(errorCode: number, message: string): ProducerDecision {
  return { kind: 'refuse', errorCode, message }
}
