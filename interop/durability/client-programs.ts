/** Starts the clients of the durability tests: each a process that goes on until it is told to end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, existsSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { cached } from '../cache.ts'
import { installPackages, mustRun, needProgram } from '../command.ts'
import { compileJava, needJava, toolJvmOptions } from '../kafka-jars.ts'

/** What its own arguments follow. */
export interface Command {
  readonly program: string
  readonly args: readonly string[]
}

const source = path.join(import.meta.dirname, 'durability-client.c')
const endTimeoutMs = 90_000
/** Characters of what a client has said last. */
const errorsMax = 4000

/** Path of the compiled durability-client.c. */
export async function buildDurabilityClient(): Promise<string> {
  await needProgram('cc', 'gcc', 'libc6-dev')
  if (!existsSync('/usr/include/librdkafka/rdkafka.h')) await installPackages('librdkafka-dev')
  const content = await readFile(source)
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12)
  const directory = await cached(`durability-client-${hash}`, async draft => {
    const program = path.join(draft, 'durability-client')
    await mustRun('cc', ['-O2', '-Wall', '-Wextra', '-o', program, source, '-lrdkafka'])
  })
  return path.join(directory, 'durability-client')
}

export const kafkajsWriter: Command = {
  program: process.execPath,
  args: [path.join(import.meta.dirname, 'kafkajs-writer.ts')],
}

export async function buildJavaWriter(): Promise<Command> {
  const classpath = await compileJava('java-writer', path.join(import.meta.dirname, 'JavaWriter.java'))
  return { program: await needJava(), args: [...toolJvmOptions, '-cp', classpath, 'JavaWriter'] }
}

/** A running client; its lines go to a file, so that reading them costs the broker under test nothing. */
export class ClientProgram {
  readonly name: string
  readonly linesFile: string
  readonly #child: ChildProcess
  #errors = ''
  readonly #ended: Promise<void>
  #problem: Error | null = null

  constructor(name: string, program: string, args: readonly string[], directory: string) {
    this.name = name
    this.linesFile = path.join(directory, `${name}.lines`)
    const output = openSync(this.linesFile, 'w')
    this.#child = spawn(program, args, { stdio: ['pipe', output, 'pipe'] })
    closeSync(output)
    this.#child.stderr?.on('data', chunk => {
      this.#errors = (this.#errors + chunk).slice(-errorsMax)
    })
    this.#ended = new Promise(resolve => {
      this.#child.once('error', error => {
        this.#problem = error
        resolve()
      })
      this.#child.once('close', (code, signal) => {
        if (code !== 0) this.#problem = new Error(`${name} ended with ${code ?? signal}\n${this.#errors}`)
        resolve()
      })
    })
  }

  /** Throws when the program has ended by itself. */
  check(): void {
    if (this.#problem !== null) throw this.#problem
  }

  /** Lets it finish what it has begun. Rejects when it had to give up. */
  async end(): Promise<void> {
    this.#child.stdin?.end()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), endTimeoutMs)
    await this.#ended
    clearTimeout(timer)
    this.check()
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}
