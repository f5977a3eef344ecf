/** What a log has promised, kept outside of it, and the check that it keeps it after whatever happened. */
import assert from 'node:assert/strict'
import {
  batchBaseSequence,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  decodeRecords,
  encodeBatch,
  errorCodes,
  iterateBatches,
} from '@odradek/protocol'
import type { AppendResult, PartitionLog } from '../partition-log.ts'

/** A batch that a producer has sent, perhaps more than once. */
export interface Attempt {
  readonly producer: ModelProducer
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly timestamp: number
  readonly values: readonly string[]
  /** -1 until it is acknowledged. */
  offset: number
  isInFlight: boolean
  /** Acknowledged without a sync, and gone with the power. */
  isLost: boolean
  /**
   * Written and, not acknowledged yet, deleted with its segment; then a restart, which knows a producer's batches from the log
   * alone: a retry is out of order, for its successor is the oldest that is known. In Kafka, which remembers one batch over a
   * restart, it need not even be deleted.
   */
  isForgotten: boolean
}

/** A producer with its unacknowledged batches, in order. Id -1: not idempotent, never sends again. */
export class ModelProducer {
  readonly producerId: number
  producerEpoch = 0
  nextSequence = 0
  pending: Attempt[] = []
  mustResend = false

  constructor(producerId: number) {
    this.producerId = producerId
  }

  get isIdempotent(): boolean {
    return this.producerId >= 0
  }

  /** As after InitProducerId: sequences begin anew, what was under way is given up. */
  beginEpoch(): void {
    this.producerEpoch++
    this.nextSequence = 0
    this.pending = []
    this.mustResend = false
  }
}

interface FoundBatch {
  readonly offset: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly lastTimestamp: number
  readonly values: readonly string[]
}

export class DurabilityModel {
  readonly producers: readonly ModelProducer[]
  /** All below it was acknowledged after a sync, or by a flush that succeeded. */
  durableEnd = 0
  /** The highest log start that was ever asked for or seen. */
  logStartOffsetMax = 0
  acknowledged = 0
  readonly #attempts: Attempt[] = []
  readonly #attemptOfValue = new Map<string, Attempt>()
  #nextValue = 0

  constructor(producerCount: number) {
    this.producers = Array.from({ length: producerCount }, (_, index) => new ModelProducer(index - 1))
  }

  attempt(producer: ModelProducer, { count, bytes, timestamp }: { count: number; bytes: number; timestamp: number }) {
    const values = Array.from({ length: count }, () => `${this.#nextValue++}`.padEnd(bytes, '.'))
    const attempt: Attempt = {
      producer,
      producerEpoch: producer.isIdempotent ? producer.producerEpoch : -1,
      baseSequence: producer.isIdempotent ? producer.nextSequence : -1,
      timestamp,
      values,
      offset: -1,
      isInFlight: false,
      isLost: false,
      isForgotten: false,
    }
    if (producer.isIdempotent) {
      producer.nextSequence += count
      producer.pending.push(attempt)
    }
    this.#attempts.push(attempt)
    for (const value of values) this.#attemptOfValue.set(value, attempt)
    return attempt
  }

  /** Sends a batch and keeps book of the answer. `isSynced`: the log acknowledges after a sync only. */
  async send(log: PartitionLog, attempt: Attempt, isSynced: boolean): Promise<AppendResult> {
    const { producer } = attempt
    attempt.isInFlight = true
    const records = attempt.values.map(value => ({ timestamp: attempt.timestamp, value }))
    const batch = encodeBatch({
      records,
      producerId: producer.producerId,
      producerEpoch: attempt.producerEpoch,
      baseSequence: attempt.baseSequence,
    })
    const result = await log.append(batch, { leaderEpoch: 0, origin: 'client' })
    attempt.isInFlight = false
    if (result.errorCode === errorCodes.KAFKA_STORAGE_ERROR) {
      producer.mustResend = true
      return result
    }
    if (result.errorCode === errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER && attempt.isForgotten) {
      producer.pending = producer.pending.filter(other => other !== attempt)
      return result
    }
    assert.equal(result.errorCode, errorCodes.NONE, `producer ${producer.producerId}, ${attempt.baseSequence}`)
    if (attempt.offset >= 0) assert.equal(result.baseOffset, attempt.offset, 'a duplicate has its first offset')
    else this.acknowledged++
    attempt.offset = result.baseOffset
    producer.pending = producer.pending.filter(other => other !== attempt)
    if (isSynced) this.durableEnd = Math.max(this.durableEnd, result.lastOffset + 1)
    return result
  }

  /**
   * Nothing that must be there is missing, nothing is there that was not sent, nothing twice, no gaps; and the producers are
   * what the batches say.
   */
  async check(log: PartitionLog, powerWasLost: boolean): Promise<void> {
    const batches = await readAll(log)
    this.#checkEnds(log, batches)
    const found = this.#checkBatches(batches)
    const begin = batches[0]?.offset ?? log.logStartOffset
    for (const attempt of this.#attempts) {
      if (attempt.offset < 0) continue
      const offset = found.get(attempt)
      if (offset !== undefined) {
        assert.equal(offset, attempt.offset, `${attempt.values[0]} was acknowledged with another offset`)
        assert.ok(!attempt.isLost, `${attempt.values[0]} was lost and has come back`)
      } else if (!attempt.isLost && attempt.offset >= begin) {
        assert.ok(powerWasLost, `${attempt.values[0]} was acknowledged at ${attempt.offset} and a kill lost it`)
        assert.ok(
          attempt.offset >= this.durableEnd && attempt.offset >= log.logEndOffset,
          `${attempt.values[0]} was acknowledged at ${attempt.offset}, synced, and is lost`,
        )
        attempt.isLost = true
      }
    }
    this.#checkProducers(log, batches)
    await this.#checkTimestamps(log, batches)
    this.#resume(log, found)
  }

