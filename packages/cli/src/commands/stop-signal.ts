import { EXIT_FAILED } from '../output/failure.ts'

/**
 * Resolves at the first request to stop; a second one ends the process at once, as a person who asks twice expects. For a
 * process that another one supervises, the end of that one is such a request.
 */
export function stopSignal(): Promise<NodeJS.Signals | 'disconnect'> {
  return new Promise(resolve => {
    let asked = false
    if (process.send !== undefined) {
      process.once('disconnect', () => resolve('disconnect'))
      process.channel?.unref()
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(EXIT_FAILED)
        asked = true
        resolve(signal)
      })
    }
  })
}
