export type OutputFormat = 'text' | 'json'

/** A value for programs: one JSON document, indented, so that people can read it too. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}

export function printText(text: string): void {
  process.stdout.write(text)
}

/** Notes for people; programs read stdout. */
export function printNote(text: string): void {
  process.stderr.write(`${text}\n`)
}
