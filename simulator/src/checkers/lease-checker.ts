/**
 * What brokers believe of their leases.
 *
 * Invariant: a broker whose registration runs out has stopped leading by its own clock before.
 */
import { decodeChange } from '../../../packages/broker/src/metadata/change-encoding.ts'
import type { StoreEntry } from '../../../packages/broker/src/metadata/metadata-store.ts'
import { Violation } from '../verdict.ts'

/** For the moment in which the store lets a lease end, with what stands under it. */
export function checkRunOut(entries: readonly StoreEntry[], epochOf: (brokerId: number) => number): void {
  for (const { key, value, revision } of entries) {
    const change = decodeChange({ key, value })
    if (change?.kind !== 'broker' || epochOf(change.brokerId) !== revision) continue
    throw new Violation(
      'nobody leads without a lease',
      `broker ${change.brokerId} counts on its registration of epoch ${revision}, which ends`,
    )
  }
}
