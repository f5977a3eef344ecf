/** Compares two normalised answers field by field, but for what may differ. */
import { type AllowedDifference, allowedDifferences } from './allowed-differences.ts'
import type { Outcome } from './play.ts'

export interface Difference {
  /** Number of the request in its sequence. */
  readonly request: number
  readonly api: string
  readonly version: number
  /** Where in the answer: `topics[0].partitions[1].errorCode`. */
  readonly path: string
  readonly left: unknown
  readonly right: unknown
}

/** How often each allowed difference was made use of: one that never is can go. */
export type AllowanceCounts = Map<AllowedDifference, number>

export function compareAnswers(
  outcomes: readonly Outcome[],
  left: readonly unknown[],
  right: readonly unknown[],
  allowances: AllowanceCounts,
): Difference[] {
  return outcomes.flatMap(({ step, body }, request) => {
    const found: Difference[] = []
    differ('', left[request], right[request], (path, leftValue, rightValue) => {
      const difference = { request, api: step.api, version: step.version, path, left: leftValue, right: rightValue }
      const allowed = allowedDifferences.find(allowance => isAllowed(allowance, difference, body))
      if (allowed === undefined) found.push(difference)
      else allowances.set(allowed, (allowances.get(allowed) ?? 0) + 1)
    })
    return found
  })
}

function isAllowed(allowance: AllowedDifference, difference: Difference, body: unknown): boolean {
  if (allowance.api !== difference.api || !allowance.path.test(difference.path)) return false
  return allowance.only?.({ ...difference, body }) ?? true
}

type Report = (path: string, left: unknown, right: unknown) => void

function differ(path: string, left: unknown, right: unknown, report: Report): void {
  if (Array.isArray(left) && Array.isArray(right) && left.length === right.length) {
    for (const [index, value] of left.entries()) differ(`${path}[${index}]`, value, right[index], report)
    return
  }
  if (isRecord(left) && isRecord(right)) {
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      differ(path === '' ? key : `${path}.${key}`, left[key], right[key], report)
    }
    return
  }
  if (JSON.stringify(left) !== JSON.stringify(right)) report(path, left, right)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
