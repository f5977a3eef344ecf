// Runs the commands of a transcript against a core and writes down what came of them.
//
//   # A comment.
//   join group=g client=a topics=t         a command: a word, then name=value
//   ----
//   join of a: MEMBER_ID_REQUIRED as a-1   what it brought about: answers, records, the groups it changed
//
// A blank line ends the output. `config name=value` begins anew, with other settings.
import { GroupWorld } from './group-world.ts'
import { CommandArguments, commands } from './transcript-commands.ts'
import { showGroup, showJoin, showRecord, showSync } from './transcript-views.ts'

/** The transcript with its outputs as they are now. */
export function runTranscript(text: string): string {
  const session = new Session()
  const blocks = text.trimEnd().split(/\n\n+/)
  return `${blocks.map(block => session.runBlock(block)).join('\n\n')}\n`
}

class Session {
  #world = new GroupWorld()
  /** Whose request it was. */
  readonly #names = new Map<number, string>()
  #seen = { joins: 0, syncs: 0, records: 0 }
  #shown = new Map<string, string>()

  runBlock(block: string): string {
    const lines = block.split('\n')
    const end = lines.indexOf('----')
    const input = end < 0 ? lines : lines.slice(0, end)
    const toRun = input.filter(line => line.trim() !== '' && !line.startsWith('#'))
    if (toRun.length === 0) return input.join('\n')
    const output = toRun.flatMap(line => this.#run(line))
    return [...input, '----', ...(output.length > 0 ? output : ['(nothing)'])].join('\n')
  }

  #run(line: string): string[] {
    const [verb = '', ...words] = line.trim().split(/\s+/)
    const args = new CommandArguments(words)
    if (verb === 'config') {
      this.#world = new GroupWorld(args.numbers())
      this.#seen = { joins: 0, syncs: 0, records: 0 }
      this.#shown.clear()
      return []
    }
    const command = commands[verb]
    if (command === undefined) throw new Error(`${verb} is not a command of transcripts`)
    if (verb === 'restart') this.#shown.clear()
    const park = (requestId: number, name: string): void => {
      this.#names.set(requestId, name)
    }
    const lines = command({ world: this.#world, args, park })
    return [...lines, ...this.#answers(), ...this.#records(), ...this.#groups()]
  }

  #answers(): string[] {
    const { joins, syncs } = this.#world
    const lines = [
      ...[...joins]
        .slice(this.#seen.joins)
        .map(([id, answer]) => `join of ${this.#names.get(id)}: ${showJoin(answer)}`),
      ...[...syncs]
        .slice(this.#seen.syncs)
        .map(([id, answer]) => `sync of ${this.#names.get(id)}: ${showSync(answer)}`),
    ]
    this.#seen = { ...this.#seen, joins: joins.size, syncs: syncs.size }
    return lines
  }

  #records(): string[] {
    const { records } = this.#world
    const lines = records.slice(this.#seen.records).map(showRecord)
    this.#seen = { ...this.#seen, records: records.length }
    return lines
  }

  /** The groups that are not what they were. */
  #groups(): string[] {
    const now = new Map([...this.#world.core.groups].map(([groupId, group]) => [groupId, showGroup(group)]))
    const lines = [...now].filter(([groupId, shown]) => this.#shown.get(groupId) !== shown).map(([, shown]) => shown)
    for (const groupId of this.#shown.keys()) if (!now.has(groupId)) lines.push(`${groupId} is gone`)
    this.#shown = now
    return lines
  }
}
