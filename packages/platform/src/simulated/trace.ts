/** A running hash of all that happened. Two runs of one seed must end with the same. */
export class Trace {
  #low = 0x811c9dc5
  #high = 0x1b873593
  readonly #number = new Float64Array(1)
  readonly #words = new Uint32Array(this.#number.buffer)
  readonly #texts = new Map<string, number>()

  number(value: number): void {
    this.#number[0] = value
    this.#mix(this.#words[0] ?? 0)
    this.#mix(this.#words[1] ?? 0)
  }

  text(value: string): void {
    let code = this.#texts.get(value)
    if (code === undefined) {
      code = 0x811c9dc5
      for (let at = 0; at < value.length; at++) code = Math.imul(code ^ value.charCodeAt(at), 0x01000193)
      // Names with numbers in them come without end; the few that repeat come early.
      if (this.#texts.size < 10_000) this.#texts.set(value, code)
    }
    this.#mix(code)
  }

  /** Length and a sample: enough to notice other bytes, cheap enough to do for each write. */
  bytes(value: Uint8Array): void {
    this.#mix(value.length)
    const step = Math.max(1, value.length >> 5)
    for (let at = 0; at < value.length; at += step) this.#mix(value[at] ?? 0)
  }

  get hash(): string {
    return (this.#high >>> 0).toString(16).padStart(8, '0') + (this.#low >>> 0).toString(16).padStart(8, '0')
  }

  #mix(word: number): void {
    this.#low = Math.imul(this.#low ^ word, 0x01000193)
    this.#high = Math.imul((this.#high << 5) ^ (this.#high >>> 27) ^ word ^ (this.#low >>> 13), 0x85ebca6b)
  }
}
