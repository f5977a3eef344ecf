/** For tests: the `odradek` command as people run it, in a process of its own. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../bin/odradek.js', import.meta.url))

export interface RunOptions {
  /** Fed to standard input, which is then closed. */
  readonly input?: string | Buffer
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly uid?: number
  readonly timeoutMs?: number
}

export interface RunResult {
  /** The exit code, or the name of the signal that ended it. */
  readonly status: number | NodeJS.Signals
  readonly stdout: Buffer
  readonly stderr: string
}

/** A command that runs. `output` has what it has said so far on both streams. */
export interface RunningCommand {
  readonly child: ChildProcess
  readonly output: { stdout: Buffer; stderr: string }
  readonly ended: Promise<RunResult>
  /** Waits until standard output matches; fails when the command ends without it. */
  stdoutHas(pattern: RegExp): Promise<RegExpExecArray>
}

export function startOdradek(args: readonly string[], options: RunOptions = {}): RunningCommand {
  const spawnOptions: SpawnOptions = {
    // Test runners' own settings of a child (reporters, watch mode) are none of the command's business.
    env: { ...process.env, NODE_OPTIONS: '', ODRADEK_BOOTSTRAP: '', ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
  }
  const child = spawn(process.execPath, [main, ...args], spawnOptions)
  const stdout: Buffer[] = []
  const output = { stdout: Buffer.alloc(0), stderr: '' }
  const heard = new EventTarget()
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout.push(chunk)
    heard.dispatchEvent(new Event('data'))
  })
  child.stderr?.on('data', chunk => {
    output.stderr += chunk
  })
  // A command that ends before it has read its input is judged by its exit code, not by this pipe.
  child.stdin?.on('error', () => {})
  child.stdin?.end(options.input)
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000)
  const ended = once(child, 'close').then(([code, signal]) => {
    clearTimeout(timer)
    output.stdout = Buffer.concat(stdout)
    heard.dispatchEvent(new Event('data'))
    return { status: code ?? signal, stdout: output.stdout, stderr: output.stderr }
  })
  return {
    child,
    output,
    ended,
    async stdoutHas(pattern) {
      for (;;) {
        const found = pattern.exec(Buffer.concat(stdout).toString())
        if (found !== null) return found
        if (child.exitCode !== null || child.signalCode !== null) {
          throw new Error(
            `odradek ended with ${child.exitCode ?? child.signalCode} before it said ${pattern}\n${output.stderr}`,
          )
        }
        await once(heard, 'data')
      }
    },
  }
}

/** Runs a command to its end. Its failure is a result. */
export function runOdradek(args: readonly string[], options?: RunOptions): Promise<RunResult> {
  return startOdradek(args, options).ended
}
