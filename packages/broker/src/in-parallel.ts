/**
 * Does the tasks, at most so many at a time; their answers in order. After a failure none is begun any more, and when those that
 * were have ended, it rejects with the first failure.
 */
export async function inParallel<T>(tasks: readonly (() => Promise<T>)[], limit: number): Promise<T[]> {
  const answers: T[] = []
  const failures: unknown[] = []
  const queue = tasks.entries()
  const worker = async () => {
    for (const [at, task] of queue) {
      try {
        answers[at] = await task()
      } catch (error) {
        failures.push(error)
      }
      if (failures.length > 0) return
    }
  }
  await Promise.all(Array.from({ length: limit }, worker))
  if (failures.length > 0) throw failures[0]
  return answers
}
