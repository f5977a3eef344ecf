/** Collects the lines of a generated function, and the names of its variables. */
export class SourceCode {
  readonly #lines: string[] = []
  #indent = ''
  readonly #names: Map<string, number>

  /** The reserved names are those that the generated code uses for itself. */
  constructor(reserved: readonly string[]) {
    this.#names = new Map([...reserved, ...keywords].map(name => [name, 1]))
  }

  line(text: string): void {
    this.#lines.push(this.#indent + text)
  }

  /** A line that opens a block, what is in it, and the brace that closes it. */
  block(head: string, body: () => void): void {
    this.line(`${head} {`)
    this.#indent += '  '
    body()
    this.#indent = this.#indent.slice(2)
    this.line('}')
  }

  /** A variable's name that was not used before in the function: `topics`, then `topics2`. */
  unique(name: string): string {
    if (!/^[a-z][A-Za-z0-9]*$/.test(name)) throw new Error(`${JSON.stringify(name)} cannot name a field`)
    const uses = (this.#names.get(name) ?? 0) + 1
    this.#names.set(name, uses)
    return uses === 1 ? name : this.unique(`${name}${uses}`)
  }

  toString(): string {
    return this.#lines.join('\n')
  }
}

/** Those that a field could be called like. */
const keywords = [
  ...[
    'arguments',
    'await',
    'break',
    'case',
    'catch',
    'class',
    'const',
    'continue',
    'debugger',
    'default',
    'delete',
    'do',
  ],
  ...['else', 'enum', 'eval', 'export', 'extends', 'false', 'finally', 'for', 'function', 'if', 'implements', 'import'],
  ...['in', 'instanceof', 'interface', 'let', 'new', 'null', 'package', 'private', 'protected', 'public', 'return'],
  ...[
    'static',
    'super',
    'switch',
    'this',
    'throw',
    'true',
    'try',
    'typeof',
    'undefined',
    'var',
    'void',
    'while',
    'with',
  ],
  'yield',
]

/**
 * Makes a function out of its text. `parts` are the names that the text may use besides its arguments. Null where the
 * process forbids it (`--disallow-code-generation-from-strings`).
 */
export function evaluate(source: string, parts: Readonly<Record<string, unknown>>): unknown {
  try {
    return new Function(...Object.keys(parts), `'use strict'\nreturn ${source}`)(...Object.values(parts))
  } catch (error) {
    if (error instanceof EvalError) return null
    throw error
  }
}
