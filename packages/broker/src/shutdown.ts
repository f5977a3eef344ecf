import type { Clock } from '@odradek/platform'
import type { Logger } from './logger.ts'

interface Step {
  readonly what: string
  readonly close: () => void | Promise<void>
}

/** A disk that does not answer must not keep a process from ending. */
const stepMs = 30_000

/** What was opened, to be closed in the opposite order. Runs once; a step that fails or hangs does not stop the others. */
export class Shutdown {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #steps: Step[] = []
  #done: Promise<void> | null = null

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
  }

  add(what: string, close: Step['close']): void {
    this.#steps.push({ what, close })
  }

  run(): Promise<void> {
    this.#done ??= this.#run()
    return this.#done
  }

  async #run(): Promise<void> {
    for (const step of this.#steps.toReversed()) await this.#close(step)
  }

  #close({ what, close }: Step): Promise<void> {
    return new Promise(resolve => {
      const deadline = this.#clock.after(stepMs, () => {
        this.#logger.error('gave up closing', { what, afterMs: stepMs })
        resolve()
      })
      const closing = Promise.resolve().then(close)
      closing
        .catch(error => this.#logger.error('could not close', { what, error }))
        .finally(() => {
          deadline.cancel()
          resolve()
        })
    })
  }
}
