import { EXIT_FAILED } from '../output/failure.ts'

/** Resolves at the first request to stop; a second one ends the process at once, as a person who asks twice expects. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    let asked = false
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(EXIT_FAILED)
        asked = true
        resolve(signal)
      })
    }
  })
}
