/** Compares what the tools said on both brokers. */
import { type AllowedDifference, allowedDifferences } from './expected-differences.ts'
import { type NormalOutput, normalise } from './normal-output.ts'
import type { Played } from './play.ts'
import type { Step } from './script.ts'

export interface Comparison {
  readonly step: Step
  readonly kafka: NormalOutput
  readonly odradek: NormalOutput
  readonly verdict: 'same' | 'allowed' | 'different'
  readonly allowedBy: readonly AllowedDifference[]
}

export function comparePlayed(kafka: Played, odradek: Played): Comparison[] {
  return kafka.results.map((left, index) => {
    const right = odradek.results[index]
    if (right?.step !== left.step) throw new Error('the two sides did not play the same steps')
    return compare(left.step, normalise(left, kafka.variables), normalise(right, odradek.variables))
  })
}

function compare(step: Step, kafka: NormalOutput, odradek: NormalOutput): Comparison {
  if (isSame(kafka, odradek)) return { step, kafka, odradek, verdict: 'same', allowedBy: [] }
  const allowedBy: AllowedDifference[] = []
  let [left, right] = [kafka, odradek]
  for (const difference of allowedDifferences) {
    if (!difference.command.test(step.text)) continue
    const [nextLeft, nextRight] = [rewrite(left, difference), rewrite(right, difference)]
    if (isSame(nextLeft, left) && isSame(nextRight, right)) continue
    ;[left, right] = [nextLeft, nextRight]
    allowedBy.push(difference)
    if (isSame(left, right)) return { step, kafka, odradek, verdict: 'allowed', allowedBy }
  }
  return { step, kafka: left, odradek: right, verdict: 'different', allowedBy }
}

function rewrite({ status, stdout, stderr }: NormalOutput, difference: AllowedDifference): NormalOutput {
  return { status, stdout: difference.rewrite(stdout), stderr: difference.rewrite(stderr) }
}

function isSame(left: NormalOutput, right: NormalOutput): boolean {
  return left.status === right.status && left.stdout === right.stdout && left.stderr === right.stderr
}

/** The command, and the lines in which the two differ, each with a few before it. */
export function explain({ step, kafka, odradek }: Comparison): string {
  const parts = [`line ${step.line}: ${step.text}`]
  if (kafka.status !== odradek.status) {
    parts.push(`  exit code: Kafka ${kafka.status ?? 'none in time'}, Odradek ${odradek.status ?? 'none in time'}`)
  }
  for (const stream of ['stdout', 'stderr'] as const) {
    if (kafka[stream] === odradek[stream]) continue
    parts.push(`  ${stream} (- Kafka, + Odradek):`, ...lineDifference(kafka[stream], odradek[stream]))
  }
  return parts.join('\n')
}

/** By the longest common subsequence; outputs are a few hundred lines at most. */
function lineDifference(left: string, right: string): string[] {
  const [a, b] = [left.split('\n'), right.split('\n')]
  const width = b.length + 1
  const common = new Uint32Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const skip = Math.max(common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0)
      common[i * width + j] = a[i] === b[j] ? (common[(i + 1) * width + j + 1] ?? 0) + 1 : skip
    }
  }
  const lines: string[] = []
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i++
      j++
    } else if (
      i < a.length &&
      (j === b.length || (common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0))
    ) {
      lines.push(`    - ${a[i++]}`)
    } else {
      lines.push(`    + ${b[j++]}`)
    }
  }
  return lines
}
