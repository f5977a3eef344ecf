import type { Clock, Timer } from '@odradek/platform'
import { errorCodes } from '@odradek/protocol'
import type { DeletionPurgatory } from './deletion-purgatory.ts'
import type { Partition } from './partition.ts'
import type { PartitionRegistry } from './partition-registry.ts'

/** What a partition answers to DeleteRecords. */
export interface DeletionAnswer {
  readonly partitionIndex: number
  errorCode: number
  /** -1 with an error. With REQUEST_TIMED_OUT, as in Kafka, what it was right after the leader had moved its log start. */
  lowWatermark: number
}

interface Awaited {
  /** Where the low watermark has to come. */
  readonly offset: number
  readonly answer: DeletionAnswer
}

/**
 * One DeleteRecords request at work. The leaders, which are here, move their log starts at once; a partition is done when its live
 * followers have, too: whichever of them is elected next, what was deleted does not come back.
 */
export class RecordDeletion {
  readonly #registry: PartitionRegistry
  readonly #purgatory: DeletionPurgatory
  readonly #clock: Clock
  /** A request may name a partition twice. */
  readonly #awaited = new Map<Partition, Awaited[]>()
  #timer: Timer | null = null
  #resolve: () => void = () => {}

  constructor(options: { registry: PartitionRegistry; purgatory: DeletionPurgatory; clock: Clock }) {
    this.#registry = options.registry
    this.#purgatory = options.purgatory
    this.#clock = options.clock
  }

  /** The partitions that are not done yet. */
  get partitions(): Iterable<Partition> {
    return this.#awaited.keys()
  }

  /** Has the leader move its log start. What it answers is final when `wait` has resolved. */
  begin(partition: Partition, beforeOffset: number): DeletionAnswer {
    const { errorCode, requiredOffset: offset, lowWatermark } = partition.deleteRecords(beforeOffset)
    const answer = { partitionIndex: partition.index, errorCode, lowWatermark }
    if (errorCode === errorCodes.NONE && lowWatermark < offset) {
      const awaited = this.#awaited.get(partition)
      if (awaited === undefined) this.#awaited.set(partition, [{ offset, answer }])
      else awaited.push({ offset, answer })
    }
    return answer
  }

  /** Null: all is done, as always without other replicas. */
  wait(timeoutMs: number): Promise<void> | null {
    if (this.#awaited.size === 0) return null
    return new Promise(resolve => {
      this.#resolve = resolve
      this.#timer = this.#clock.after(Math.max(0, timeoutMs), () => this.end())
      this.#purgatory.park(this)
    })
  }

  /** For the purgatory: something has happened to a partition. */
  check(partition: Partition): void {
    const awaited = this.#awaited.get(partition)
    if (awaited === undefined) return
    const problem = this.#problem(partition)
    const { lowWatermark } = partition
    const left = awaited.filter(({ offset, answer }) => {
      if (problem === errorCodes.NONE && lowWatermark < offset) return true
      answer.errorCode = problem
      answer.lowWatermark = problem === errorCodes.NONE ? lowWatermark : -1
      return false
    })
    if (left.length > 0) this.#awaited.set(partition, left)
    else this.#forget(partition)
    if (this.#awaited.size === 0) this.#finish()
  }

  /** Why it will not be known here whether it is done. */
  #problem(partition: Partition): number {
    const { topic, index, log } = partition
    if (this.#registry.get(topic, index) !== partition) return this.#registry.problem(topic, index)
    if (log.offlineReason !== null) return errorCodes.KAFKA_STORAGE_ERROR
    return partition.isLeader ? errorCodes.NONE : errorCodes.NOT_LEADER_OR_FOLLOWER
  }

  /** Nobody waits any more: the time is over, or the client gone, or the broker stops. */
  end(): void {
    for (const [partition, awaited] of this.#awaited) {
      for (const { answer } of awaited) answer.errorCode = errorCodes.REQUEST_TIMED_OUT
      this.#forget(partition)
    }
    this.#finish()
  }

  #forget(partition: Partition): void {
    this.#awaited.delete(partition)
    this.#purgatory.remove(this, partition)
  }

  #finish(): void {
    this.#timer?.cancel()
    this.#resolve()
  }
}
