/** What a run found, for people. */
import type { Difference } from './compare.ts'
import type { Outcome } from './play.ts'
import type { Failure, RunResult } from './run.ts'

export function describeRun({ played, requests, coverage, unsteady, allowances }: RunResult): string {
  const lines = [`${played} sequences, ${requests} requests, ${coverage.size} APIs`]
  for (const [api, versions] of [...coverage].sort()) {
    lines.push(`  ${api}: versions ${[...versions].sort((one, other) => one - other).join(' ')}`)
  }
  if (unsteady.length > 0) {
    lines.push(`${unsteady.length} seeds differed once and not again (timing):`)
    for (const { seed, differences } of unsteady) lines.push(`  seed ${seed}: ${describeDifference(differences[0])}`)
  }
  for (const [allowance, count] of allowances) {
    lines.push(`allowed ${count} times: ${allowance.api} ${allowance.path.source}: ${allowance.reason}`)
  }
  return lines.join('\n')
}

export function describeFailure({ seed, outcomes, differences }: Failure): string {
  const lines = [`seed ${seed} differs; play it again: npm run differential -- --seed ${seed} --sequences 1`]
  for (const [number, outcome] of outcomes.entries()) {
    lines.push(`  ${number}. ${describeOutcome(outcome)}`)
    for (const difference of differences) {
      if (difference.request === number) lines.push(`     ≠ ${describeDifference(difference)}`)
    }
  }
  return lines.join('\n')
}

function describeOutcome({ step, body, answer }: Outcome): string {
  return `${step.api} v${step.version} ${brief(body)}\n     → ${brief(answer)}`
}

function describeDifference(difference: Difference | undefined): string {
  if (difference === undefined) return 'nothing'
  const { api, version, path, left, right } = difference
  return `${api} v${version} ${path || '(answer)'}: left ${brief(left)}, right ${brief(right)}`
}

function brief(value: unknown): string {
  const text = JSON.stringify(value, (_, inner) => {
    if (inner?.type !== 'Buffer') return inner
    const bytes = Buffer.from(inner.data)
    return `${bytes.length} bytes ${bytes.subarray(0, 61).toString('hex')}`
  })
  return text.length > 1_500 ? `${text.slice(0, 1_500)}…` : text
}