  #checkEnds(log: PartitionLog, batches: readonly FoundBatch[]): void {
    assert.ok(log.logStartOffset <= this.logStartOffsetMax, `the log starts at ${log.logStartOffset}`)
    assert.ok(log.logEndOffset >= this.durableEnd, `the log ends at ${log.logEndOffset}, ${this.durableEnd} was synced`)
    assert.equal(log.highWatermark, log.logEndOffset)
    const last = batches.at(-1)
    assert.equal(last === undefined ? log.logStartOffset : last.offset + last.values.length, log.logEndOffset)
    assert.ok(
      (batches[0]?.offset ?? log.logStartOffset) <= log.logStartOffset,
      `the log starts at ${log.logStartOffset}, its first batch at ${batches[0]?.offset}`,
    )
  }

  #checkBatches(batches: readonly FoundBatch[]): Map<Attempt, number> {
    const found = new Map<Attempt, number>()
    let next = batches[0]?.offset ?? 0
    for (const batch of batches) {
      assert.equal(batch.offset, next, 'offsets are contiguous')
      next += batch.values.length
      const attempt = this.#attemptOfValue.get(batch.values[0] ?? '')
      assert.ok(attempt !== undefined, `${batch.values[0]} was never sent`)
      assert.ok(!found.has(attempt), `${batch.values[0]} stands twice`)
      found.set(attempt, batch.offset)
      const { producer, producerEpoch, baseSequence, values } = attempt
      assert.deepEqual(batch.values, values)
      assert.deepEqual(
        [batch.producerId, batch.producerEpoch, batch.baseSequence],
        [producer.producerId, producerEpoch, baseSequence],
      )
    }
    return found
  }

  /** Each producer of the batches that are there, as a replay of them would leave it. Others may be known from snapshots. */
  #checkProducers(log: PartitionLog, batches: readonly FoundBatch[]): void {
    const replayed = new Map<number, FoundBatch>()
    for (const batch of batches) if (batch.producerId >= 0) replayed.set(batch.producerId, batch)
    const active = new Map(log.activeProducers().map(producer => [producer.producerId, producer]))
    for (const [producerId, last] of replayed) {
      const producer = active.get(producerId)
      assert.ok(producer !== undefined, `producer ${producerId} is not known any more`)
      assert.deepEqual(
        [producer.producerEpoch, producer.lastSequence, producer.lastTimestamp],
        [last.producerEpoch, last.baseSequence + last.values.length - 1, last.lastTimestamp],
        `producer ${producerId}`,
      )
    }
  }

  /** The time indexes lead to the first record that is not older. */
  async #checkTimestamps(log: PartitionLog, batches: readonly FoundBatch[]): Promise<void> {
    for (const index of [0, batches.length >> 1, batches.length - 1]) {
      const timestamp = batches[index]?.lastTimestamp
      const begin = log.logStartOffset
      if (timestamp === undefined) return
      const first = batches.find(
        batch => batch.lastTimestamp >= timestamp && batch.offset + batch.values.length > begin,
      )
      const answer = await log.findOffset(timestamp)
      const expected = first === undefined ? -1 : Math.max(first.offset, begin)
      if (log.logStartOffset === begin)
        assert.equal(answer.offset, expected, `the first record of ${timestamp} or later`)
    }
  }

  /** The clients' side of a restart: who lost acknowledged batches begins a new epoch, the others send again. */
  #resume(log: PartitionLog, found: ReadonlyMap<Attempt, number>): void {
    const active = log.activeProducers()
    for (const producer of this.producers) {
      const known = active.find(({ producerId }) => producerId === producer.producerId)
      for (const attempt of producer.pending) {
        attempt.isInFlight = false
        // Not acknowledged, but there: sending it again must be answered with where it is.
        attempt.offset = found.get(attempt) ?? -1
        // A log takes a producer's batches in order and loses them from its end: one with a successor was there, and only
        // retention can have taken it.
        const lastSequence = attempt.baseSequence + attempt.values.length - 1
        attempt.isForgotten =
          attempt.offset < 0 &&
          log.logStartOffset > 0 &&
          known?.producerEpoch === attempt.producerEpoch &&
          known.lastSequence > lastSequence
      }
      producer.mustResend = true
      const own = this.#attempts.filter(
        one => one.producer === producer && one.isLost && one.producerEpoch === producer.producerEpoch,
      )
      if (own.length > 0) producer.beginEpoch()
    }
  }
}

async function readAll(log: PartitionLog): Promise<FoundBatch[]> {
  const batches: FoundBatch[] = []
  let offset = log.logStartOffset
  while (offset < log.logEndOffset) {
    const read = await log.read(offset, { maxBytes: 100_000, minOneBatch: true })
    if (offset < log.logStartOffset) {
      // Retention came by meanwhile.
      offset = log.logStartOffset
      batches.length = 0
      continue
    }
    assert.equal(read.errorCode, errorCodes.NONE)
    assert.ok(read.byteLength > 0, `nothing at ${offset} of ${log.logStartOffset} to ${log.logEndOffset}`)
    const bytes = Buffer.concat(read.chunks)
    for (const at of iterateBatches(bytes)) {
      const records = decodeRecords(bytes, at)
      const first = records[0]
      assert.ok(first !== undefined)
      batches.push({
        offset: first.offset,
        producerId: batchProducerId(bytes, at),
        producerEpoch: batchProducerEpoch(bytes, at),
        baseSequence: batchBaseSequence(bytes, at),
        lastTimestamp: batchMaxTimestamp(bytes, at),
        values: records.map(record => record.value?.toString() ?? ''),
      })
      offset = first.offset + records.length
    }
  }
  return batches
}
