const namedMax = 3

/** The first few of many. */
export function someOf(names: readonly string[]): string {
  const more = names.length > namedMax ? `, and ${names.length - namedMax} more` : ''
  return `${names.slice(0, namedMax).join(', ')}${more}`
}

/** A command line that a shell takes for these words. */
export function asTyped(words: readonly string[]): string {
  return words.map(word => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ')
}
