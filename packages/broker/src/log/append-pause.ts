import type { AppendResult } from './log-answers.ts'

type Append = () => AppendResult | Promise<AppendResult>

/** Appends that wait, in their order, while their log goes over to the files in another directory: for milliseconds. */
export class AppendPause {
  #waiting: { readonly append: Append; readonly resolve: (result: AppendResult | Promise<AppendResult>) => void }[] = []
  readonly #ended = Promise.withResolvers<void>()

  /** Those that have waited are made then, or refused. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  wait(append: Append): Promise<AppendResult> {
    return new Promise(resolve => this.#waiting.push({ append, resolve }))
  }

  /** Those that wait now are not made: this broker may not take them any more, or the disk failed. */
  refuse(answer: AppendResult): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve(answer)
  }

  /** The log takes appends again: first those that have waited. */
  end(): void {
    for (const { append, resolve } of this.#waiting.splice(0)) resolve(append())
    this.#ended.resolve()
  }
}
