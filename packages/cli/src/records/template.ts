import { UsageError } from '../output/failure.ts'
import type { ConsumedRecord } from './consumed-record.ts'

type Part = (record: ConsumedRecord) => Buffer | string

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', '0': '\0', '\\': '\\', '%': '%' }

const FIELDS: Record<string, Part> = {
  s: record => record.value ?? '',
  S: record => String(record.value?.length ?? -1),
  R: record => int32(record.value?.length ?? -1),
  k: record => record.key ?? '',
  K: record => String(record.key?.length ?? -1),
  T: record => String(record.timestamp),
  h: record => record.headers.map(([name, value]) => `${name}=${value ?? 'NULL'}`).join(','),
  t: record => record.topic,
  p: record => String(record.partition),
  o: record => String(record.offset),
  '%': () => '%',
}

/** What the tokens of a template mean, for help texts. */
export const TEMPLATE_HELP = `  %s value      %S its length in bytes (-1 for null)   %R the same as a big-endian int32
  %k key        %K its length in bytes (-1 for null)   %h headers as name=value,…
  %t topic      %p partition                           %o offset
  %T timestamp in milliseconds                         \\n \\r \\t \\0 \\xHH and %% as usual`

/** Compiles a kcat-like format string into a function that renders a record. Throws UsageError for an unknown token. */
export function compileTemplate(template: string): (record: ConsumedRecord) => Buffer {
  const parts: Part[] = []
  for (const [token] of template.matchAll(/%.?|\\x[0-9a-fA-F]{2}|\\.?|[^%\\]+/gsu)) {
    parts.push(part(token))
  }
  return record =>
    Buffer.concat(
      parts.map(each => {
        const rendered = each(record)
        return typeof rendered === 'string' ? Buffer.from(rendered) : rendered
      }),
    )
}

function part(token: string): Part {
  if (token.startsWith('%')) {
    const field = FIELDS[token.slice(1)]
    if (field === undefined) throw new UsageError(`'${token}' is no token of a template. There are:\n${TEMPLATE_HELP}`)
    return field
  }
  if (/^\\x../.test(token)) {
    const byte = Buffer.from(token.slice(2), 'hex')
    return () => byte
  }
  if (token.startsWith('\\')) {
    const text = ESCAPES[token.slice(1)]
    if (text === undefined) throw new UsageError(`'${token}' is no escape of a template. There are:\n${TEMPLATE_HELP}`)
    return () => text
  }
  return () => token
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeInt32BE(value)
  return bytes
}
