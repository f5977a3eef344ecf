/** A replica as its partition's leader knows it. */
export interface ReplicaView {
  readonly brokerId: number
  readonly rack: string | null
  readonly logEndOffset: number
}

/**
 * KIP-392's rack-aware selection: which replica a consumer in `rack` had better read from: the leader where it is in that rack, else of
 * the replicas there the one that has most. Null: the leader, because there is none. `replicas`: those that are in sync and have
 * what the consumer asks for.
 */
export function nearReplica(
  replicas: readonly ReplicaView[],
  { leaderId, rack }: { readonly leaderId: number; readonly rack: string },
): number | null {
  if (rack === '') return null
  let nearest: ReplicaView | null = null
  for (const replica of replicas) {
    if (replica.rack !== rack) continue
    if (replica.brokerId === leaderId) return null
    if (nearest === null || replica.logEndOffset > nearest.logEndOffset) nearest = replica
  }
  return nearest?.brokerId ?? null
}
