/**
 * Scripts of commands, as text: one command a line, in the words of a shell.
 *
 *   # a comment
 *   topics --create --topic lines --partitions 3
 *   console-producer --topic lines <<END                 lines up to END are its standard input
 *   sorted groups --list                                 Kafka answers in no order: lines are compared sorted
 *   write plan.json <<END                                makes the file $dir/plan.json
 *   capture id 'TopicId: (\S+)' topics --describe …      what the group matches in the output is $id from now on
 *   start reader console-consumer --topic lines          runs from here on …
 *   until 'Stable' consumer-groups --describe …          repeated until its output matches
 *   stop reader                                          … to here: its output is compared
 *   broker 3 shutdown                                    ends that broker in order, or, with `start`, starts it again
 *
 * `$bootstrap` is the broker's address (added by itself where a command line does not name it), `$dir` a directory for
 * files, `$data` the broker's data directory, `$more` its second one where it has two.
 */

export type Step =
  | ToolStep
  | {
      readonly kind: 'write'
      readonly line: number
      readonly text: string
      readonly file: string
      readonly input: string
    }
  | { readonly kind: 'stop'; readonly line: number; readonly text: string; readonly name: string }
  | {
      readonly kind: 'broker'
      readonly line: number
      readonly text: string
      readonly brokerId: number
      readonly action: 'shutdown' | 'start'
    }

export interface ToolStep {
  readonly kind: 'run' | 'start' | 'capture' | 'until'
  readonly line: number
  /** As the script has it, without the input. */
  readonly text: string
  readonly tool: string
  readonly args: readonly string[]
  readonly input: string
  readonly sorted: boolean
  /** Of `start`: by which `stop` finds it; of `capture`: the variable. */
  readonly name: string
  /** Of `capture` and `until`. */
  readonly pattern: string
}

/** Throws with the number of the line that it cannot read. */
export function parseScript(text: string): Step[] {
  const lines = text.split('\n')
  const steps: Step[] = []
  for (let index = 0; index < lines.length; index++) {
    const line = index + 1
    const source = (lines[index] ?? '').trim()
    if (source === '' || source.startsWith('#')) continue
    const [, command = '', end] = /^(.*?)(?:\s+<<(\w+))?$/.exec(source) ?? []
    let input = ''
    if (end !== undefined) {
      const from = index + 1
      index = lines.indexOf(end, from)
      if (index < 0) throw new Error(`line ${line}: the input has no end, ${end}`)
      input = lines
        .slice(from, index)
        .map(each => `${each}\n`)
        .join('')
    }
    steps.push(parseStep({ line, text: command, words: shellWords(command), input }))
  }
  return steps
}

interface Words {
  readonly line: number
  readonly text: string
  readonly words: readonly string[]
  readonly input: string
}

function parseStep({ line, text, words, input }: Words): Step {
  const rest = [...words]
  const next = () => {
    const word = rest.shift()
    if (word === undefined) throw new Error(`line ${line}: ${text}: something is missing`)
    return word
  }
  const place = { line, text }
  let sorted = false
  if (rest[0] === 'sorted') {
    sorted = true
    rest.shift()
  }
  const tool = (fields: Pick<ToolStep, 'kind' | 'name' | 'pattern'>): ToolStep => {
    return { ...place, ...fields, tool: next(), args: rest, input, sorted }
  }
  switch (rest[0]) {
    case 'write':
      rest.shift()
      return { ...place, kind: 'write', file: next(), input }
    case 'stop':
      rest.shift()
      return { ...place, kind: 'stop', name: next() }
    case 'broker': {
      rest.shift()
      const brokerId = Number(next())
      const action = next()
      if (action === 'shutdown' || action === 'start') return { ...place, kind: 'broker', brokerId, action }
      throw new Error(`line ${line}: ${text}: a broker can be told shutdown or start`)
    }
    case 'start':
      rest.shift()
      return tool({ kind: 'start', name: next(), pattern: '' })
    case 'capture':
      rest.shift()
      return tool({ kind: 'capture', name: next(), pattern: next() })
    case 'until':
      rest.shift()
      return tool({ kind: 'until', name: '', pattern: next() })
    default:
      return tool({ kind: 'run', name: '', pattern: '' })
  }
}

/** Splits as a shell does: blanks part words, quotes of both kinds join them; a backslash in double quotes or none escapes. */
export function shellWords(text: string): string[] {
  const words: string[] = []
  const pattern = /(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\])+/g
  for (const [word] of text.matchAll(pattern)) {
    words.push(
      word.replace(/'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)/g, (_, single?: string, double?: string, escaped?: string) => {
        return single ?? double?.replace(/\\(.)/g, '$1') ?? escaped ?? ''
      }),
    )
  }
  return words
}
