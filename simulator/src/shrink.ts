import type { Outcome } from './history.ts'
import { drawPlan } from './plan.ts'
import type { Replay } from './replay.ts'

/**
 * Looks for a shorter history with fewer faults that fails in the same way. Leaving a fault out changes all that comes after
 * it, so this is a search, not a proof: it stops after so many runs.
 */
export async function shrink(
  failed: Replay,
  outcome: Outcome,
  { run, runsMax }: { readonly run: (replay: Replay) => Promise<Outcome>; readonly runsMax: number },
): Promise<Replay> {
  let runs = 0
  let best = failed
  const isSame = async (candidate: Replay): Promise<boolean> => {
    if (runs >= runsMax) return false
    runs++
    const { failure } = await run(candidate)
    if (failure?.invariant !== outcome.failure?.invariant) return false
    best = candidate
    return true
  }
  const plan = drawPlan(failed.seed, failed)
  // What has not happened yet when it fails is not needed; then everything may heal a little before.
  const endMs = Math.min(plan.durationMs, Math.ceil(outcome.virtualMs / 1000) * 1000 + 1000)
  if (endMs < plan.durationMs) await isSame({ ...best, durationMs: endMs })
  let faults = drawPlan(best.seed, best).faults.map(({ index }) => index)
  for (
    let size = Math.ceil(faults.length / 2);
    size >= 1 && runs < runsMax;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let from = 0; from < faults.length; ) {
      const rest = [...faults.slice(0, from), ...faults.slice(from + size)]
      if (await isSame({ ...best, only: rest })) faults = rest
      else from += size
      if (runs >= runsMax) break
    }
  }
  return best
}
