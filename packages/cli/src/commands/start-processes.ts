import { type ChildProcess, spawn } from 'node:child_process'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { brokerDirectory } from 'odradek'
import { EXIT_USAGE, UsageError } from '../output/failure.ts'
import { printNote, printText } from '../output/print.ts'
import { table } from '../output/table.ts'

/** `odradek start --processes N`: as many brokers of one cluster on this host, each with a process and so a core of its own. */
export interface ProcessesPlan {
  readonly count: number
  /** The command line of `start`, to which the broker's own options are added: of an option given twice the last one counts. */
  readonly args: readonly string[]
  /** HOST:PORT of the first; the others get the ports behind it, or free ones with port 0. */
  readonly listen: string
  /** Directory of all; null for memory. */
  readonly data: string | null
  readonly rack: string | undefined
}

/** A broker that has died is started again after a while: not at once, since it may die of what it finds. */
const restartMs = 1000
const program = fileURLToPath(new URL('../../bin/odradek.js', import.meta.url))
const serves = /^Node (\d+) of cluster \S+ serves on (\S+),.*$/m

/** Resolves when all have ended after `stop`. Rejects when one does not even start; then none is left. */
export async function startProcesses(plan: ProcessesPlan, stop: Promise<unknown>): Promise<void> {
  const supervised = Array.from({ length: plan.count }, (_, index) => new SupervisedBroker(plan, index))
  try {
    const addresses = await Promise.all(supervised.map(broker => broker.start()))
    printText(`${table(['BROKER', 'ADDRESS'], addresses)}\n`)
    const bootstrap = addresses.map(([, address]) => address).join(',')
    printText(`${plan.count} brokers serve on ${bootstrap}. Stop them with Ctrl+C.\n`)
    await stop
  } finally {
    await Promise.all(supervised.map(broker => broker.stop()))
  }
}

class SupervisedBroker {
  readonly #plan: ProcessesPlan
  readonly #index: number
  /** Among the others, for people. */
  readonly #name: string
  #child: ChildProcess | null = null
  #ended: Promise<void> = Promise.resolve()
  #isStopping = false

  constructor(plan: ProcessesPlan, index: number) {
    this.#plan = plan
    this.#index = index
    this.#name = `process ${index + 1} of ${plan.count}`
  }

  /** Resolves to its node id and address when it serves. Rejects when it ends before. */
  start(): Promise<[nodeId: string, address: string]> {
    // A group of its own: Ctrl+C on the terminal reaches this process alone, which passes it on once.
    const child = spawn(process.execPath, [program, ...this.#args()], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      detached: true,
    })
    this.#child = child
    let output = ''
    let isServing = false
    return new Promise((resolve, reject) => {
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        if (isServing) return
        output += text
        const [, nodeId, address] = serves.exec(output) ?? []
        if (nodeId === undefined || address === undefined) return
        isServing = true
        resolve([nodeId, address])
      })
      this.#ended = new Promise(ended => {
        child.once('error', reject)
        child.once('close', (code, signal) => {
          ended()
          const text = `${this.#name} ended with ${code ?? signal}`
          if (!isServing) reject(endedEarly(`${text} before it served`, code))
          else if (!this.#isStopping) this.#restart(text)
        })
      })
    })
  }

  #restart(why: string): void {
    printNote(`odradek: ${why}: starting it again`)
    setTimeout(() => {
      if (this.#isStopping) return
      this.start().catch(error => {
        if (!this.#isStopping) this.#restart(error instanceof Error ? error.message : String(error))
      })
    }, restartMs)
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#child?.kill('SIGTERM')
    await this.#ended
  }

  #args(): string[] {
    const { args, listen, data, rack } = this.#plan
    const at = listen.lastIndexOf(':')
    const port = Number(listen.slice(at + 1))
    const own = port === 0 ? listen : `${listen.slice(0, at)}:${port + this.#index}`
    const directory = data === null ? [] : ['--data', brokerDirectory(data, this.#index + 1)]
    return [...args, '--processes', '1', '--listen', own, ...directory, '--rack', rack ?? hostname()]
  }
}

/** Its child has said why; where that was the command line, it is this one's, too. */
function endedEarly(text: string, code: number | null): Error {
  return code === EXIT_USAGE ? new UsageError(text) : new SupervisedBrokerError(text)
}

/** Has a code, as errors of the world have. */
class SupervisedBrokerError extends Error {
  readonly code = 'broker-ended'
}
