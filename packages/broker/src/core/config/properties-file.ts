/**
 * Reads Java's .properties format, which Kafka's server.properties is written in: `key=value`, `key: value` or
 * `key value` a line, '#' and '!' begin comments, a backslash at the end continues a line and elsewhere escapes. Of a
 * key that stands twice the last value counts.
 */
export function parseProperties(text: string): Record<string, string> {
  return Object.fromEntries(logicalLines(text).map(splitLine))
}

/** Lines with their continuations joined, without comments and blank lines. */
function* logicalLines(text: string): Generator<string> {
  let joined: string | null = null
  for (const natural of text.split(/\r\n|\n|\r/)) {
    const line = natural.replace(/^[ \t\f]+/, '')
    if (joined === null && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue
    const backslashes = /\\*$/.exec(line)?.[0].length ?? 0
    const continues = backslashes % 2 === 1
    joined = (joined ?? '') + (continues ? line.slice(0, -1) : line)
    if (continues) continue
    yield joined
    joined = null
  }
  if (joined !== null && joined !== '') yield joined
}

/** The key ends at the first '=', ':' or blank that is not escaped. */
function splitLine(line: string): [key: string, value: string] {
  const [, key = '', value = ''] = /^((?:\\.|[^\\=: \t\f])*)[ \t\f]*[=:]?[ \t\f]*(.*)$/s.exec(line) ?? []
  return [unescapeText(key), unescapeText(value)]
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function unescapeText(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.)|$)/gs, (_, unicode: string | undefined, char: string | undefined) => {
    if (unicode !== undefined) return String.fromCharCode(Number.parseInt(unicode, 16))
    return char === undefined ? '' : (escapes[char] ?? char)
  })
}
