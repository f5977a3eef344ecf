/** All that was measured: by what, of whom, once a round. */
import type { ContestantName } from './contestants.ts'
import { median } from './median.ts'

export interface Metric {
  readonly name: string
  readonly unit: string
  readonly decimals: number
  /** What Odradek has to reach; none for what is only recorded. */
  readonly bar?: Bar
}

export interface Bar {
  /** A ratio to Kafka's median. */
  readonly ofKafka?: number
  /** A ratio to the bare loop's median. */
  readonly ofBareLoop?: number
  readonly absolute?: number
  /** At least (throughput) or at most (time, memory). */
  readonly direction: 'at least' | 'at most'
}

export class Measurements {
  readonly #values = new Map<Metric, Map<ContestantName, number[]>>()

  add(metric: Metric, who: ContestantName, value: number): void {
    const ofMetric = this.#values.get(metric) ?? new Map<ContestantName, number[]>()
    this.#values.set(metric, ofMetric)
    const values = ofMetric.get(who) ?? []
    ofMetric.set(who, values)
    values.push(value)
  }

  get metrics(): Metric[] {
    return [...this.#values.keys()]
  }

  all(metric: Metric, who: ContestantName): readonly number[] {
    return this.#values.get(metric)?.get(who) ?? []
  }

  /** NaN where nothing was measured. */
  median(metric: Metric, who: ContestantName): number {
    return median(this.all(metric, who))
  }
}
