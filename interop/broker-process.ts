/**
 * A broker as a child process, whichever it is: started on a port that it keeps, ready when it answers a client,
 * stopped, killed and started again on the same data.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createConnection } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface BrokerLaunch {
  readonly program: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface BrokerProcessOptions {
  readonly name: string
  /** Loopback, unless it is told otherwise. */
  readonly host?: string
  readonly port: number
  /** Holds everything the process writes; removed by `stop`. */
  readonly directory: string
  readonly launch: BrokerLaunch
  /** How `stop` ends it: the data is thrown away, so only a broker whose own way to stop is under test has to take it. */
  readonly stopSignal: 'SIGTERM' | 'SIGKILL'
}

/** Ends the broker processes of a test run that is itself ended before it could stop them. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
// A signal alone ends a process without its exit handlers.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))

export class BrokerProcess {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly directory: string
  readonly #launch: BrokerLaunch
  readonly #stopSignal: BrokerProcessOptions['stopSignal']
  #child: ChildProcess | undefined

  constructor({ name, host = '127.0.0.1', port, directory, launch, stopSignal }: BrokerProcessOptions) {
    this.name = name
    this.host = host
    this.port = port
    this.directory = directory
    this.#launch = launch
    this.#stopSignal = stopSignal
  }

  /** What clients take as `bootstrap.servers`. */
  get bootstrap(): string {
    return `${this.host}:${this.port}`
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.name} is not running`)
    return this.#child.pid
  }

  /** Why it is not running any more, with the end of what it printed; null while it runs. */
  get obituary(): string | null {
    const child = this.#child
    if (child === undefined || !hasEnded(child)) return null
    return `${this.name} ended with ${child.exitCode ?? child.signalCode}\n${this.#tail()}`
  }

  /** What it printed, over all its starts. */
  get output(): string {
    return readFileSync(path.join(this.directory, 'output.log'), 'utf8')
  }

  /** Starts the process and waits until it serves; returns the milliseconds from start to its first answer. */
  async start(timeoutMs = 60_000): Promise<number> {
    const startedAt = performance.now()
    const output = openSync(path.join(this.directory, 'output.log'), 'a')
    const child = spawn(this.#launch.program, this.#launch.args, {
      stdio: ['ignore', output, output],
      env: { ...process.env, ...this.#launch.env },
    })
    closeSync(output)
    this.#child = child
    running.add(child)
    let failure: Error | undefined
    child.once('error', error => {
      failure = error
    })
    child.once('exit', () => running.delete(child))
    while (!(await answersMetadata(this.host, this.port))) {
      if (failure !== undefined) throw failure
      if (hasEnded(child))
        throw new Error(`${this.name} ended with ${child.exitCode ?? child.signalCode}\n${this.#tail()}`)
      if (performance.now() - startedAt > timeoutMs) {
        child.kill('SIGKILL')
        throw new Error(`${this.name} did not answer within ${timeoutMs} ms\n${this.#tail()}`)
      }
      await sleep(5)
    }
    return performance.now() - startedAt
  }

  /** Asks the process to stop, as an operator does, and waits until it has. */
  async shutdown(timeoutMs = 30_000): Promise<void> {
    const child = this.#child
    if (child === undefined || hasEnded(child)) return
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGTERM')
    await Promise.race([ended, sleep(timeoutMs, undefined, { ref: false })])
    if (hasEnded(child)) return
    child.kill('SIGKILL')
    await ended
    throw new Error(`${this.name} did not stop within ${timeoutMs} ms of SIGTERM\n${this.#tail()}`)
  }

  /** `kill -9`: not a byte more is written. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || hasEnded(child)) return
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }

  /** It does nothing more, and does not know, until `resume`. */
  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  async restart(): Promise<void> {
    await this.shutdown()
    await this.start()
  }

  /** Stops the process and removes its data. */
  async stop(): Promise<void> {
    try {
      if (this.#stopSignal === 'SIGKILL') await this.kill()
      else await this.shutdown()
    } finally {
      await rm(this.directory, { recursive: true, force: true })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #tail(): string {
    return this.output.split('\n').slice(-25).join('\n')
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** A directory for one broker process. */
export function brokerDirectory(name: string): Promise<string> {
  return mkdtemp(path.join(os.tmpdir(), `odradek-interop-${name}-`))
}

/**
 * True when a broker answers a Metadata request (v1, no topics) and knows at least one broker, itself. Written out by
 * hand, byte by byte: this is the measure of "started", so it shares no code with what it measures.
 */
export function answersMetadata(host: string, port: number, timeoutMs = 2_000): Promise<boolean> {
  const request = Buffer.from('00000012' + '0003' + '0001' + '00000007' + '0004' + '70726f62' + '00000000', 'hex')
  return new Promise(resolve => {
    const socket = createConnection({ host, port })
    const received: Buffer[] = []
    const finish = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(timeoutMs, () => finish(false))
    socket.on('connect', () => socket.write(request))
    socket.on('data', chunk => {
      received.push(chunk)
      const bytes = Buffer.concat(received)
      // Size, correlation id, number of brokers.
      if (bytes.length >= 12) finish(bytes.readInt32BE(8) > 0)
    })
    socket.on('error', () => finish(false))
    socket.on('close', () => finish(false))
  })
}
