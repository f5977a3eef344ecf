import type { MetadataStore } from './metadata-store.ts'

/** No entity of the cluster: the image has no use for it. */
const key = 'node-ids'

/**
 * Ids of nodes in a shared store: a counter that only grows, so that an id which was handed out is never handed out again,
 * whatever became of the node. Ids that people chose move it on, too.
 */
export async function allocateNodeId(store: MetadataStore): Promise<number> {
  for (;;) {
    const { next, expected } = await readCounter(store)
    if (await write(store, next + 1, expected)) return next
  }
}

/** Keeps an id that a person chose, or a data directory has, from being handed out. */
export async function noteNodeId(store: MetadataStore, nodeId: number): Promise<void> {
  for (;;) {
    const { next, expected } = await readCounter(store)
    if (nodeId < next || (await write(store, nodeId + 1, expected))) return
  }
}

interface Counter {
  readonly next: number
  readonly expected: ReadonlyMap<string, number>
}

async function readCounter(store: MetadataStore): Promise<Counter> {
  const { entries } = await store.read()
  const counter = entries.find(entry => entry.key === key)
  if (counter === undefined) return { next: 1, expected: new Map([[key, 0]]) }
  const { next }: { next: number } = JSON.parse(counter.value)
  return { next, expected: new Map([[key, counter.revision]]) }
}

async function write(store: MetadataStore, next: number, expected: ReadonlyMap<string, number>): Promise<boolean> {
  const { kind } = await store.commit(expected, [{ key, value: JSON.stringify({ next }) }])
  return kind === 'committed'
}
