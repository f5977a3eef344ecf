/** Runs other people's programs, and gets them onto the machine where that can be done unattended. */
import { type SpawnOptionsWithoutStdio, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import path from 'node:path'

export interface CommandOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Fed to standard input, which is then closed. */
  readonly input?: string | Buffer
  readonly timeoutMs?: number
}

export interface CommandResult {
  /** Exit status, or the name of the signal that ended it. */
  readonly status: number | NodeJS.Signals
  readonly stdout: Buffer
  readonly stderr: Buffer
}

/** Runs a program to its end. Its failure is a result; only a program that cannot be started rejects. */
export function runCommand(
  program: string,
  args: readonly string[],
  { cwd, env, input, timeoutMs = 120_000 }: CommandOptions = {},
): Promise<CommandResult> {
  const options: SpawnOptionsWithoutStdio = { env: { ...process.env, ...env } }
  if (cwd !== undefined) options.cwd = cwd
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, options)
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    child.stdout.on('data', chunk => stdout.push(chunk))
    child.stderr.on('data', chunk => stderr.push(chunk))
    child.on('error', error => {
      clearTimeout(timer)
      reject(error)
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ status: code ?? signal ?? -1, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) })
    })
    // A program that ends before it has read all of its input is judged by its status, not by this pipe.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

/** As {@link runCommand}, for steps that have to succeed: rejects with the command line and what it said. */
export async function mustRun(program: string, args: readonly string[], options?: CommandOptions): Promise<string> {
  const { status, stdout, stderr } = await runCommand(program, args, options)
  if (status === 0) return stdout.toString()
  const said = `${stdout}${stderr}`.trim().split('\n').slice(-30).join('\n')
  throw new Error(`${[program, ...args].join(' ')} ended with ${status}\n${said}`)
}

/** Full path of a program on PATH, or null. */
export function findProgram(name: string): string | null {
  for (const directory of (process.env.PATH ?? '').split(path.delimiter)) {
    const file = path.join(directory, name)
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {
      // Not in this directory.
    }
  }
  return null
}

const installing = new Map<string, Promise<void>>()

/** Installs Debian packages where we may (as root, with apt), else fails with the command that does it. */
export function installPackages(...names: readonly string[]): Promise<void> {
  const key = names.join(' ')
  const running = installing.get(key) ?? install(names)
  installing.set(key, running)
  return running
}

async function install(names: readonly string[]): Promise<void> {
  const line = `apt-get install -y --no-install-recommends ${names.join(' ')}`
  if (process.getuid?.() !== 0 || findProgram('apt-get') === null) {
    throw new Error(`a program that this test needs is missing; install it with: sudo ${line}`)
  }
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  await mustRun('apt-get', ['update', '-qq'], { env, timeoutMs: 300_000 })
  await mustRun('apt-get', line.split(' ').slice(1), { env, timeoutMs: 600_000 })
}

/** Makes sure that `program` is on PATH; `packages` are the Debian packages that bring it. */
export async function needProgram(program: string, ...packages: readonly string[]): Promise<string> {
  const found = findProgram(program)
  if (found !== null) return found
  await installPackages(...packages)
  const installed = findProgram(program)
  if (installed === null) throw new Error(`${packages.join(' ')} is installed, yet there is no ${program} on PATH`)
  return installed
}
