// What a shard has applied and its log has not committed yet.
import type { Clock } from '@odradek/platform'
import { type CompressionType, encodeBatch, errorCodes, type RecordInput } from '@odradek/protocol'
import type { CoordinatorLog } from './coordinator-log.ts'
import type { GroupRecord } from './group-records.ts'

/** Header of a batch, and room for the varints of its records: a batch that is planned too large is merely split. */
const batchOverheadBytes = 61
const recordOverheadBytes = 40

interface Group {
  records: RecordInput[]
  bytes: number
  /** Called in order with the append's error code. */
  readonly onSettled: ((errorCode: number) => void)[]
}

/**
 * Writes records in the order in which they came, with one append in flight: all that comes in the same turn of the loop,
 * or while an append is under way, makes the next append. Bounded by what the connections may have in flight.
 */
export class RecordQueue {
  readonly #log: CoordinatorLog
  readonly #clock: Clock
  readonly #compression: CompressionType
  readonly #onFailed: (errorCode: number) => void
  #next: Group = { records: [], bytes: 0, onSettled: [] }
  #inFlight: Group | null = null
  #flushPlanned = false
  #closed = false

  /** `onFailed` comes after an append that failed, when all who waited have been told; the queue is closed then. */
  constructor(options: {
    log: CoordinatorLog
    clock: Clock
    compression: CompressionType
    onFailed: (errorCode: number) => void
  }) {
    this.#log = options.log
    this.#clock = options.clock
    this.#compression = options.compression
    this.#onFailed = options.onFailed
  }

  /** All that was queued is committed. */
  get isSettled(): boolean {
    return this.#inFlight === null && this.#next.onSettled.length === 0
  }

  /** Whether the log takes a record of this size. */
  fits(record: GroupRecord): boolean {
    const bytes = record.key.length + (record.value?.length ?? 0)
    return bytes + recordOverheadBytes + batchOverheadBytes <= this.#log.batchBytesMax
  }

  /** Without records: what waits for all that was queued before. */
  push(records: readonly GroupRecord[], timestamp: number, onSettled: (errorCode: number) => void): void {
    for (const { key, value } of records) {
      this.#next.records.push({ timestamp, key, value })
      this.#next.bytes += key.length + (value?.length ?? 0) + recordOverheadBytes
    }
    this.#next.onSettled.push(onSettled)
    if (this.#inFlight !== null || this.#flushPlanned) return
    this.#flushPlanned = true
    this.#clock.soon(() => {
      this.#flushPlanned = false
      this.#flush()
    })
  }

  /** Tells all who wait that this is how it ended. */
  close(errorCode: number): void {
    this.#closed = true
    const waiting = [...(this.#inFlight?.onSettled ?? []), ...this.#next.onSettled]
    this.#inFlight = null
    this.#next = { records: [], bytes: 0, onSettled: [] }
    for (const onSettled of waiting) onSettled(errorCode)
  }

  #flush(): void {
    while (!this.#closed && this.#inFlight === null && this.#next.onSettled.length > 0) {
      const group = this.#next
      this.#inFlight = group
      this.#next = { records: [], bytes: 0, onSettled: [] }
      const outcome = group.records.length === 0 ? errorCodes.NONE : this.#log.append(this.#encode(group))
      if (outcome instanceof Promise) {
        void outcome.then(errorCode => {
          this.#settle(group, errorCode)
          this.#flush()
        })
        return
      }
      this.#settle(group, outcome)
    }
  }

  #settle(group: Group, errorCode: number): void {
    if (this.#closed) return
    if (errorCode !== errorCodes.NONE) {
      this.close(errorCode)
      this.#onFailed(errorCode)
      return
    }
    this.#inFlight = null
    for (const onSettled of group.onSettled) onSettled(errorCode)
  }

  /** As few batches as the log's limit allows. */
  #encode({ records, bytes }: Group): Buffer {
    const compression = this.#compression
    const limit = this.#log.batchBytesMax - batchOverheadBytes
    if (bytes <= limit) return encodeBatch({ records, compression })
    const batches: Buffer[] = []
    let part: RecordInput[] = []
    let partBytes = 0
    for (const record of records) {
      const recordBytes = recordOverheadBytes + (record.key?.length ?? 0) + (record.value?.length ?? 0)
      if (part.length > 0 && partBytes + recordBytes > limit) {
        batches.push(encodeBatch({ records: part, compression }))
        part = []
        partBytes = 0
      }
      part.push(record)
      partBytes += recordBytes
    }
    batches.push(encodeBatch({ records: part, compression }))
    return Buffer.concat(batches)
  }
}
