import { AckQueue } from './ack-queue.ts'
import { type AppendResult, notLeaderResult } from './log-answers.ts'

/**
 * How far a log is committed, and the appends that wait for it.
 *
 *     #offset                   min(#localEndOffset, #limit): where it goes at once, and never back
 *     #localEndOffset           written here, and synced where flush.messages says so: acks=1 waits for it
 *     #limit                    what replication allows: as a leader what all in-sync replicas have, as a follower what its
 *                               leader has committed; no limit while this broker is the only in-sync replica
 */
export class HighWatermark {
  readonly #advanced: () => void
  readonly #committed = new AckQueue()
  readonly #local = new AckQueue()
  #offset: number
  #localEndOffset: number
  #limit = Number.MAX_SAFE_INTEGER

  constructor(logEndOffset: number, advanced: () => void) {
    this.#offset = logEndOffset
    this.#localEndOffset = logEndOffset
    this.#advanced = advanced
  }

  get offset(): number {
    return this.#offset
  }

  get localEndOffset(): number {
    return this.#localEndOffset
  }

  /** Moves the high watermark up as far as it may go now. */
  set limit(limit: number) {
    this.#limit = limit
    this.#advance()
  }

  localEndMoved(offset: number): void {
    this.#localEndOffset = offset
    if (!this.#local.isEmpty) this.#local.release(offset)
    this.#advance()
  }

  #advance(): void {
    const offset = this.#localEndOffset < this.#limit ? this.#localEndOffset : this.#limit
    if (offset <= this.#offset) return
    this.#offset = offset
    if (!this.#committed.isEmpty) this.#committed.release(offset)
    this.#advanced()
  }

  /** `result` now, or once all below its end is where `acks` wants it. */
  acknowledge(result: AppendResult, acks: 'leader' | 'all'): AppendResult | Promise<AppendResult> {
    const endOffset = result.lastOffset + 1
    if (acks === 'leader') {
      return endOffset <= this.#localEndOffset ? result : this.#local.wait(endOffset, result)
    }
    return endOffset <= this.#offset ? result : this.#committed.wait(endOffset, result)
  }

  /** Sets the limit, and puts a high watermark that is beyond it back: nobody has been told of it yet. */
  restrict(limit: number): void {
    this.#limit = limit
    this.#offset = Math.min(this.#offset, limit)
  }

  /**
   * The log has been opened anew, or cut back: this is the one way in which the high watermark goes back. What is waited for may not be
   * there any more, and would hold up those who wait for less.
   */
  reset({ logEndOffset, highWatermark }: { logEndOffset: number; highWatermark: number }): void {
    this.#localEndOffset = logEndOffset
    this.#offset = Math.min(highWatermark, logEndOffset)
    this.fail(notLeaderResult)
  }

  /** Tells all that wait. */
  fail(answer: AppendResult): void {
    this.#local.fail(answer)
    this.#committed.fail(answer)
  }

  /** Tells those that wait for the other replicas; what waits for this broker's own disk goes on waiting. */
  failCommits(answer: AppendResult): void {
    this.#committed.fail(answer)
  }
}
