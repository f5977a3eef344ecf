import { DiskError, type DiskErrorKind } from '../disk.ts'
import { NetworkError, type NetworkErrorKind } from '../network.ts'

const diskKinds = new Map<string, DiskErrorKind>([
  ['ENOENT', 'missing'],
  ['ENOTDIR', 'missing'],
  ['ENOSPC', 'full'],
  ['EDQUOT', 'full'],
  ['EMFILE', 'descriptors'],
  ['ENFILE', 'descriptors'],
  ['EACCES', 'denied'],
  ['EPERM', 'denied'],
  ['EROFS', 'denied'],
])

const networkKinds = new Map<string, NetworkErrorKind>([
  ['EADDRINUSE', 'in-use'],
  ['EACCES', 'denied'],
  ['EPERM', 'denied'],
  ['ECONNREFUSED', 'refused'],
  ['ECONNRESET', 'reset'],
  ['ECONNABORTED', 'reset'],
  ['EPIPE', 'reset'],
  ['ETIMEDOUT', 'timeout'],
])

/** Of a failed call on `path`; a code without a kind of its own is 'io'. */
export function diskError(error: unknown, path: string): DiskError {
  if (error instanceof DiskError) return error
  const code = codeOf(error)
  const kind = diskKinds.get(code) ?? 'io'
  return new DiskError(kind, path, `${path}: ${describe(error)}`, { cause: error })
}

/** A code without a kind of its own (no route, no such host, no such address here) is 'unreachable'. */
export function networkError(error: unknown, place: string): NetworkError {
  if (error instanceof NetworkError) return error
  const kind = networkKinds.get(codeOf(error)) ?? 'unreachable'
  return new NetworkError(kind, `${place}: ${describe(error)}`, { cause: error })
}

/** The errno name; of Node's AggregateError (one attempt per address) the first attempt's, but a refusal only if all were refused. */
function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  if (error instanceof AggregateError && error.errors.length > 0) {
    const codes = error.errors.map(codeOf)
    return codes.find(code => code !== 'ECONNREFUSED') ?? 'ECONNREFUSED'
  }
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}

function describe(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return describe(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}
