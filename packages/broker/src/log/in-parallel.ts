/** Runs the tasks, so many at a time. Rejects with the first error, and begins none behind it. */
export async function inParallel(tasks: readonly (() => Promise<void>)[], limit: number): Promise<void> {
  const queue = tasks.values()
  const worker = async () => {
    for (const task of queue) await task()
  }
  await Promise.all(Array.from({ length: limit }, worker))
}
