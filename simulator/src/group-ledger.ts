/**
 * What the members of one group were told.
 *
 * Invariants: in a generation a partition has one owner, and a member one assignment; a committed offset that was
 * acknowledged, or fetched, is what a later fetch gives, or one that was committed after it; offsets never go back.
 */
import { Violation } from './verdict.ts'

export class GroupLedger {
  readonly #group: string
  readonly #isEnd: (place: string, offset: number) => boolean
  readonly #places: readonly string[]
  readonly #owners = new Map<string, string>()
  readonly #assignments = new Map<string, string>()
  readonly #committed = new Map<string, number>()
  readonly #tried = new Map<string, Set<number>>()
  #lastGeneration = -1

  constructor(options: {
    group: string
    places: readonly string[]
    /** Whether there is nothing more to read behind it. */
    isEnd: (place: string, offset: number) => boolean
  }) {
    this.#group = options.group
    this.#places = options.places
    this.#isEnd = options.isEnd
  }

  get generations(): number {
    return this.#lastGeneration
  }

  /** Everything was read, and committed. */
  isFinished(): boolean {
    return this.#places.every(place => this.#isEnd(place, this.#committed.get(place) ?? 0))
  }

  assigned({ generation, member, places }: { generation: number; member: string; places: readonly string[] }): void {
    this.#lastGeneration = Math.max(this.#lastGeneration, generation)
    const own = `${generation} ${member}`
    const assignment = places.join(' ')
    const before = this.#assignments.get(own)
    if (before !== undefined && before !== assignment) {
      throw new Violation('groups', `${this.#group}: generation ${own} was assigned ${before}, then ${assignment}`)
    }
    this.#assignments.set(own, assignment)
    for (const place of places) {
      const key = `${generation} ${place}`
      const owner = this.#owners.get(key)
      if (owner !== undefined && owner !== member) {
        throw new Violation('groups', `${this.#group}: ${place} has two owners in generation ${generation}`)
      }
      this.#owners.set(key, member)
    }
  }

  commits(place: string, offset: number): void {
    const tried = this.#tried.get(place) ?? new Set()
    this.#tried.set(place, tried.add(offset))
  }

  committed(place: string, offset: number): void {
    this.#committed.set(place, Math.max(offset, this.#committed.get(place) ?? -1))
  }

  /** What a fetch that begins now must not fall behind. */
  beforeFetch(place: string): number {
    return this.#committed.get(place) ?? -1
  }

  fetched(place: string, offset: number, before: number): void {
    if (offset < before) {
      throw new Violation('group offsets', `${this.#group}: ${place} is at ${offset}, after ${before} was committed`)
    }
    if (offset >= 0 && !this.#tried.get(place)?.has(offset)) {
      throw new Violation('group offsets', `${this.#group}: ${place} is at ${offset}, which nobody committed`)
    }
    // Of a commit whose answer was lost this is the acknowledgement.
    if (offset >= 0) this.committed(place, offset)
  }
}
