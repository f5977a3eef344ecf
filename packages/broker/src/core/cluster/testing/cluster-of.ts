import type { ClusterChange } from '../cluster-change.ts'
import { type ClusterImage, emptyImage } from '../cluster-image.ts'
import { foldChanges } from '../fold-changes.ts'

/** A cluster of live brokers, in racks where they are given, for tests. */
export function clusterOf(
  brokers: readonly { readonly id: number; readonly rack?: string; readonly fenced?: boolean }[],
  changes: readonly ClusterChange[] = [],
): ClusterImage {
  const registrations = brokers.map(({ id: brokerId, rack = null, fenced = false }): ClusterChange => {
    return { kind: fenced ? 'known-broker' : 'broker', brokerId, value: { rack, endpoints: [] } }
  })
  const founded: ClusterChange = { kind: 'controller', value: { brokerId: brokers[0]?.id ?? -1 } }
  return foldChanges(emptyImage, { revision: 1, changes: [founded, ...registrations, ...changes] })
}

/** After a decision. */
export function withChanges(image: ClusterImage, changes: readonly ClusterChange[]): ClusterImage {
  return foldChanges(image, { revision: image.revision + 1, changes })
}
