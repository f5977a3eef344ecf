/** What is being done, on standard error, so that the table alone is on standard output. */
export class Progress {
  readonly #startedAt = performance.now()

  say(what: string): void {
    const seconds = ((performance.now() - this.#startedAt) / 1000).toFixed(0)
    process.stderr.write(`[${seconds.padStart(4)} s] ${what}\n`)
  }
}
