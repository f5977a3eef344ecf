import type { Random } from '../random.ts'

/** A seeded source (sfc32, Chris Doty-Humphrey's small fast counting generator). Not for secrets. */
export class SeededRandom implements Random {
  readonly #seed: string
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: string | number) {
    this.#seed = String(seed)
    this.#a = hash(this.#seed, 0x9e3779b9)
    this.#b = hash(this.#seed, 0x243f6a88)
    this.#c = hash(this.#seed, 0xb7e15162)
    for (let round = 0; round < 12; round++) this.uint32()
  }

  /** Another source, of this seed and the name alone: what was drawn here so far does not matter. */
  split(name: string): SeededRandom {
    return new SeededRandom(`${this.#seed}/${name}`)
  }

  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return sum >>> 0
  }

  /** In [0, 1). */
  fraction(): number {
    return this.uint32() / 2 ** 32
  }

  integer(bound: number): number {
    return Math.floor(this.fraction() * bound)
  }

  /** In [low, high), fractional. */
  between([low, high]: Range): number {
    return low + this.fraction() * (high - low)
  }

  chance(probability: number): boolean {
    return probability > 0 && this.fraction() < probability
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.integer(choices.length)]
    if (choice === undefined) throw new Error('there is nothing to pick from')
    return choice
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length)
    for (let at = 0; at < length; at++) bytes[at] = this.uint32()
    return bytes
  }
}

export type Range = readonly [low: number, high: number]

/** FNV-1a with an avalanche at the end. */
function hash(text: string, basis: number): number {
  let value = basis
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x7feb352d)
  value = Math.imul(value ^ (value >>> 15), 0x846ca68b)
  return value ^ (value >>> 16)
}
