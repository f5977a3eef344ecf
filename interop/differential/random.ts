/** Repeatable choices from a seed (mulberry32): the same seed is the same sequence of requests on every machine. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
    // Neighbouring seeds start close to each other; a few rounds part them.
    for (let round = 0; round < 4; round++) this.#next()
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }

  /** A whole number from `least` to `greatest`, both included. */
  int(least: number, greatest: number): number {
    return least + (this.#next() % (greatest - least + 1))
  }

  chance(probability: number): boolean {
    return this.#next() / 0x1_0000_0000 < probability
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.int(0, choices.length - 1)] ?? choices[0]
  }

  /** `usual` most of the time, else one of the edge values. */
  mostly<T>(usual: T, edges: readonly [T, ...T[]], probability = 0.8): T {
    return this.chance(probability) ? usual : this.pick(edges)
  }

  /** Some of the choices in their order, at least one. */
  some<T>(choices: readonly [T, ...T[]]): T[] {
    const chosen = choices.filter(() => this.chance(0.5))
    return chosen.length > 0 ? chosen : [this.pick(choices)]
  }
}
