/** `npm run simulate`: see the usage below. */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import type { Outcome } from './history.ts'
import { applyMutation } from './mutations/apply-mutation.ts'
import { mutations } from './mutations/mutations.ts'
import { drawPlan } from './plan.ts'
import { type Replay, replayCommand } from './replay.ts'
import { shrink } from './shrink.ts'
import { WorkerPool } from './worker-pool.ts'

const usage = `npm run simulate -- [OPTIONS]
  (nothing)             runs on, seed after seed, until one fails
  --seed N              one seed, with all that happens (--quiet: only how it ends)
  --seeds A..B          many seeds, over all cores
  --mutations           every deliberate fault must be found; or the ones that are named behind it
  --mutation NAME       with that fault of the code (with --seed, --seeds)
  --intensity X         faults: 1 is usual, 2 is twice as many
  --duration MS         virtual time until all heals
  --only I,J|none       of the faults of a seed only these
  --workers N           processes
  --no-shrink           a seed that fails is not made smaller
  --keep-going          says which seeds fail, and goes on`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    quiet: { type: 'boolean', default: false },
    mutations: { type: 'boolean', default: false },
    mutation: { type: 'string' },
    intensity: { type: 'string', default: '1' },
    duration: { type: 'string' },
    only: { type: 'string' },
    workers: { type: 'string', default: String(availableParallelism()) },
    'no-shrink': { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const shrinkRunsMax = 60
const mutationSeedsMax = 25
/** Short and thick: many small histories find more than a few long ones. */
const mutationDial = { intensity: 2, durationMs: 20_000 }
const workers = numberOf('workers', values.workers, { isWhole: true, min: 1 })

if (values.help) console.log(usage)
else if (values.seed !== undefined) await replay(replayOf(seedOf(values.seed)))
else if (values.mutations) await findMutations(positionals)
else if (values.seeds !== undefined) {
  const [first = '', last = first] = values.seeds.split('..')
  await runMany(numberOf('seeds', first, { isWhole: true }), numberOf('seeds', last, { isWhole: true }))
} else {
  // Another beginning each time: what was run yesterday need not be run again.
  await runMany(Math.floor(Date.now() / 1000) % 1_000_000_000, Number.POSITIVE_INFINITY)
}

function replayOf(seed: number | string): Replay {
  const { duration, only, mutation } = values
  return {
    seed,
    intensity: numberOf('intensity', values.intensity),
    ...(duration === undefined ? {} : { durationMs: numberOf('duration', duration) }),
    ...(only === undefined
      ? {}
      : { only: only === 'none' ? [] : only.split(',').map(index => numberOf('only', index, { isWhole: true })) }),
    ...(mutation === undefined ? {} : { mutation }),
  }
}

/** Ends the process where it is none. */
function numberOf(option: string, text: string, { isWhole = false, min = 0 } = {}): number {
  const hasForm = (isWhole ? /^\d+$/ : /^\d+(\.\d+)?$/).test(text)
  if (hasForm && Number(text) >= min) return Number(text)
  console.error(`--${option}: "${text}" is not a ${isWhole ? 'whole ' : ''}number of ${min} or more`)
  process.exit(2)
}

function seedOf(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text
}

/** In this process, and aloud. */
async function replay(one: Replay): Promise<void> {
  if (one.mutation !== undefined) applyMutation(one.mutation)
  const { runHistory } = await import('./history.ts')
  const plan = drawPlan(one.seed, one)
  const onLine = values.quiet ? {} : { onLine: (line: string) => console.log(line) }
  if (!values.quiet) console.log(JSON.stringify({ ...plan, faults: plan.faults.length }, null, 2))
  const outcome = await runHistory({ plan, ...onLine })
  console.log(describe(outcome))
  if (outcome.failure !== null) process.exitCode = 1
}

async function runMany(first: number, last: number): Promise<void> {
  const pool = new WorkerPool(workers)
  const total = { seeds: 0, virtualMs: 0, events: 0, faults: 0, acknowledged: 0 }
  const startedMs = Date.now()
  let failed: { one: Replay; outcome: Outcome } | null = null
  let next = first
  const report = () => {
    const { seeds, virtualMs, events, faults, acknowledged } = total
    const hours = (virtualMs / 3_600_000).toFixed(2)
    const seconds = Math.round((Date.now() - startedMs) / 1000)
    console.log(
      `${seeds} seeds in ${seconds} s: ${hours} virtual hours, ${events} events, ${faults} faults, ${acknowledged} records acknowledged`,
    )
  }
  const work = async () => {
    while (failed === null && next <= last) {
      const one = replayOf(next++)
      const outcome = await pool.run(one)
      total.seeds++
      total.virtualMs += outcome.virtualMs
      total.events += outcome.events
      total.faults += outcome.faults
      total.acknowledged += outcome.acknowledged
      if (outcome.failure !== null && values['keep-going']) {
        process.exitCode = 1
        console.log(`${describe(outcome)}\nreplay it with: ${replayCommand(one)}`)
      } else if (outcome.failure !== null) failed ??= { one, outcome }
      else if (total.seeds % 20 === 0) report()
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  report()
  if (failed !== null) await reportFailure(pool, failed)
  pool.close()
}

async function reportFailure(pool: WorkerPool, failed: { one: Replay; outcome: Outcome }): Promise<void> {
  const { one, outcome } = failed
  process.exitCode = 1
  console.log(`\n${describe(outcome)}\nreplay it with: ${replayCommand(one)}`)
  if (values['no-shrink']) return
  console.log('looking for a shorter history that fails in the same way …')
  const smaller = await shrink(one, outcome, { run: replay => pool.run(replay), runsMax: shrinkRunsMax })
  const { faults, durationMs } = drawPlan(smaller.seed, smaller)
  console.log(`${faults.length} faults in ${durationMs} ms: ${replayCommand(smaller)}`)
}

/** Each mutation has so many seeds to show itself. */
async function findMutations(names: readonly string[]): Promise<void> {
  const wanted = mutations.filter(({ name }) => names.length === 0 || names.includes(name))
  const pool = new WorkerPool(workers)
  const missed: string[] = []
  const queue = wanted.values()
  const work = async () => {
    for (const { name, shownBy } of queue) {
      let found: Outcome | null = null
      const seeds = Array.from({ length: mutationSeedsMax }, (_, at) => ({ seed: at + 1, ...mutationDial }))
      for (const one of shownBy === undefined ? seeds : [shownBy, ...seeds]) {
        const outcome = await pool.run({ ...one, mutation: name })
        if (outcome.failure === null) continue
        found = outcome
        break
      }
      if (found === null) missed.push(name)
      const how =
        found === null ? `NOT FOUND in ${mutationSeedsMax} seeds` : `seed ${found.seed}: ${found.failure?.text}`
      console.log(`${name.padEnd(45)} ${how.slice(0, 160)}`)
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  pool.close()
  console.log(`${wanted.length - missed.length} of ${wanted.length} deliberate faults found`)
  if (missed.length > 0) process.exitCode = 1
}

function describe({ seed, traceHash, virtualMs, events, faults, acknowledged, generations, failure }: Outcome): string {
  const what = `${(virtualMs / 1000).toFixed(1)} s, ${events} events, ${faults} faults, ${acknowledged} records acknowledged, ${generations} generations, trace ${traceHash}`
  return `seed ${seed}: ${what}\n${failure === null ? 'all held' : `FAILED: ${failure.text}`}`
}
