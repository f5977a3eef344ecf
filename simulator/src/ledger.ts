/**
 * What clients were promised and shown, by topic id and partition, and what must follow from it. Knows nothing of brokers: it
 * judges by the protocol alone.
 *
 * Invariants: at an offset there is one batch for ever, byte for byte; a record whose producer had an acknowledgement is at the
 * offset that was acknowledged; an idempotent producer's records stand once and in order.
 */
import { batchBaseOffset, batchBytes, batchLastOffset, decodeRecords, iterateBatches } from '@odradek/protocol'
import { Violation } from './verdict.ts'

interface SeenBatch {
  readonly bytes: Buffer
  readonly lastOffset: number
}

interface PartitionLedger {
  /** By offset. */
  readonly acknowledged: Map<number, string>
  /** What readers have been given, by base offset. Contiguous from 0 up to `readTo`. */
  readonly batches: Map<number, SeenBatch>
  readonly values: string[]
  /** The last number of each idempotent producer, in the order of the log. */
  readonly lastOf: Map<string, number>
  readTo: number
  highWatermark: number
  lastEpochOfReads: number
  /** What lies below it somebody has asked to delete. */
  deletedTo: number
}

/** A value is PRODUCER:NUMBER, with padding behind a blank; an idempotent producer's name begins with 'i'. */
export function recordValue(producer: string, number: number, padding: number): string {
  return `${producer}:${number} ${'.'.repeat(padding)}`
}

export class Ledger {
  readonly #partitions = new Map<string, PartitionLedger>()
  acknowledgedRecords = 0

  #of(topicId: string, partition: number): PartitionLedger {
    const key = `${topicId}/${partition}`
    let ledger = this.#partitions.get(key)
    if (ledger === undefined) {
      const maps = { acknowledged: new Map(), batches: new Map(), values: [], lastOf: new Map() }
      ledger = { ...maps, readTo: 0, highWatermark: 0, lastEpochOfReads: -1, deletedTo: 0 }
      this.#partitions.set(key, ledger)
    }
    return ledger
  }

  /** The end of what readers have been given. */
  readTo(topicId: string, partition: number): number {
    return this.#of(topicId, partition).readTo
  }

  /** What lies below may be gone. */
  deletedTo(topicId: string, partition: number): number {
    return this.#of(topicId, partition).deletedTo
  }

  /** Somebody is about to ask for it. */
  willDelete(topicId: string, partition: number, offset: number): void {
    const ledger = this.#of(topicId, partition)
    ledger.deletedTo = Math.max(ledger.deletedTo, offset)
  }

  /** The highest that any reader was told. */
  highWatermark(topicId: string, partition: number): number {
    return this.#of(topicId, partition).highWatermark
  }

  /** The end of what was acknowledged. */
  acknowledgedTo(topicId: string, partition: number): number {
    return Math.max(-1, ...this.#of(topicId, partition).acknowledged.keys()) + 1
  }

  /** Of what readers have been given: the batches in order. */
  batches(topicId: string, partition: number): ReadonlyMap<number, SeenBatch> {
    return this.#of(topicId, partition).batches
  }

  acknowledge(topicId: string, partition: number, baseOffset: number, values: readonly string[]): void {
    const ledger = this.#of(topicId, partition)
    for (const [at, value] of values.entries()) {
      const offset = baseOffset + at
      const where = `${topicId}/${partition} offset ${offset}`
      const other = ledger.acknowledged.get(offset) ?? ledger.values[offset]
      if (other !== undefined && other !== value) {
        throw new Violation(
          'acknowledged records',
          `${where}: ${short(value)} was acknowledged where ${short(other)} is`,
        )
      }
      ledger.acknowledged.set(offset, value)
      this.acknowledgedRecords++
    }
  }

  /** A reader was given records by the leader of that epoch. */
  readIn(topicId: string, partition: number, epoch: number): void {
    const ledger = this.#of(topicId, partition)
    ledger.lastEpochOfReads = Math.max(ledger.lastEpochOfReads, epoch)
  }

  /** -1: nobody has read anything. */
  lastEpochOfReads(topicId: string, partition: number): number {
    return this.#of(topicId, partition).lastEpochOfReads
  }

  sawHighWatermark(topicId: string, partition: number, highWatermark: number): void {
    const ledger = this.#of(topicId, partition)
    ledger.highWatermark = Math.max(ledger.highWatermark, highWatermark)
  }

  /** A reader that asked at `fetchOffset` was given these records. Returns where to go on. */
  read(topicId: string, partition: number, fetchOffset: number, records: Buffer): number {
    const ledger = this.#of(topicId, partition)
    let next = fetchOffset
    for (const at of iterateBatches(records)) {
      const baseOffset = batchBaseOffset(records, at)
      const lastOffset = batchLastOffset(records, at)
      const where = `${topicId}/${partition} batch ${baseOffset}-${lastOffset}`
      if (baseOffset > next) throw new Violation('committed prefix', `${where}: nothing at offset ${next}`)
      const bytes = records.subarray(at, at + batchBytes(records, at))
      const seen = ledger.batches.get(baseOffset)
      if (seen !== undefined && !seen.bytes.equals(bytes)) {
        throw new Violation('committed prefix', `${where}: other bytes than a reader was given before`)
      }
      if (seen === undefined) this.#add(ledger, where, { baseOffset, lastOffset, bytes: Buffer.from(bytes) })
      next = lastOffset + 1
    }
    return next
  }

  #add(
    ledger: PartitionLedger,
    where: string,
    { baseOffset, lastOffset, bytes }: SeenBatch & { readonly baseOffset: number },
  ): void {
    if (baseOffset < ledger.readTo) {
      throw new Violation('committed prefix', `${where}: where readers were given another batch before`)
    }
    // A reader that begins further on has not been given what lies before: whoever reads from the start will be.
    if (baseOffset > ledger.readTo) return
    ledger.batches.set(baseOffset, { bytes, lastOffset })
    ledger.readTo = lastOffset + 1
    for (const { offset, value } of decodeRecords(bytes, 0)) this.#addRecord(ledger, where, offset, String(value))
  }

  #addRecord(ledger: PartitionLedger, where: string, offset: number, value: string): void {
    const promised = ledger.acknowledged.get(offset)
    if (promised !== undefined && promised !== value) {
      throw new Violation('acknowledged records', `${where}: ${short(value)} instead of ${short(promised)}`)
    }
    ledger.values[offset] = value
    const [, producer = '', number = ''] = /^(\S+):(\d+) /.exec(value) ?? []
    if (!producer.startsWith('i')) return
    const expected = (ledger.lastOf.get(producer) ?? -1) + 1
    if (Number(number) !== expected) {
      throw new Violation('idempotent producers', `${where}: ${short(value)} comes where number ${expected} should`)
    }
    ledger.lastOf.set(producer, expected)
  }
}

function short(value: string): string {
  return value.split(' ')[0] ?? ''
}
