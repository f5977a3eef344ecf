import { CommanderError } from 'commander'
import { describeFailure, EXIT_USAGE } from './output/failure.ts'
import { printNote } from './output/print.ts'
import { createProgram, settle } from './program.ts'

/** Runs a command line (as process.argv has it) and returns its exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  const program = createProgram()
  if (argv[2] === 'complete') {
    const { default: addCompletion } = await import('@bomb.sh/tab/commander')
    addCompletion(program)
  }
  settle(program)
  endQuietlyWithoutReader()
  try {
    await program.parseAsync(argv)
    return process.exitCode === undefined ? 0 : Number(process.exitCode)
  } catch (error) {
    // Commander has already said what it has to say; --help and --version end here too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE
    const { text, exitCode } = describeFailure(error)
    printNote(`odradek: ${text}`)
    return exitCode
  }
}

/** A reader that has seen enough, as in `odradek topic list | head -1`, closes the pipe: nobody is there to be told of it. */
function endQuietlyWithoutReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (process.stdout.listenerCount('error') === 1) process.exit(0)
  })
}
