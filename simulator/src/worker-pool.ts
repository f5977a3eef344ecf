import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { Outcome } from './history.ts'
import type { Replay } from './replay.ts'

/** A history that takes longer than this of real time goes round in circles. */
const hangsAfterMs = 300_000

/** Runs histories in processes of their own, as many at a time as there are workers. */
export class WorkerPool {
  readonly #idle: Worker[] = []
  readonly #waiting: (() => void)[] = []
  readonly #max: number
  #busy = 0

  constructor(workers: number) {
    this.#max = workers
  }

  async run(replay: Replay): Promise<Outcome> {
    if (this.#busy >= this.#max) await new Promise<void>(resolve => this.#waiting.push(resolve))
    else this.#busy++
    const worker = this.#take(replay.mutation)
    const outcome = await worker.run(replay)
    if (worker.isUsable) this.#idle.push(worker)
    const next = this.#waiting.shift()
    if (next === undefined) this.#busy--
    else next()
    return outcome
  }

  close(): void {
    for (const worker of this.#idle) worker.close()
  }

  #take(mutation: string | undefined): Worker {
    const at = this.#idle.findIndex(worker => worker.mutation === mutation)
    const [found] = at < 0 ? [] : this.#idle.splice(at, 1)
    if (found !== undefined) return found
    // One with another mutation is of no use any more.
    if (this.#idle.length >= this.#max) this.#idle.shift()?.close()
    return new Worker(mutation)
  }
}

class Worker {
  readonly mutation: string | undefined
  readonly #process: ChildProcess
  #errors = ''
  isUsable = true

  constructor(mutation: string | undefined) {
    this.mutation = mutation
    const args = mutation === undefined ? [] : [mutation]
    this.#process = fork(join(import.meta.dirname, 'worker.ts'), args, {
      execArgv: [],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
    this.#process.stderr?.on('data', chunk => {
      this.#errors = (this.#errors + chunk).slice(-4000)
    })
  }

  run(replay: Replay): Promise<Outcome> {
    return new Promise(resolve => {
      const end = (outcome: Outcome) => {
        clearTimeout(timer)
        this.#process.removeAllListeners()
        resolve(outcome)
      }
      const lost = (invariant: string, text: string) => {
        this.isUsable = false
        this.#process.kill('SIGKILL')
        end({ ...nothing, seed: replay.seed, failure: { invariant, text } })
      }
      const timer = setTimeout(() => lost('no history hangs', `no end within ${hangsAfterMs} ms`), hangsAfterMs)
      this.#process.once('message', message => end(message as Outcome))
      this.#process.once('exit', code => lost('no bug shows', `the process ended with ${code}: ${this.#errors}`))
      this.#process.send(replay)
    })
  }

  close(): void {
    this.#process.removeAllListeners()
    this.#process.disconnect()
  }
}

const nothing = { traceHash: '', virtualMs: 0, events: 0, faults: 0, acknowledged: 0, generations: 0 }
