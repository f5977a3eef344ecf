/**
 * Just enough of TypeScript's grammar to tell code from comments and texts, for the rules of tidy.test.ts. Positions and lines
 * stay as they were: what is taken out becomes spaces.
 */
export interface Source {
  /** Comments blanked, strings kept: what imports are read from. */
  readonly withStrings: string
  /** Comments and strings blanked (what stands in `${…}` stays): what calls are read from. */
  readonly code: string
  readonly comments: string
}

export function readSource(text: string): Source {
  const withStrings = [...text]
  const code = [...text]
  const comments = [...text].map(blank)
  let at = 0
  /** For each open template: how many braces are open inside its `${`. */
  const templates: number[] = []
  let lastToken = ''

  const erase = (target: string[], from: number, to: number) => {
    for (let index = from; index < to; index++) target[index] = blank(target[index] ?? ' ')
  }
  const takeComment = (end: number) => {
    for (let index = at; index < end; index++) comments[index] = text[index] ?? ' '
    erase(withStrings, at, end)
    erase(code, at, end)
    at = end
  }
  const takeString = (end: number) => {
    erase(code, at + 1, end - 1)
    at = end
    lastToken = '"'
  }
  /** From behind a '`' or a '}' that leads back into the template, up to its end or the next '${'. */
  const takeTemplate = () => {
    const start = at
    while (at < text.length) {
      if (text[at] === '\\') at += 2
      else if (text[at] === '`') {
        erase(code, start, at)
        at++
        templates.pop()
        lastToken = '"'
        return
      } else if (text.startsWith('${', at)) {
        erase(code, start, at)
        at += 2
        lastToken = '('
        return
      } else at++
    }
  }

  while (at < text.length) {
    const char = text[at] ?? ''
    if (text.startsWith('//', at)) takeComment(endOf(text, '\n', at))
    else if (text.startsWith('/*', at)) takeComment(endOf(text, '*/', at + 2) + 2)
    else if (char === "'" || char === '"') takeString(endOfQuoted(text, at))
    else if (char === '/' && mayStartRegularExpression(lastToken)) takeString(endOfRegularExpression(text, at))
    else if (char === '`') {
      at++
      templates.push(0)
      takeTemplate()
    } else if (char === '}' && templates.at(-1) === 0) {
      at++
      takeTemplate()
    } else {
      const open = templates.length - 1
      if (open >= 0 && char === '{') templates[open] = (templates[open] ?? 0) + 1
      if (open >= 0 && char === '}') templates[open] = (templates[open] ?? 0) - 1
      const word = /^[\w$]+/.exec(text.slice(at, at + 64))?.[0]
      if (word !== undefined) lastToken = word
      else if (char.trim() !== '') lastToken = char
      at += word?.length ?? 1
    }
  }
  return { withStrings: withStrings.join(''), code: code.join(''), comments: comments.join('') }
}

export interface Import {
  readonly specifier: string
  readonly names: string
  readonly line: number
  /** Types are gone when the program runs: an import of types alone ties nothing to the real world. */
  readonly isTypeOnly: boolean
}

/** All static and dynamic imports and re-exports. */
export function importsOf(source: Source): Import[] {
  const found: Import[] = []
  const patterns = [
    /\b(?:import|export)\s+(type\s)?([^'"`();]*?)\s*from\s*['"]([^'"]+)['"]/g,
    /\bimport\s*()()['"]([^'"]+)['"]/g,
    /\bimport\s*\(\s*()()['"]([^'"]+)['"]/g,
    /\bgetBuiltinModule\(\s*()()['"]([^'"]+)['"]/g,
  ]
  for (const pattern of patterns) {
    for (const match of source.withStrings.matchAll(pattern)) {
      // A text may speak of imports.
      if (!source.code.startsWith(match[0].slice(0, 6), match.index)) continue
      const [, type, names = '', specifier = ''] = match
      found.push({
        specifier,
        names,
        line: lineAt(source.withStrings, match.index),
        isTypeOnly: type !== undefined && type !== '',
      })
    }
  }
  return found
}

export function lineAt(text: string, position: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at >= 0 && at < position; at = text.indexOf('\n', at + 1)) line++
  return line
}

function blank(char: string): string {
  return char === '\n' ? '\n' : ' '
}

function endOf(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from)
  return at < 0 ? text.length : at
}

function endOfQuoted(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== text[start] && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

function endOfRegularExpression(text: string, start: number): number {
  let isInClass = false
  let at = start + 1
  for (; at < text.length && text[at] !== '\n'; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '[') isInClass = true
    else if (text[at] === ']') isInClass = false
    else if (text[at] === '/' && !isInClass) break
  }
  return at + 1
}

/** Behind a value a slash divides. */
function mayStartRegularExpression(lastToken: string): boolean {
  if (/^(return|typeof|case|in|of|do|else|void|throw|await|yield)$/.test(lastToken)) return true
  return !/^([\w$]+|[)\]}"])$/.test(lastToken)
}
