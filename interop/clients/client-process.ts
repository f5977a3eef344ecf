/** The matrix test's end of the line protocol: one client program as a process. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { ClientLaunch } from './clients.ts'
import type { Codec, Command, Report } from './driver.ts'

interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

const commandTimeoutMs = 60_000

export class ClientProcess {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #onRecord: (value: string) => void
  readonly #waiting: Waiting[] = []
  readonly #errors: string[] = []
  #codecs: readonly Codec[] = []

  private constructor(child: ChildProcessWithoutNullStreams, onRecord: (value: string) => void) {
    this.#child = child
    this.#onRecord = onRecord
  }

  /** Starts the program; resolves when it is ready for commands. `onRecord` gets each value its membership consumes. */
  static async start(
    launch: ClientLaunch,
    bootstrap: string,
    onRecord: (value: string) => void,
  ): Promise<ClientProcess> {
    const env = { ...process.env, ...launch.env }
    const child = spawn(launch.program, [...launch.args, bootstrap], { env })
    const client = new ClientProcess(child, onRecord)
    child.stderr.on('data', chunk => client.#errors.push(String(chunk)))
    child.on('error', error => client.#fail(error))
    child.on('exit', (code, signal) => client.#fail(new Error(`the client program ended with ${code ?? signal}`)))
    createInterface({ input: child.stdout }).on('line', line => client.#hear(line))
    await client.#answer('start')
    return client
  }

  get codecs(): readonly Codec[] {
    return this.#codecs
  }

  /** What the program wrote to its standard error, for a test that fails. */
  get errors(): string {
    return this.#errors.join('').split('\n').slice(-40).join('\n')
  }

  async run(command: Command): Promise<void> {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`)
    await this.#answer(command.do)
  }

  /** Lets the program close its clients, then ends it. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.stdin.end()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
    await ended
    clearTimeout(timer)
  }

  #answer(what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no answer to ${what} for ${commandTimeoutMs} ms\n${this.errors}`)),
        commandTimeoutMs,
      )
      const settle = (then: () => void) => {
        clearTimeout(timer)
        then()
      }
      this.#waiting.push({ resolve: () => settle(resolve), reject: error => settle(() => reject(error)) })
    })
  }

  #hear(line: string): void {
    let report: Report
    try {
      report = JSON.parse(line) as Report
    } catch {
      // A client library that prints to standard output: keep it for the failure message.
      this.#errors.push(`${line}\n`)
      return
    }
    if ('record' in report) {
      this.#onRecord(report.record.value)
      return
    }
    if ('failed' in report) {
      this.#waiting.shift()?.reject(new Error(`${report.failed}\n${this.errors}`))
      return
    }
    if ('ready' in report) this.#codecs = report.ready
    this.#waiting.shift()?.resolve()
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new Error(`${error.message}\n${this.errors}`))
  }
}
