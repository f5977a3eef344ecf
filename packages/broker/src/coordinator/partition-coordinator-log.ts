import { batchBytes, batchLastOffset, errorCodes, iterateBatches } from '@odradek/protocol'
import type { AppendResult, LogRead, PartitionLog } from '../log/partition-log.ts'
import { whenAnswered } from './answer.ts'
import type { CoordinatorLog } from './coordinator-log.ts'

/** So much is read at a time: decoding it keeps the loop for some milliseconds. */
const replayChunkBytes = 1024 * 1024

/** What a coordinator needs of a partition on this broker (replication's `Partition`, which wakes the fetches that wait). */
export interface CoordinatorPartition {
  readonly isLeader: boolean
  readonly log: Pick<PartitionLog, 'logStartOffset' | 'logEndOffset' | 'whenCommitted' | 'config' | 'read'>
  append(records: Buffer, origin: 'coordinator'): AppendResult | Promise<AppendResult>
}

export class PartitionCoordinatorLog implements CoordinatorLog {
  readonly #partition: CoordinatorPartition

  constructor(partition: CoordinatorPartition) {
    this.#partition = partition
  }

  get isEmpty(): boolean {
    const { log } = this.#partition
    return log.logStartOffset === log.logEndOffset
  }

  get batchBytesMax(): number {
    return this.#partition.log.config.maxMessageBytes
  }

  append(batches: Buffer): number | Promise<number> {
    if (!this.#partition.isLeader) return errorCodes.NOT_LEADER_OR_FOLLOWER
    // The log takes one batch at a time. They get their offsets in order; where one fails, those behind it must not be there.
    let outcome: number | Promise<number> = errorCodes.NONE
    for (const at of iterateBatches(batches)) {
      const result = this.#partition.append(batches.subarray(at, at + batchBytes(batches, at)), 'coordinator')
      if (!(result instanceof Promise) && result.errorCode !== errorCodes.NONE) return result.errorCode
      outcome = bothOf(
        outcome,
        whenAnswered(result, ({ errorCode }) => errorCode),
      )
    }
    return outcome
  }

  /**
   * Answers at once for as long as the log does. A leader that has just begun may not know yet that what an earlier one
   * committed is: what is there is waited for before it is believed.
   */
  replay(onBatches: (batches: Buffer) => void): number | Promise<number> {
    const endOffset = this.#partition.log.logEndOffset
    const committed = this.#partition.log.whenCommitted(endOffset)
    const replayed = (errorCode: number) =>
      errorCode === errorCodes.NONE ? this.#replayTo(endOffset, onBatches) : errorCode
    return committed instanceof Promise ? committed.then(replayed) : replayed(committed)
  }

  #replayTo(endOffset: number, onBatches: (batches: Buffer) => void): number | Promise<number> {
    const { log } = this.#partition
    let offset = log.logStartOffset
    const take = (read: LogRead): number | null => {
      if (read.errorCode !== errorCodes.NONE) return read.errorCode
      const before = offset
      for (const chunk of read.chunks) {
        onBatches(chunk)
        offset = Math.max(offset, endOfBatches(chunk))
      }
      // The log holds more than it gives: with half of its records, groups would be what they never were.
      return offset > before ? null : errorCodes.KAFKA_STORAGE_ERROR
    }
    const proceed = (): number | Promise<number> => {
      while (offset < endOffset) {
        const read = log.read(offset, { maxBytes: replayChunkBytes, minOneBatch: true, endOffset })
        if (read instanceof Promise) return read.then(take).then(outcome => outcome ?? proceed())
        const outcome = take(read)
        if (outcome !== null) return outcome
      }
      return errorCodes.NONE
    }
    return proceed()
  }
}

/** The first error, if there is one. */
function bothOf(first: number | Promise<number>, second: number | Promise<number>): number | Promise<number> {
  if (!(first instanceof Promise) && !(second instanceof Promise)) return first === errorCodes.NONE ? second : first
  return Promise.all([first, second]).then(([one, two]) => (one === errorCodes.NONE ? two : one))
}

/** The offset behind the last batch. */
function endOfBatches(batches: Buffer): number {
  let end = -1
  for (const at of iterateBatches(batches)) end = batchLastOffset(batches, at) + 1
  return end
}
