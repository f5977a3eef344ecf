/** Whether events get into a process: they do, they wait until it goes on (SIGSTOP, SIGCONT), or they never will (kill -9). */
export class ProcessGate {
  #state: 'running' | 'paused' | 'dead' = 'running'
  readonly #due: (() => void)[] = []
  readonly #death = Promise.withResolvers<void>()

  /** Resolves when the process is killed. */
  get died(): Promise<void> {
    return this.#death.promise
  }

  get isRunning(): boolean {
    return this.#state === 'running'
  }

  get isDead(): boolean {
    return this.#state === 'dead'
  }

  readonly enter = (event: () => void): void => {
    if (this.#state === 'running') event()
    else if (this.#state === 'paused') this.#due.push(event)
  }

  /** The promise as code of the process sees it. */
  settle<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        value => this.enter(() => resolve(value)),
        error => this.enter(() => reject(error)),
      )
    })
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'paused'
  }

  resume(): void {
    if (this.#state !== 'paused') return
    this.#state = 'running'
    for (let event = this.#due.shift(); event !== undefined; event = this.#due.shift()) event()
  }

  kill(): void {
    this.#state = 'dead'
    this.#due.length = 0
    this.#death.resolve()
  }
}
