/** Which member of a group has received which value. */
export class Deliveries {
  readonly #receivers = new Map<string, string[]>()
  readonly #counts = new Map<string, number>()
  #wake: () => void = () => {}

  note(member: string, value: string): void {
    const receivers = this.#receivers.get(value)
    if (receivers === undefined) this.#receivers.set(value, [member])
    else receivers.push(member)
    this.#counts.set(member, this.countOf(member) + 1)
    this.#wake()
  }

  /** How many values the member has received, repeated ones included. */
  countOf(member: string): number {
    return this.#counts.get(member) ?? 0
  }

  receiversOf(values: readonly string[]): ReadonlyMap<string, readonly string[]> {
    return new Map(values.map(value => [value, this.#receivers.get(value) ?? []]))
  }

  /** Resolves when somebody has received each of the values. */
  async all(values: readonly string[], timeoutMs = 30_000): Promise<void> {
    const missing = new Set(values)
    const late = AbortSignal.timeout(timeoutMs)
    while (true) {
      for (const value of missing) if (this.#receivers.has(value)) missing.delete(value)
      if (missing.size === 0) return
      if (late.aborted) {
        const some = [...missing].slice(0, 3).map(value => value.slice(0, 40))
        throw new Error(
          `${missing.size} of ${values.length} records were not received in ${timeoutMs} ms: ${some.join(', ')} …`,
        )
      }
      await new Promise<void>(resolve => {
        this.#wake = resolve
        late.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }
}
