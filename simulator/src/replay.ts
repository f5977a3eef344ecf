import type { Dial } from './plan.ts'

/** One history to be run: all that makes it what it is. */
export interface Replay extends Dial {
  readonly seed: number | string
  /** A deliberate fault of the code, by name: see mutations/. */
  readonly mutation?: string
}

/** What to type to see it again. */
export function replayCommand({ seed, intensity, durationMs, only, mutation }: Replay): string {
  const options = [
    `--seed ${seed}`,
    ...(intensity === 1 ? [] : [`--intensity ${intensity}`]),
    ...(durationMs === undefined ? [] : [`--duration ${durationMs}`]),
    ...(only === undefined ? [] : [`--only ${only.length === 0 ? 'none' : only.join(',')}`]),
    ...(mutation === undefined ? [] : [`--mutation ${mutation}`]),
  ]
  return `npm run simulate -- ${options.join(' ')}`
}
