import { type Outcome, refusal } from './decision.ts'

const nameLengthMax = 249

/** What is wrong with a topic's name, in Kafka's sentence; null when nothing is. */
export function invalidTopicName(name: string): string | null {
  const problem = findProblem(name)
  return problem === null ? null : `Topic name is invalid: ${problem}`
}

export function checkTopicName(name: string): Outcome | null {
  const problem = invalidTopicName(name)
  return problem === null ? null : refusal('INVALID_TOPIC_EXCEPTION', problem)
}

function findProblem(name: string): string | null {
  if (name === '') return 'the empty string is not allowed'
  if (name === '.' || name === '..') return `'${name}' is not allowed`
  if (name.length > nameLengthMax)
    return `the length of '${name}' is longer than the max allowed length ${nameLengthMax}`
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return `'${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`
  }
  return null
}

/** Metrics write '.' as '_', so names that differ in these alone would be one metric: they exclude each other. */
export class CollidingNames {
  readonly #existing: Iterable<string>
  /** Made when it is first asked for: few names have either in them. */
  #byKey: Map<string, string> | null = null

  constructor(existing: Iterable<string>) {
    this.#existing = existing
  }

  /** One that a new topic of this name, which is not among them, would collide with. */
  with(name: string): string | null {
    if (!/[._]/.test(name)) return null
    this.#byKey ??= new Map(Array.from(this.#existing, other => [collisionKey(other), other]))
    return this.#byKey.get(collisionKey(name)) ?? null
  }
}

function collisionKey(name: string): string {
  return name.replaceAll('.', '_')
}
