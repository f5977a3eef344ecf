/** A process of its own that runs histories for `WorkerPool`, one after the other, perhaps with a mutated broker. */
import { applyMutation } from './mutations/apply-mutation.ts'
import type { Replay } from './replay.ts'

const [mutation] = process.argv.slice(2)
if (mutation !== undefined) applyMutation(mutation)
// Only now: the mutation has to be there before the broker's modules are.
const { runHistory } = await import('./history.ts')
const { drawPlan } = await import('./plan.ts')

process.on('message', async (replay: Replay) => {
  process.send?.(await runHistory({ plan: drawPlan(replay.seed, replay) }))
})
process.on('disconnect', () => process.exit())
