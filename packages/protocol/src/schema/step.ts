import type { SourceCode } from './source-code.ts'

/** One piece of generated code that deals with the bytes behind its predecessor's. */
export interface Step {
  /** Bytes that must be there, or be free, before it. */
  readonly bytes: number
  /** Whether these are all that it deals with: then it leaves moving `at` to others. */
  readonly fixed: boolean
  /** Writes the code; `at` is the expression of its place. */
  emit(at: string): void
}

/**
 * Writes the code of steps, with one check for each run of them: those of fixed size in a row, and the first bytes of the one
 * behind them.
 */
export function emitSteps(code: SourceCode, steps: readonly Step[], check: (bytes: number) => void): void {
  let run: Step[] = []
  for (const [i, step] of steps.entries()) {
    run.push(step)
    if (step.fixed && i < steps.length - 1) continue
    check(run.reduce((bytes, step) => bytes + step.bytes, 0))
    emitRun(code, run)
    run = []
  }
}

function emitRun(code: SourceCode, run: readonly Step[]): void {
  let offset = 0
  for (const step of run) {
    if (step.fixed) {
      step.emit(offset === 0 ? 'at' : `at + ${offset}`)
      offset += step.bytes
    } else {
      if (offset > 0) code.line(`at += ${offset}`)
      offset = 0
      step.emit('at')
    }
  }
  if (offset > 0) code.line(`at += ${offset}`)
}
