/** What became of the messages and the committed offsets, judged from what clients saw and from what is there at the end. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { LinesFiles, Load } from './load.ts'

export interface Verdict {
  readonly acknowledged: number
  /** Acknowledged as something that the broker had already, and no longer knew where. */
  readonly acknowledgedWithoutOffset: number
  readonly readBack: number
  readonly delivered: number
  readonly commits: number
  /** Sentences; the first few of each kind. */
  readonly problems: readonly string[]
}

/** The keys of a partition by their offsets. */
type Log = readonly string[]

const nothingThere = ''

interface Statement {
  readonly begunUs: number
  readonly endedUs: number
  readonly offset: number
  readonly line: string
}

const problemsOfOneKindMax = 5

class Problems {
  readonly #counts = new Map<string, number>()
  readonly all: string[] = []

  add(kind: string, detail: string): void {
    const count = (this.#counts.get(kind) ?? 0) + 1
    this.#counts.set(kind, count)
    if (count <= problemsOfOneKindMax) this.all.push(`${kind}: ${detail}`)
  }
}

/** Ends the load, reads all back, and compares. */
export async function judge(load: Load): Promise<Verdict> {
  const files = await load.end()
  return reachVerdict(files, await load.readBack())
}

export function countsOf({ acknowledged, acknowledgedWithoutOffset, readBack, delivered, commits }: Verdict): string {
  return [
    `${acknowledged} messages acknowledged (${acknowledgedWithoutOffset} as known already)`,
    `${readBack} read back`,
    `${delivered} delivered to the group`,
    `${commits} commits confirmed`,
  ].join(', ')
}

export async function reachVerdict(files: LinesFiles, readBack: readonly string[]): Promise<Verdict> {
  const problems = new Problems()
  const logs = collectLogs(readBack, problems)
  const written = new Map<string, number>()
  for (const [name, log] of logs) checkOrder(name, log, written, problems)

  const acknowledged = new Map<string, number>()
  let acknowledgedWithoutOffset = 0
  for (const file of files.writers) {
    const writer = path.basename(file, '.lines').slice('writer-'.length)
    for await (const words of linesOf(file)) {
      const [kind, topic, partition, number, offset] = words
      if (kind !== 'ack') {
        problems.add(`${writer} has a message failed`, words.join(' '))
        continue
      }
      const place = `${topic} ${partition}`
      const slot = `${place} ${writer}`
      acknowledged.set(slot, (acknowledged.get(slot) ?? 0) + 1)
      const key = `${writer}:${number}`
      if (offset === '-1') acknowledgedWithoutOffset++
      else if (logs.get(place)?.[Number(offset)] !== key) {
        problems.add('not where it was acknowledged', `${key} ${place} ${offset}: ${logs.get(place)?.[Number(offset)]}`)
      }
    }
  }
  // Numbers are given out without a gap and all of them were acknowledged: equal counts are equal sets.
  for (const slot of new Set([...written.keys(), ...acknowledged.keys()])) {
    if (written.get(slot) === acknowledged.get(slot)) continue
    problems.add('not as many as acknowledged', `${slot}: ${written.get(slot)} there of ${acknowledged.get(slot)}`)
  }

  const statements = new Map<string, Statement[]>()
  const delivered = new Map<string, Uint8Array>()
  for (const [name, log] of logs) delivered.set(name, new Uint8Array(log.length))
  for (const file of files.members) await checkMember(file, logs, delivered, statements, problems)
  for (const [place, seen] of delivered) {
    const missed = seen.indexOf(0)
    if (missed >= 0) problems.add('never delivered to the group', `${place} ${missed}`)
  }
  await collectObservations(files.observations, statements, problems)
  let commits = 0
  for (const [place, made] of statements) {
    checkNeverBack(made, problems)
    commits += made.filter(({ line }) => line.startsWith('committed')).length
    const end = logs.get(place)?.length ?? 0
    for (const { offset, line } of made) if (offset > end) problems.add(`committed beyond the end ${end}`, line)
  }
  return {
    acknowledged: sum(acknowledged.values()),
    acknowledgedWithoutOffset,
    readBack: sum([...logs.values()].map(log => log.length)),
    delivered: sum([...delivered.values()].map(seen => seen.reduce((total, one) => total + one, 0))),
    commits,
    problems: problems.all,
  }
}

/** Offsets start at 0 and leave none out: nothing is deleted or compacted in these topics. */
function collectLogs(readBack: readonly string[], problems: Problems): Map<string, Log> {
  const logs = new Map<string, string[]>()
  for (const text of readBack) {
    for (const line of splitLines(text)) {
      const [topic, partition, offset, key = ''] = line.split(' ')
      const place = `${topic} ${partition}`
      let log = logs.get(place)
      if (log === undefined) {
        log = []
        logs.set(place, log)
      }
      if (Number(offset) !== log.length) problems.add(`read back at ${log.length}`, line)
      while (log.length < Number(offset)) log.push(nothingThere)
      log.push(key)
    }
  }
  return logs
}

/** Each writer's numbers stand in the log as 0, 1, 2…: none twice, none left out, none out of order. */
function checkOrder(place: string, log: Log, written: Map<string, number>, problems: Problems): void {
  for (const [offset, key] of log.entries()) {
    if (key === nothingThere) continue
    const [writer, number] = key.split(':')
    const slot = `${place} ${writer}`
    const expected = written.get(slot) ?? 0
    if (Number(number) < expected) problems.add('twice or out of order', `${place} ${offset} ${key}`)
    else if (Number(number) > expected) problems.add('left out', `${place} ${offset} ${key}: not ${expected}`)
    written.set(slot, Number(number) + 1)
  }
}

/** What a member got is what is there at the end, without a gap since it resumed. */
async function checkMember(
  file: string,
  logs: ReadonlyMap<string, Log>,
  delivered: ReadonlyMap<string, Uint8Array>,
  statements: Map<string, Statement[]>,
  problems: Problems,
): Promise<void> {
  const next = new Map<string, number>()
  for await (const words of linesOf(file)) {
    const [kind] = words
    if (kind === 'got') {
      const [, topic, partition, offsetText, key] = words
      const place = `${topic} ${partition}`
      const offset = Number(offsetText)
      if (offset !== next.get(place)) problems.add(`delivered instead of ${next.get(place)}`, words.join(' '))
      next.set(place, offset + 1)
      if (logs.get(place)?.[offset] !== key) problems.add('delivered, and changed since', words.join(' '))
      delivered.get(place)?.fill(1, offset, offset + 1)
    } else if (kind === 'committed' || kind === 'resumed') {
      const { place, offset } = state(words, statements)
      if (kind === 'resumed') next.set(place, Math.max(offset, 0))
    } else problems.add('a member has trouble', words.join(' '))
  }
}

async function collectObservations(
  file: string,
  statements: Map<string, Statement[]>,
  problems: Problems,
): Promise<void> {
  const committed = new Map<string, number>()
  for await (const words of linesOf(file)) {
    const [kind, topic, partition, offset] = words
    if (kind === 'resumed') {
      const statement = state(words, statements)
      committed.set(statement.place, statement.offset)
    } else if (kind === 'end') {
      const place = `${topic} ${partition}`
      if ((committed.get(place) ?? 0) > Number(offset)) {
        problems.add('committed beyond the end', `${place} ${committed.get(place)} of ${offset}`)
      }
    } else problems.add('the observer has trouble', words.join(' '))
  }
}

function state(words: readonly string[], statements: Map<string, Statement[]>): { place: string; offset: number } {
  const [, begun, ended, topic, partition, offsetText] = words
  const place = `${topic} ${partition}`
  const offset = Number(offsetText)
  const made = statements.get(place) ?? []
  made.push({ begunUs: Number(begun), endedUs: Number(ended), offset, line: words.join(' ') })
  statements.set(place, made)
  return { place, offset }
}

/** Whoever asks, or commits, after something was said to be committed, finds no less. */
function checkNeverBack(made: readonly Statement[], problems: Problems): void {
  const byBegin = made.toSorted((a, b) => a.begunUs - b.begunUs)
  const byEnd = made.toSorted((a, b) => a.endedUs - b.endedUs)
  let highest: Statement | null = null
  let ended = 0
  for (const statement of byBegin) {
    for (let next = byEnd[ended]; next !== undefined && next.endedUs <= statement.begunUs; next = byEnd[++ended]) {
      if (highest === null || next.offset > highest.offset) highest = next
    }
    if (highest !== null && statement.offset < highest.offset) {
      problems.add('committed offset went back', `${statement.line} after ${highest.line}`)
    }
  }
}

async function* linesOf(file: string): AsyncGenerator<string[]> {
  for (const line of splitLines(await readFile(file, 'utf8'))) yield line.split(' ')
}

function* splitLines(text: string): Generator<string> {
  let from = 0
  for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
    yield text.slice(from, to)
    from = to + 1
  }
}

function sum(numbers: Iterable<number>): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}
