import type { Clock } from '@odradek/platform'
import type { PartitionLog } from './partition-log.ts'

/** What all logs need from time to time: retention, flush.ms, and the expiry of producers. */
export class Maintenance {
  readonly #clock: Clock
  readonly #logs: ReadonlyMap<string, PartitionLog>
  /** A log has segments less than before. */
  readonly #deleted: () => void
  #isStopped = false

  constructor(options: { clock: Clock; logs: ReadonlyMap<string, PartitionLog>; deleted: () => void }) {
    this.#clock = options.clock
    this.#logs = options.logs
    this.#deleted = options.deleted
  }

  stop(): void {
    this.#isStopped = true
  }

  applyRetention(): void {
    for (const log of this.#logs.values()) this.#applyRetentionTo(log)
  }

  /** Syncs and renames keep the loop for milliseconds a log: with thousands of them clients have to be served in between. */
  async applyRetentionInTurns(): Promise<void> {
    for (const log of [...this.#logs.values()]) {
      if (this.#isStopped) return
      if (this.#applyRetentionTo(log) > 0) await new Promise<void>(resolve => this.#clock.soon(resolve))
    }
  }

  #applyRetentionTo(log: PartitionLog): number {
    const deleted = log.applyRetention(this.#clock.now())
    if (deleted > 0) this.#deleted()
    return deleted
  }

  flushDue(): void {
    const nowMs = this.#clock.now()
    for (const log of this.#logs.values()) log.flushIfDue(nowMs)
  }

  expireProducers(): void {
    const nowMs = this.#clock.now()
    for (const log of this.#logs.values()) log.expireProducers(nowMs)
  }
}
