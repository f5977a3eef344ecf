import { ByteRate } from './byte-rate.ts'

export interface ByteQuotaConfig {
  readonly samples: number
  readonly sampleMs: number
  /** Asked at each use. */
  readonly bytesPerSecondMax: () => number
}

/**
 * How much may still be copied of what shares a rate.
 *
 * Pure, but for the limit. The time comes in as an argument.
 */
export class ByteQuota {
  readonly #config: ByteQuotaConfig
  readonly #rate: ByteRate

  constructor(config: ByteQuotaConfig) {
    this.#config = config
    this.#rate = new ByteRate(config)
  }

  isExceeded(nowMs: number): boolean {
    return this.#rate.perSecond(nowMs) > this.#config.bytesPerSecondMax()
  }

  /**
   * What may be copied at once, but for a first batch: a sample's share. Kafka lets whole fetches pass, of megabytes, and forgets
   * them after all the samples' time: so a low rate does not hold there.
   */
  get bytesAtOnce(): number {
    return Math.max(1, Math.floor((this.#config.bytesPerSecondMax() * this.#config.sampleMs) / 1000))
  }

  record(bytes: number, nowMs: number): void {
    this.#rate.record(bytes, nowMs)
  }
}
