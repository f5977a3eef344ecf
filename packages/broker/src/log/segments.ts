import type { Segment } from './segment.ts'

/** A partition's segments by base offset; the last one is active. Never empty once the log is loaded. */
export class Segments {
  #list: Segment[] = []

  get all(): readonly Segment[] {
    return this.#list
  }

  get count(): number {
    return this.#list.length
  }

  get first(): Segment {
    return this.#at(0)
  }

  get active(): Segment {
    return this.#at(this.#list.length - 1)
  }

  get sizeBytes(): number {
    let bytes = 0
    for (const segment of this.#list) bytes += segment.sizeBytes
    return bytes
  }

  /** Behind all the others. */
  add(segment: Segment): void {
    this.#list.push(segment)
  }

  /** Index of the segment whose range holds `offset`: the last one that begins at or below it; -1 below all. */
  floorIndex(offset: number): number {
    let low = -1
    let high = this.#list.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#at(middle).baseOffset <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  remove(segments: readonly Segment[]): void {
    const gone = new Set(segments)
    this.#list = this.#list.filter(segment => !gone.has(segment))
  }

  /** Puts `next` in the place of the segments in `old`. */
  replace(old: readonly Segment[], next: readonly Segment[]): void {
    this.remove(old)
    this.#list = [...this.#list, ...next].sort((a, b) => a.baseOffset - b.baseOffset)
  }

  #at(index: number): Segment {
    const segment = this.#list[index]
    if (segment === undefined) throw new Error(`a log without segment ${index}`)
    return segment
  }
}
