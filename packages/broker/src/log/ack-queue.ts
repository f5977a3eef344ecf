import type { AppendResult } from './log-answers.ts'

interface Waiting {
  readonly endOffset: number
  readonly result: AppendResult
  readonly resolve: (result: AppendResult) => void
}

/** Appends that wait for the disk, in the order of their offsets. */
export class AckQueue {
  #waiting: Waiting[] = []

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /** Resolves with `result` once all below `endOffset` is done. */
  wait(endOffset: number, result: AppendResult): Promise<AppendResult> {
    return new Promise(resolve => this.#waiting.push({ endOffset, result, resolve }))
  }

  release(doneOffset: number): void {
    let count = 0
    for (const { endOffset, result, resolve } of this.#waiting) {
      // A duplicate waits for an older offset than those that came before it; it goes with them.
      if (endOffset > doneOffset) break
      resolve(result)
      count++
    }
    if (count > 0) this.#waiting = this.#waiting.slice(count)
  }

  fail(answer: AppendResult): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { resolve } of waiting) resolve(answer)
  }
}
