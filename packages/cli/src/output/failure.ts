import { ConnectionError, KafkaError } from '@odradek/client'

/** What a person asked for cannot be done; the message says why and what to do. */
export class UsageError extends Error {}

export const EXIT_FAILED = 1
export const EXIT_USAGE = 2

/** The one line on stderr, and the exit code, for whatever went wrong. */
export function describeFailure(error: unknown): { text: string; exitCode: number } {
  if (error instanceof UsageError) return { text: error.message, exitCode: EXIT_USAGE }
  if (error instanceof KafkaError) return { text: `${error.message} (${error.codeName})`, exitCode: EXIT_FAILED }
  if (error instanceof ConnectionError) {
    return { text: `${error.message}. Is a broker running there? Start one with: odradek start`, exitCode: EXIT_FAILED }
  }
  if (error instanceof Error && isExpected(error)) return { text: innermost(error).message, exitCode: EXIT_FAILED }
  return { text: error instanceof Error ? (error.stack ?? error.message) : String(error), exitCode: EXIT_FAILED }
}

/** Errors that are about the world and not about our code: they carry a code, as Node's and the client library's do. */
function isExpected(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string'
}

/** Client libraries wrap the reason in layers of 'it failed'. */
function innermost(error: Error): Error {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return innermost(error.errors[0])
  return error.cause instanceof Error ? innermost(error.cause) : error
}
