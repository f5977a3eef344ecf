// Feeds a core with what its log holds.
import {
  batchIsControl,
  batchIsTransactional,
  batchProducerId,
  type DecodedRecord,
  decodeRecords,
  iterateBatches,
} from '@odradek/protocol'
import type { DurableEvent, OffsetCommitted } from '../core/group/decision.ts'
import type { GroupCore } from '../core/group/group-core.ts'
import { decodeGroupEvent } from './group-records.ts'

/** Of the marker that ends a transaction: int16 version, int16 type. */
const commitMarker = 1

export class GroupReplay {
  readonly #core: GroupCore
  /**
   * Offsets of transactions without an end so far. This broker has no transactions, but the log may be one that Kafka
   * wrote: there, offsets count once their transaction is committed.
   */
  readonly #open = new Map<number, OffsetCommitted[]>()
  #records = 0
  #unknownRecords = 0

  constructor(core: GroupCore) {
    this.#core = core
  }

  /** Of kinds of groups that this broker does not know; they are skipped. */
  get unknownRecords(): number {
    return this.#unknownRecords
  }

  get records(): number {
    return this.#records
  }

  /** Throws DecodeError or RecordsError: then the log is not a coordinator's. */
  take(batches: Buffer): void {
    for (const at of iterateBatches(batches)) {
      const records = decodeRecords(batches, at)
      if (batchIsControl(batches, at)) this.#end(batchProducerId(batches, at), records)
      else if (batchIsTransactional(batches, at)) this.#hold(batchProducerId(batches, at), records)
      else for (const record of records) this.#apply(this.#decode(record))
    }
  }

  #decode(record: DecodedRecord): DurableEvent | null {
    this.#records++
    const event = decodeGroupEvent(record)
    if (event === null) this.#unknownRecords++
    return event
  }

  #apply(event: DurableEvent | null): void {
    if (event === null) return
    // What was committed since outlives what an open transaction will commit for the same partition.
    if (event.type === 'offset-committed' || event.type === 'offset-removed') {
      for (const [producerId, held] of this.#open) {
        const rest = held.filter(({ groupId, topic, partition }) => {
          return groupId !== event.groupId || topic !== event.topic || partition !== event.partition
        })
        this.#open.set(producerId, rest)
      }
    }
    this.#core.replay(event)
  }

  #hold(producerId: number, records: readonly DecodedRecord[]): void {
    const held = this.#open.get(producerId) ?? []
    for (const record of records) {
      const event = this.#decode(record)
      if (event?.type === 'offset-committed') held.push(event)
    }
    this.#open.set(producerId, held)
  }

  #end(producerId: number, [marker]: readonly DecodedRecord[]): void {
    const held = this.#open.get(producerId) ?? []
    this.#open.delete(producerId)
    const isCommit = marker?.key != null && marker.key.length >= 4 && marker.key.readInt16BE(2) === commitMarker
    if (isCommit) for (const event of held) this.#core.replay(event)
  }
}
