/** As many as the store has under way at once (etcd/commit-lanes.ts): a part waits for the disks of the store, not for the other parts. */
const partsAtOnce = 8

/**
 * Works through what is too much for one commit: parts of at most `length` items, several at a time, since each is right by
 * itself. The answers are in the order of the parts. After a failure no part is begun any more, and when those that were have ended,
 * the first failure is thrown.
 */
export async function inParts<I, R>(
  items: readonly I[],
  length: number,
  work: (part: readonly I[]) => Promise<R>,
): Promise<R[]> {
  const answers: R[] = []
  const failures: unknown[] = []
  let next = 0
  const workOn = async (): Promise<void> => {
    while (next * length < items.length && failures.length === 0) {
      const at = next++
      try {
        answers[at] = await work(items.slice(at * length, (at + 1) * length))
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: partsAtOnce }, workOn))
  if (failures.length > 0) throw failures[0]
  return answers
}
