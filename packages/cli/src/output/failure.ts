import { ConnectionError, KafkaError } from '@odradek/client'

/** What a person asked for cannot be done; the message says why and what to do. */
export class UsageError extends Error {}

/** What was asked for in due form cannot be done as things stand; the message says why. */
export class RefusalError extends Error {}

export const EXIT_FAILED = 1
export const EXIT_USAGE = 2

/** What stands on stderr, and the exit code, for whatever went wrong. */
export function describeFailure(error: unknown): { text: string; exitCode: number } {
  if (error instanceof UsageError) return { text: error.message, exitCode: EXIT_USAGE }
  if (error instanceof RefusalError) return { text: error.message, exitCode: EXIT_FAILED }
  if (error instanceof KafkaError) return { text: `${error.message} (${error.codeName})`, exitCode: EXIT_FAILED }
  if (error instanceof ConnectionError) return { text: noBroker(error.message), exitCode: EXIT_FAILED }
  if (isBrokerError(error)) {
    const isUsage = error.code === 'invalid-config' || error.code === 'bad-etcd-url'
    return { text: error.message, exitCode: isUsage ? EXIT_USAGE : EXIT_FAILED }
  }
  if (error instanceof Error && isExpected(error)) return { text: fromLibrary(error), exitCode: EXIT_FAILED }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { text: `this is a bug, please report it: ${text}`, exitCode: EXIT_FAILED }
}

/** OdradekError, told by its name: its class is in the broker, which most commands do not load. */
function isBrokerError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && error.name === 'OdradekError' && 'code' in error
}

/** Errors that are about the world and not about our code: they carry a code, as Node's and the client library's do. */
function isExpected(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string'
}

/** The client library's words, with those of the broker's own answer where there is one. */
function fromLibrary(error: Error): string {
  const reason = innermost(error)
  const code = 'code' in reason ? String(reason.code) : ''
  if (/^(ECONN|EHOST|ENET|ENOTFOUND|EAI_|ETIMEDOUT)/.test(code) || code === 'PLT_KFK_NETWORK') {
    return noBroker(reason.message)
  }
  const codeName = 'apiId' in reason && typeof reason.apiId === 'string' ? ` (${reason.apiId})` : ''
  return `${reason.message}${codeName}`
}

/** Client libraries wrap the reason in layers of 'it failed'. */
function innermost(error: Error): Error {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return innermost(error.errors[0])
  return error.cause instanceof Error ? innermost(error.cause) : error
}

function noBroker(reason: string): string {
  return `${reason}. Is a broker running there? Start one with: odradek start`
}
