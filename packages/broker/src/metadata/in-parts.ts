import { inParallel } from '../in-parallel.ts'

/** As many as the store has under way at once (etcd/commit-lanes.ts): a part waits for the disks of the store, not for the other parts. */
const partsAtOnce = 8

/** Works through what is too much for one commit: parts of at most `length` items, several at a time, since each is right by itself. */
export function inParts<I, R>(
  items: readonly I[],
  length: number,
  work: (part: readonly I[]) => Promise<R>,
): Promise<R[]> {
  const starts = Array.from({ length: Math.ceil(items.length / length) }, (_, at) => at * length)
  const tasks = starts.map(start => () => work(items.slice(start, start + length)))
  return inParallel(tasks, partsAtOnce)
}
