/** What was counted between two times. */
interface Sample {
  readonly startMs: number
  lastMs: number
  bytes: number
}

/**
 * Bytes a second over the last so many samples, as Kafka's quotas count them: all that the samples hold, over the time since the
 * first of them began. A sample without bytes is none, so who was idle has saved nothing up.
 *
 * Pure. The time comes in as an argument.
 */
export class ByteRate {
  readonly #sampleMs: number
  readonly #keptMs: number
  /** In order of time, none of them empty. */
  readonly #samples: Sample[] = []
  #bytes = 0

  constructor({ samples, sampleMs }: { readonly samples: number; readonly sampleMs: number }) {
    this.#sampleMs = sampleMs
    this.#keptMs = samples * sampleMs
  }

  record(bytes: number, nowMs: number): void {
    if (bytes <= 0) return
    this.#forget(nowMs)
    const current = this.#samples.at(-1)
    if (current === undefined || nowMs - current.startMs >= this.#sampleMs) {
      this.#samples.push({ startMs: nowMs, lastMs: nowMs, bytes })
    } else {
      current.bytes += bytes
      current.lastMs = nowMs
    }
    this.#bytes += bytes
  }

  /** What came within less than one sample counts as if it had taken a whole one. */
  perSecond(nowMs: number): number {
    this.#forget(nowMs)
    const [first] = this.#samples
    if (first === undefined) return 0
    return (this.#bytes * 1000) / Math.max(nowMs - first.startMs, this.#sampleMs)
  }

  #forget(nowMs: number): void {
    for (let [first] = this.#samples; first !== undefined; [first] = this.#samples) {
      if (nowMs - first.lastMs < this.#keptMs) return
      this.#bytes -= first.bytes
      this.#samples.shift()
    }
  }
}
