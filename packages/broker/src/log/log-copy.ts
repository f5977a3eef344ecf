import { batchBaseOffset, batchBytes, errorCodes } from '@odradek/protocol'
import type { MoveThrottle } from './move-throttle.ts'
import type { PartitionLog, PartitionLogListener } from './partition-log.ts'

/** Of one read: what is copied before others have their turn. */
const copyBytes = 1024 * 1024
/** A copy takes what its source has, whoever was its leader. */
const anyEpoch = 0x7fffffff

export type CopyStep =
  /** There was something to do. */
  | 'copied'
  /** All that was written when it looked is there. */
  | 'level'
  /** One of the two logs is offline, for now or for good. */
  | 'offline'
  /** The source has what cannot be copied. */
  | 'corrupt'

/** A log in another directory that becomes like its source, which goes on to be written, cut back and trimmed. */
export class LogCopy implements PartitionLogListener {
  readonly source: PartitionLog
  readonly copy: PartitionLog
  /** The source was cut back here; Infinity when it was not since the last step. */
  #cutOffset = Number.POSITIVE_INFINITY
  #isEmptied = false
  /** What the copy has, the source has too. */
  #isChecked: boolean
  readonly #throttle: MoveThrottle

  constructor(options: { source: PartitionLog; copy: PartitionLog; isNew: boolean; throttle: MoveThrottle }) {
    const { source, copy } = options
    this.source = source
    this.copy = copy
    this.#isChecked = options.isNew
    this.#throttle = options.throttle
    source.listen(this)
    // Until its source says how far it is.
    copy.lowerHighWatermark()
  }

  highWatermarkAdvanced(): void {}

  close(): void {
    this.source.unlisten(this)
  }

  cutBack(_log: PartitionLog, { offset, isEmptied }: { offset: number; isEmptied: boolean }): void {
    this.#cutOffset = Math.min(this.#cutOffset, offset)
    this.#isEmptied ||= isEmptied
  }

  get lag(): number {
    return Math.max(this.source.logEndOffset - this.copy.logEndOffset, 0)
  }

  /** About so much is still to be copied. */
  get lagBytes(): number {
    return this.source.bytesFrom(this.copy.logEndOffset)
  }

  /** One read and one append, or what has to be done before. */
  async step(): Promise<CopyStep> {
    const { source, copy } = this
    if (source.offlineReason !== null || copy.offlineReason !== null) return 'offline'
    if (!this.#isChecked) return await this.#check()
    if (this.#isEmptied || this.#cutOffset < copy.logEndOffset) return await this.#cut()
    this.#cutOffset = Number.POSITIVE_INFINITY
    this.#follow()
    if (copy.logEndOffset === source.logEndOffset) return 'level'
    const read = await source.read(copy.logEndOffset, {
      endOffset: source.logEndOffset,
      maxBytes: Math.min(copyBytes, this.#throttle.bytesAtOnce),
      minOneBatch: true,
    })
    // Retention was quicker.
    if (read.errorCode === errorCodes.OFFSET_OUT_OF_RANGE) return await this.#startAnew(source.logStartOffset)
    if (read.errorCode !== errorCodes.NONE) return 'offline'
    this.#throttle.record(read.byteLength)
    try {
      for (const chunk of read.chunks) {
        const errorCode = await this.#append(chunk)
        if (errorCode !== errorCodes.NONE) return errorCode === errorCodes.KAFKA_STORAGE_ERROR ? 'offline' : 'corrupt'
      }
    } finally {
      read.release?.()
    }
    this.#follow()
    return 'copied'
  }

  async #append(chunk: Buffer): Promise<number> {
    const { copy } = this
    const { errorCode } = await copy.appendAsFollower(chunk, { leaderEpoch: anyEpoch })
    // The source begins within a batch: an empty copy begins with all of it.
    const isWithin = errorCode === errorCodes.OFFSET_OUT_OF_RANGE && copy.logStartOffset === copy.logEndOffset
    if (!isWithin) return errorCode
    if (!(await copy.startAnewAt(batchBaseOffset(chunk, 0)))) return errorCodes.KAFKA_STORAGE_ERROR
    return (await copy.appendAsFollower(chunk, { leaderEpoch: anyEpoch })).errorCode
  }

  #follow(): void {
    this.copy.highWatermarkLimit = this.source.highWatermark
    this.copy.followLogStart(this.source.logStartOffset)
  }

  async #cut(): Promise<CopyStep> {
    const offset = this.#cutOffset
    const isEmptied = this.#isEmptied
    this.#cutOffset = Number.POSITIVE_INFINITY
    this.#isEmptied = false
    if (isEmptied) return await this.#startAnew(this.source.logStartOffset)
    return (await this.copy.truncateTo(offset)) ? 'copied' : 'offline'
  }

  async #startAnew(offset: number): Promise<CopyStep> {
    return (await this.copy.startAnewAt(offset)) ? 'copied' : 'offline'
  }

  /**
   * A copy from an earlier life. Where its last batch is the source's, too, all before it is: batches have their leader's epoch,
   * and a leader gives an offset once. Else a power loss, or a cut that the copy has not seen, has parted them.
   */
  async #check(): Promise<CopyStep> {
    const { source, copy } = this
    const last = copy.logEndOffset - 1
    const isSame = last >= copy.logStartOffset && last < source.logEndOffset && (await this.#sharesBatch(last))
    this.#isChecked = true
    return isSame ? 'copied' : await this.#startAnew(source.logStartOffset)
  }

  async #sharesBatch(offset: number): Promise<boolean> {
    const [own, theirs] = [await firstBatch(this.copy, offset), await firstBatch(this.source, offset)]
    return own !== null && theirs !== null && own.equals(theirs)
  }
}

async function firstBatch(log: PartitionLog, offset: number): Promise<Buffer | null> {
  const read = await log.read(offset, { endOffset: log.logEndOffset, maxBytes: 1, minOneBatch: true })
  const [chunk] = read.chunks
  const batch = chunk === undefined ? null : Buffer.from(chunk.subarray(0, batchBytes(chunk, 0)))
  read.release?.()
  return batch
}
