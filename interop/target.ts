/**
 * The broker that a test runs against. `ODRADEK_INTEROP_TARGET=kafka` puts the real Kafka in the place of ours: a test
 * that does not pass there expects something that Kafka does not do.
 */
import type { BrokerProcess } from './broker-process.ts'
import { startOdradek } from './odradek.ts'
import { startRealKafka } from './real-kafka.ts'

export type TargetName = 'odradek' | 'kafka'

export function targetName(): TargetName {
  const name = process.env.ODRADEK_INTEROP_TARGET ?? 'odradek'
  if (name === 'odradek' || name === 'kafka') return name
  throw new Error(`ODRADEK_INTEROP_TARGET is ${name}; it can be odradek (the default) or kafka`)
}

export interface TargetOptions {
  readonly settings?: Readonly<Record<string, string>>
}

/** Starts the target on fresh data and waits until it serves. */
export function startTarget(options?: TargetOptions): Promise<BrokerProcess> {
  return targetName() === 'kafka' ? startRealKafka(options) : startOdradek(options)
}
