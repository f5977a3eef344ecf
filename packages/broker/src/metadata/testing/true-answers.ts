/** A workload for a shared store, and the check that every answer that it got was true, whatever happened meanwhile. */
import assert from 'node:assert/strict'
import { type MetadataStore, type StoreChangeSet, StoreUnreachableError } from '../metadata-store.ts'
import { put } from '../metadata-store-contract.ts'

/** A value that a client wanted to write, on what it had read. */
export interface Attempt {
  readonly value: string
  readonly readValue: string | undefined
  readonly outcome: 'committed' | 'conflict' | 'unknown'
}

/** Writes a key that others write too, and one of its own, on what it has just read, until it is told to stop. */
export async function write(
  store: MetadataStore,
  { name, attempts, isOver }: { name: string; attempts: Attempt[]; isOver: (step: number) => boolean },
): Promise<void> {
  for (let step = 0; !isOver(step); step++) {
    const value = `${name} ${step}`
    const read = await store.read().catch(unreachable)
    if (read === 'unknown') continue
    const entry = read.entries.find(({ key }) => key === 'shared')
    const outcome = await store
      .commit(new Map([['shared', entry?.revision ?? 0]]), [put('shared', value), put(name, value)])
      .catch(unreachable)
    attempts.push({ value, readValue: entry?.value, outcome: outcome === 'unknown' ? outcome : outcome.kind })
  }
}

/** Each value was written at most once, on the very value that was read before; no answer says otherwise. */
export function checkAnswers(history: readonly StoreChangeSet[], attempts: readonly Attempt[]): void {
  const written = history.flatMap(({ changes }) => changes.filter(({ key }) => key === 'shared').map(set => set.value))
  assert.equal(new Set(written).size, written.length, 'a commit happened twice')
  for (const { value, readValue, outcome } of attempts) {
    const at = written.indexOf(value)
    if (outcome !== 'unknown') assert.equal(at >= 0, outcome === 'committed', `${value} ${outcome}`)
    if (at >= 0) assert.equal(written[at - 1], readValue, `${value} was not written on what was read`)
  }
}

function unreachable(error: unknown): 'unknown' {
  assert.ok(error instanceof StoreUnreachableError, String(error))
  return 'unknown'
}
