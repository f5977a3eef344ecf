/** What the parts of the benchmark of three brokers work with. */
import type { BenchmarkRun } from './benchmark-run.ts'

export type ClusterName = 'kafka' | 'odradek'

export interface ClusterSizes {
  readonly rounds: number
  readonly warmUp: Readonly<Record<ClusterName, number>>
  readonly messages: number
  readonly roundTrips: number
  /** Of a kilobyte, that a replica has to catch up with. */
  readonly missedMessages: number
  /** While it does: they should not last longer than that. */
  readonly roundTripsMeanwhile: number
  /** On all three brokers, in ten topics. */
  readonly partitions: number
}

export interface ClusterRun extends BenchmarkRun {
  readonly sizes: ClusterSizes
}
