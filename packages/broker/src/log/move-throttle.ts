import type { Clock } from '@odradek/platform'
import { ByteQuota, type ByteQuotaConfig } from '../core/partition/byte-quota.ts'

/** While the rate is exceeded it is looked at so often. */
const heldBackMs = 100

/** How much the moves of a broker may copy between its directories, all together. */
export class MoveThrottle {
  readonly #clock: Clock
  readonly #quota: ByteQuota

  constructor(clock: Clock, config: ByteQuotaConfig) {
    this.#clock = clock
    this.#quota = new ByteQuota(config)
  }

  /** For how long a move has to wait before it may ask again. */
  get waitMs(): number {
    return this.#quota.isExceeded(this.#clock.monotonic()) ? heldBackMs : 0
  }

  /** What a move may copy before it asks again, but for a first batch. */
  get bytesAtOnce(): number {
    return this.#quota.bytesAtOnce
  }

  record(bytes: number): void {
    this.#quota.record(bytes, this.#clock.monotonic())
  }
}
