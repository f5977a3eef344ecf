/** Runs the program `writer.c`. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { cached } from '../cache.ts'
import { installPackages, mustRun, needProgram } from '../command.ts'

export interface Acknowledgement {
  readonly partition: number
  readonly number: number
  /** -1 where the broker only said that it had the message already. */
  readonly offset: number
}

export async function buildWriter(): Promise<string> {
  await needProgram('cc', 'gcc', 'libc6-dev')
  if (!existsSync('/usr/include/librdkafka/rdkafka.h')) await installPackages('librdkafka-dev')
  const source = path.join(import.meta.dirname, 'writer.c')
  const hash = createHash('sha256')
    .update(await readFile(source))
    .digest('hex')
    .slice(0, 12)
  const directory = await cached(`writer-${hash}`, async draft => {
    await mustRun('cc', ['-O2', '-o', path.join(draft, 'writer'), source, '-lrdkafka'])
  })
  return path.join(directory, 'writer')
}

export class Writer {
  readonly name: string
  readonly #child: ChildProcessWithoutNullStreams
  readonly #ended: Promise<void>
  readonly #output: Buffer[] = []

  constructor(program: string, name: string, args: readonly string[]) {
    this.name = name
    const child = spawn(program, [...args, name])
    const errors: Buffer[] = []
    child.stdout.on('data', chunk => this.#output.push(chunk))
    child.stderr.on('data', chunk => errors.push(chunk))
    this.#ended = new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', code => {
        if (code === 0) resolve()
        else reject(new Error(`writer ${name} ended with ${code}: ${Buffer.concat(errors)}`))
      })
    })
    // Looked at by finish; until then a failure is no unhandled rejection.
    this.#ended.catch(() => {})
    this.#child = child
  }

  /** Waits until all that was sent is acknowledged, and returns every acknowledgement. Rejects if the writer failed. */
  async finish(): Promise<Acknowledgement[]> {
    this.#child.stdin.end()
    await this.#ended
    const lines = Buffer.concat(this.#output).toString().trimEnd().split('\n')
    return lines.map(line => {
      const [partition = -1, number = -1, offset = -1] = line.split(' ').map(Number)
      return { partition, number, offset }
    })
  }

  destroy(): void {
    this.#child.kill('SIGKILL')
  }
}
