/**
 * A JVM that runs many of Kafka's tools, one after the other or at once (see java/ToolRunner.java for the protocol). A
 * JVM for each would cost a second or two of every command.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { runCommand } from '../command.ts'
import { compileJava, kafkaClasspath, needJava, toolJvmOptions } from '../kafka-jars.ts'
import type { Tool } from './tools.ts'

export interface ToolResult {
  /** Exit code; null when the tool had not ended in its time, and the output is what there was until then. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface ToolInput {
  readonly input?: string
  readonly timeoutMs?: number
}

export interface RunningTool {
  readonly result: Promise<ToolResult>
  /** Ends it as Ctrl-C does. */
  stop(): void
}

interface Answer extends ToolResult {
  readonly id: number
}

const defaultTimeoutMs = 45_000

export class ToolJvm {
  readonly #child: ChildProcess
  readonly #pending = new Map<number, PromiseWithResolvers<ToolResult>>()
  #nextId = 1

  static async start(): Promise<ToolJvm> {
    const classpath = await compileJava('tool-runner', path.join(import.meta.dirname, 'java', 'ToolRunner.java'))
    return new ToolJvm(await needJava(), [...toolJvmOptions, '-cp', classpath, 'ToolRunner'])
  }

  private constructor(program: string, args: readonly string[]) {
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.once('error', error => this.#fail(error))
    this.#child.once('exit', status => this.#fail(new Error(`the JVM of the tools ended with ${status}`)))
    if (this.#child.stdout === null) throw new Error('the JVM of the tools has no output')
    createInterface({ input: this.#child.stdout }).on('line', line => {
      const { id, status, stdout, stderr } = JSON.parse(line) as Answer
      this.#pending.get(id)?.resolve({ status, stdout, stderr })
      this.#pending.delete(id)
    })
  }

  run(tool: Tool, args: readonly string[], options: ToolInput = {}): RunningTool {
    if (tool.needsOwnJvm) {
      return {
        result: runAlone(tool, args, options),
        stop() {
          throw new Error(`${tool.main} cannot be stopped; let it end by itself`)
        },
      }
    }
    const id = this.#nextId++
    const pending = Promise.withResolvers<ToolResult>()
    this.#pending.set(id, pending)
    const { input = '', timeoutMs = defaultTimeoutMs } = options
    this.#send({ id, main: tool.main, args, input, timeoutMs })
    return { result: pending.promise, stop: () => this.#send({ stop: id }) }
  }

  close(): void {
    this.#child.removeAllListeners('exit')
    this.#child.kill('SIGKILL')
  }

  #send(message: unknown): void {
    this.#child.stdin?.write(`${JSON.stringify(message)}\n`)
  }

  #fail(error: Error): void {
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
  }
}

/** In a process of its own. It has to end by itself: nothing here can signal it. */
async function runAlone(tool: Tool, args: readonly string[], { input, timeoutMs }: ToolInput): Promise<ToolResult> {
  const line = [...toolJvmOptions, '-cp', await kafkaClasspath(), tool.main, ...args]
  const { status, stdout, stderr } = await runCommand(await needJava(), line, {
    input: input ?? '',
    timeoutMs: timeoutMs ?? defaultTimeoutMs,
  })
  return { status: typeof status === 'number' ? status : null, stdout: stdout.toString(), stderr: stderr.toString() }
}
