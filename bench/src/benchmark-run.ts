import type { LoadGenerator } from './load-generator.ts'
import type { Measurements } from './measurements.ts'
import type { Progress } from './progress.ts'

/** What every part of the benchmark works with. */
export interface BenchmarkRun {
  readonly generator: LoadGenerator
  readonly measurements: Measurements
  readonly progress: Progress
}
