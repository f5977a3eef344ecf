/** Compiles and runs the client program `load-generator.c`. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { cached } from '../../interop/cache.ts'
import { installPackages, mustRun, needProgram } from '../../interop/command.ts'

const source = path.resolve(import.meta.dirname, '../load-generator.c')

export interface LoadGenerator {
  /** Runs one command; its figures by name. Rejects when a message failed. */
  run(
    command: 'create' | 'produce' | 'consume' | 'latency' | 'leader' | 'gap',
    ...args: readonly (string | number)[]
  ): Promise<Figures>
}

export type Figures = Readonly<Record<string, number>>

export async function buildLoadGenerator(): Promise<LoadGenerator> {
  await needProgram('cc', 'gcc', 'libc6-dev')
  if (!existsSync('/usr/include/librdkafka/rdkafka.h')) await installPackages('librdkafka-dev')
  const hash = createHash('sha256')
    .update(await readFile(source))
    .digest('hex')
    .slice(0, 12)
  const directory = await cached(`load-generator-${hash}`, async draft => {
    await mustRun('cc', ['-O2', '-Wall', '-Wextra', '-o', path.join(draft, 'load-generator'), source, '-lrdkafka'])
  })
  const program = path.join(directory, 'load-generator')
  return {
    async run(command, ...args) {
      const line = await mustRun(program, [command, ...args.map(String)], { timeoutMs: 400_000 })
      return figuresOf(line)
    },
  }
}

function figuresOf(line: string): Figures {
  return Object.fromEntries(
    line
      .trim()
      .split(' ')
      .map(pair => pair.split('='))
      .map(([name = '', value]) => [name, Number(value)]),
  )
}
