/** An answer that may be known already or come later: a plain value where it is, which costs no turn of the microtask queue. */
export class Answer<T> {
  #given: { readonly value: T } | null = null
  #resolve: ((value: T) => void) | null = null

  /** Only the first one counts. */
  give(value: T): void {
    if (this.#given !== null) return
    this.#given = { value }
    this.#resolve?.(value)
  }

  /** Once. */
  take(): T | Promise<T> {
    if (this.#given !== null) return this.#given.value
    return new Promise(resolve => {
      this.#resolve = resolve
    })
  }
}

/** What `use` makes of an answer, at once where the answer is there. */
export function whenAnswered<T, U>(answer: T | Promise<T>, use: (value: T) => U): U | Promise<U> {
  return answer instanceof Promise ? answer.then(use) : use(answer)
}

/** All answers, in order; at once where they are all there. */
export function whenAllAnswered<T>(answers: readonly (T | Promise<T>)[]): readonly T[] | Promise<readonly T[]> {
  const given = answers.filter((answer): answer is T => !(answer instanceof Promise))
  return given.length === answers.length ? given : Promise.all(answers)
}
