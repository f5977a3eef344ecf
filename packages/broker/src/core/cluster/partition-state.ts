import type { PartitionState, TopicDefinition } from './cluster-change.ts'
import type { PartitionImage } from './cluster-image.ts'

const nobody: readonly number[] = []

/** A stored state with all that it left out. */
export function partitionImage(state: PartitionState): PartitionImage {
  return {
    leader: state.leader,
    leaderEpoch: state.leaderEpoch,
    partitionEpoch: state.partitionEpoch,
    replicas: state.replicas,
    isr: state.isr,
    elr: state.elr ?? nobody,
    lastKnownElr: state.lastKnownElr ?? nobody,
    addingReplicas: state.addingReplicas ?? nobody,
    removingReplicas: state.removingReplicas ?? nobody,
    leaderRecoveryState: state.leaderRecoveryState ?? 'recovered',
  }
}

/** What is stored of a partition: nothing that goes without saying. */
export function partitionState(partition: PartitionImage): PartitionState {
  const { leader, leaderEpoch, partitionEpoch, replicas, isr, elr, lastKnownElr } = partition
  const { addingReplicas, removingReplicas, leaderRecoveryState } = partition
  return {
    leader,
    leaderEpoch,
    partitionEpoch,
    replicas,
    isr,
    ...(elr.length > 0 && { elr }),
    ...(lastKnownElr.length > 0 && { lastKnownElr }),
    ...(addingReplicas.length > 0 && { addingReplicas }),
    ...(removingReplicas.length > 0 && { removingReplicas }),
    ...(leaderRecoveryState === 'recovering' && { leaderRecoveryState }),
  }
}

/** A partition as its topic was created with. */
export function bornPartition(born: TopicDefinition['partitions'][number]): PartitionImage {
  return partitionImage({ ...born, leaderEpoch: 0, partitionEpoch: 0 })
}
