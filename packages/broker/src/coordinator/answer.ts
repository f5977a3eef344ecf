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
