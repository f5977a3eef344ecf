/** Compares what the tools said on both brokers. */
import type { AllowedDifference } from './expected-differences.ts'
import { type NormalOutput, normalise } from './normal-output.ts'
import type { StepResult } from './play.ts'
import type { Step } from './script.ts'

export interface Comparison {
  readonly step: Step
  readonly kafka: NormalOutput
  readonly odradek: NormalOutput
  readonly verdict: 'same' | 'allowed' | 'different'
  readonly allowedBy: readonly AllowedDifference[]
  readonly tookMs: { readonly kafka: number; readonly odradek: number }
}

export interface SaidOn {
  readonly result: StepResult
  readonly variables: ReadonlyMap<string, string>
}

export function compareResults({
  kafka,
  odradek,
  allowed,
}: {
  readonly kafka: SaidOn
  readonly odradek: SaidOn
  readonly allowed: readonly AllowedDifference[]
}): Comparison {
  const { step } = kafka.result
  const outputs = {
    kafka: normalise(kafka.result, kafka.variables),
    odradek: normalise(odradek.result, odradek.variables),
  }
  const tookMs = { kafka: kafka.result.tookMs, odradek: odradek.result.tookMs }
  return { step, tookMs, ...judge(step, outputs, allowed) }
}

interface Outputs {
  readonly kafka: NormalOutput
  readonly odradek: NormalOutput
}

/** Applies the allowed differences one after the other until the outputs are equal; what is left then, is not allowed. */
function judge(
  step: Step,
  outputs: Outputs,
  allowed: readonly AllowedDifference[],
): Outputs & Pick<Comparison, 'verdict' | 'allowedBy'> {
  if (isSame(outputs.kafka, outputs.odradek)) return { ...outputs, verdict: 'same', allowedBy: [] }
  const allowedBy: AllowedDifference[] = []
  let { kafka, odradek } = outputs
  for (const difference of allowed) {
    if (!difference.command.test(step.text)) continue
    if ('odradekSays' in difference) {
      if (!difference.odradekSays.test(`${odradek.stdout}${odradek.stderr}`)) continue
      return { ...outputs, verdict: 'allowed', allowedBy: [...allowedBy, difference] }
    }
    const nextKafka = rewrite(kafka, difference.rewrite)
    const nextOdradek = difference.side === 'kafka' ? odradek : rewrite(odradek, difference.rewrite)
    if (isSame(nextKafka, kafka) && isSame(nextOdradek, odradek)) continue
    allowedBy.push(difference)
    if (isSame(nextKafka, nextOdradek)) return { ...outputs, verdict: 'allowed', allowedBy }
    ;[kafka, odradek] = [nextKafka, nextOdradek]
  }
  return { kafka, odradek, verdict: 'different', allowedBy }
}

function rewrite({ status, stdout, stderr }: NormalOutput, change: (output: string) => string): NormalOutput {
  return { status, stdout: change(stdout), stderr: change(stderr) }
}

function isSame(left: NormalOutput, right: NormalOutput): boolean {
  return left.status === right.status && left.stdout === right.stdout && left.stderr === right.stderr
}

/** The command, and the lines in which the two differ. */
export function explain({ step, kafka, odradek }: Pick<Comparison, 'step' | 'kafka' | 'odradek'>): string {
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
