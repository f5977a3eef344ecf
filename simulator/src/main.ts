/** `npm run simulate`: see the usage below. */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import type { Outcome } from './history.ts'
import { applyMutation } from './mutations/apply-mutation.ts'
import { type Mutation, mutationNamed, mutations } from './mutations/mutations.ts'
import { type Dial, drawPlan } from './plan.ts'
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
const dial = dialOf(values)

if (values.help) console.log(usage)
else if (values.seed !== undefined) await replay(replayOf(seedOf(values.seed)))
else if (values.mutations) await findMutations(positionals)
else if (values.seeds !== undefined) {
  const [from = '', to = from] = values.seeds.split('..')
  const first = numberOf('seeds', from, { isWhole: true })
  await runMany(first, numberOf('seeds', to, { isWhole: true, min: first }))
} else {
  // Another beginning each time: what was run yesterday need not be run again.
  await runMany(Math.floor(Date.now() / 1000) % 1_000_000_000, Number.POSITIVE_INFINITY)
}

function dialOf({ intensity, duration, only }: { intensity: string; duration?: string; only?: string }): Dial {
  return {
    intensity: numberOf('intensity', intensity),
    ...(duration === undefined ? {} : { durationMs: numberOf('duration', duration) }),
    ...(only === undefined ? {} : { only: only === 'none' ? [] : only.split(',').map(faultIndexOf) }),
  }
}

function faultIndexOf(text: string): number {
  return numberOf('only', text, { isWhole: true })
}

function replayOf(seed: number | string): Replay {
  return { seed, ...dial, ...(values.mutation === undefined ? {} : { mutation: mutationOf(values.mutation).name }) }
}

/** Ends the process where there is none of that name. */
function mutationOf(name: string): Mutation {
  try {
    return mutationNamed(name)
  } catch (error) {
    refuse((error as Error).message)
  }
}

/** Ends the process where it is none. */
function numberOf(option: string, text: string, { isWhole = false, min = 0 } = {}): number {
  const hasForm = (isWhole ? /^\d+$/ : /^\d+(\.\d+)?$/).test(text)
  if (hasForm && Number(text) >= min) return Number(text)
  refuse(`--${option}: "${text}" is not a ${isWhole ? 'whole ' : ''}number of ${min} or more`)
}

function refuse(reason: string): never {
  console.error(reason)
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
  const wanted = names.length === 0 ? mutations : names.map(mutationOf)
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
