/** Plays seeds against two brokers, many at once, and shrinks what differs. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  findCoordinatorRequest,
  findCoordinatorResponse,
  initProducerIdRequest,
  initProducerIdResponse,
  offsetFetchRequest,
  offsetFetchResponse,
} from '@odradek/protocol'
import { type AllowanceCounts, compareAnswers, type Difference } from './compare.ts'
import { generateSequence } from './generate/sequence.ts'
import { normalise } from './normalise.ts'
import { type Outcome, play } from './play.ts'
import { ask, type Step } from './step.ts'

export interface Ports {
  readonly left: number
  readonly right: number
}

export interface RunOptions {
  readonly seed: number
  readonly sequences: number
  readonly concurrency: number
  /** Stops after so many seeds that differ. */
  readonly failuresMax: number
  readonly onProgress: (done: number, suspects: number) => void
  readonly onFailure: (failure: Failure) => void
}

export interface Failure {
  readonly seed: number
  /** The least steps that still differ, as Kafka got and answered them. */
  readonly outcomes: readonly Outcome[]
  readonly differences: readonly Difference[]
}

export interface RunResult {
  readonly played: number
  readonly requests: number
  /** Versions of each API that were asked. */
  readonly coverage: ReadonlyMap<string, ReadonlySet<number>>
  readonly failures: readonly Failure[]
  /** Seeds that differed once and not again: a matter of timing, on either side. */
  readonly unsteady: readonly Failure[]
  readonly allowances: AllowanceCounts
}

let plays = 0

/** A difference has to show this often again; a busy machine lets a timer fire late once, not always. */
const confirmations = 2
/** So many that it is no use to go on: a broker has died, or an API is broken. */
const suspectsMax = 200
const shrinkPlaysMax = 40

export async function runDifferential(ports: Ports, options: RunOptions): Promise<RunResult> {
  const run = new Run(ports, options)
  await Promise.all([run.warmUp(ports.left), run.warmUp(ports.right)])
  await Promise.all(Array.from({ length: options.concurrency }, () => run.work()))
  await run.confirm()
  return run.result()
}

class Run {
  readonly #ports: Ports
  readonly #options: RunOptions
  readonly #coverage = new Map<string, Set<number>>()
  readonly #suspects: Failure[] = []
  readonly #failures: Failure[] = []
  readonly #unsteady: Failure[] = []
  readonly #allowances: AllowanceCounts = new Map()
  #next = 0
  #done = 0
  #requests = 0

  constructor(ports: Ports, options: RunOptions) {
    this.#ports = ports
    this.#options = options
  }

  /** Until the topic of the committed offsets is there and loaded, and there are producer ids, requests are put off. */
  async warmUp(port: number): Promise<void> {
    const find = ask({ request: findCoordinatorRequest, response: findCoordinatorResponse }, 2, () => ({ key: 'warm' }))
    const deadline = performance.now() + 30_000
    while (performance.now() < deadline) {
      // Enough names to meet each partition of that topic.
      const fetches = Array.from({ length: 20 }, (_, number) =>
        ask({ request: offsetFetchRequest, response: offsetFetchResponse }, 5, () => ({
          groupId: `warm-${number}`,
          topics: null,
        })),
      )
      const producer = ask({ request: initProducerIdRequest, response: initProducerIdResponse }, 0, () => ({
        transactionalId: null,
        transactionTimeoutMs: 1_000,
      }))
      const { outcomes } = await play([find, producer, ...fetches], port)
      if (outcomes.every(({ answer }) => (answer as { errorCode?: number }).errorCode === 0)) return
      await sleep(100)
    }
    throw new Error(`the coordinator on port ${port} was not ready within 30 s`)
  }

  async work(): Promise<void> {
    while (this.#next < this.#options.sequences && this.#suspects.length < suspectsMax) {
      await this.#one(this.#options.seed + this.#next++)
      this.#options.onProgress(++this.#done, this.#suspects.length)
    }
  }

  result(): RunResult {
    return {
      played: this.#done,
      requests: this.#requests,
      coverage: this.#coverage,
      failures: this.#failures,
      unsteady: this.#unsteady,
      allowances: this.#allowances,
    }
  }

  async #one(seed: number): Promise<void> {
    const { outcomes, differences } = await this.#compare(seed, everythingOf(seed))
    this.#requests += outcomes.length
    for (const { step } of outcomes) {
      const versions = this.#coverage.get(step.api) ?? new Set()
      this.#coverage.set(step.api, versions.add(step.version))
    }
    if (differences.length > 0) this.#suspects.push({ seed, outcomes, differences })
  }

  /** Alone, so that no timer fires late for what else is going on: a difference has to show again, and again. */
  async confirm(): Promise<void> {
    for (const suspect of this.#suspects) {
      if (this.#failures.length >= this.#options.failuresMax) return
      const { seed } = suspect
      const everything = everythingOf(seed)
      let isConfirmed = true
      for (let again = 0; again < confirmations && isConfirmed; again++) {
        isConfirmed = (await this.#compare(seed, everything)).differences.length > 0
      }
      if (!isConfirmed) {
        this.#unsteady.push(suspect)
        continue
      }
      const failure = { seed, ...(await this.#shrink(seed, everything)) }
      this.#failures.push(failure)
      this.#options.onFailure(failure)
    }
  }

  async #compare(seed: number, indexes: readonly number[]): Promise<Omit<Failure, 'seed'>> {
    const prefix = `diff-${++plays}-`
    const all = generateSequence(seed, prefix)
    const steps: Step[] = indexes.flatMap(index => all[index] ?? [])
    const [left, right] = await Promise.all([play(steps, this.#ports.left), play(steps, this.#ports.right)])
    const differences = compareAnswers(
      left.outcomes,
      normalise(left, prefix),
      normalise(right, prefix),
      this.#allowances,
    )
    return { outcomes: left.outcomes, differences }
  }

  /** Leaves out ever smaller runs of steps as long as the same thing still differs. */
  async #shrink(seed: number, everything: readonly number[]): Promise<Omit<Failure, 'seed'>> {
    let least = everything
    let found = await this.#compare(seed, least)
    const wanted = new Set(found.differences.map(kindOf))
    let playsLeft = shrinkPlaysMax
    for (let size = Math.ceil(least.length / 2); size >= 1; size = Math.floor(size / 2)) {
      for (let from = least.length - size; from >= 0 && playsLeft > 0; from -= size) {
        playsLeft--
        const fewer = [...least.slice(0, from), ...least.slice(from + size)]
        const outcome = await this.#compare(seed, fewer)
        if (!outcome.differences.some(difference => wanted.has(kindOf(difference)))) continue
        least = fewer
        found = outcome
      }
    }
    return found
  }
}

/** The same trouble, wherever in the sequence and in the answer: shrinking must not slip from one to another. */
function kindOf({ api, path }: Difference): string {
  return `${api} ${path.replaceAll(/\d+/g, '')}`
}

function everythingOf(seed: number): number[] {
  return generateSequence(seed, '').map((_, index) => index)
}
